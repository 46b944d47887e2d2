"""From images to the table: galaxies are in it as they are, stars are not."""

import numpy as np
import pytest
from astropy.io import fits

from processing.bandmerge.field_plane import FieldPlane
from processing.config import survey
from processing.extended.from_images import field_of_images
from processing.extended.measure import STEPS, measure_extended
from processing.extract import extract_field
from processing.formats.atlas_field import read_field
from processing.simulate.atlas import simulate_atlas
from processing.simulate.galaxy_truth import isophotes

CENTRE, SHAPE = (160.0, 50.0), (480, 480)
GALAXIES = {"ra": np.array([160.02, 159.97, 160.05]), "dec": np.array([50.02, 49.97, 49.975]),
            "j": np.array([11.9, 12.9, 13.4]), "h": np.array([11.2, 12.2, 12.7]), "k": np.array([10.9, 11.9, 12.4]),
            "reff": np.array([7.0, 5.0, 4.0]), "sersic": np.array([1.5, 1.0, 3.0]),
            "angle": np.array([20.0, 80.0, 140.0]), "axis_ratio": np.array([0.6, 0.5, 0.9])}  # fmt: skip


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    rng, folder = np.random.default_rng(12), tmp_path_factory.mktemp("field")
    stars = dict(zip(("ra", "dec", "k"), rng.uniform([[159.92], [49.94], [11.5]], [[160.08], [50.06], [15]], (3, 90))))
    stars |= {"h": stars["k"] + 0.1, "j": stars["k"] + 0.6}
    paths = []
    for band, image in simulate_atlas(stars, GALAXIES, CENTRE, "jhk", 31, SHAPE).items():
        paths.append(folder / f"{band}.fits")
        fits.PrimaryHDU(image.data, image.header).writeto(paths[-1])
    return read_field(paths)


@pytest.fixture(scope="module")
def extraction(images):
    return extract_field(images)


def apart(row, ra, dec):
    """Arcsec from a source to a place."""
    return 3600 * np.hypot((row["ra"] - ra) * np.cos(np.radians(dec)), row["dec"] - dec)


def radius_error(radius):
    """Relative, of the K20 radius by the noise of a ring one pixel wide (1.1 DN a pixel, and twice that as neighbours
    are correlated) where the light is 0.9 DN and falls with the power 2.5 of the radius."""
    return 2 * 1.1 / np.sqrt(2 * np.pi * radius) / 0.9 / 2.5


def test_galaxies_have_their_isophotal_and_total_light(extraction):
    """Within three of their errors and what no error knows of: 0.05 mag of an isophote, 0.1 of all light."""
    known, table = isophotes(GALAXIES), extraction.extended.to_pylist()
    for k in range(3):
        away = [apart(row, GALAXIES["ra"][k], GALAXIES["dec"][k]) for row in table]
        row = table[int(np.argmin(away))]
        assert min(away) < 1.5 and row["e_score"] < survey().extended_release.score
        for band in "jhk":
            error, total_error = row[f"{band}_msig_k20fe"], row[f"{band}_msig_ext"]
            assert row[f"{band}_m_k20fe"] == pytest.approx(known[f"{band}_k20"][k], abs=0.05 + 3 * error)
            assert row[f"{band}_m_ext"] == pytest.approx(GALAXIES[band][k], abs=0.1 + 3 * total_error)
        assert row["r_k20fe"] == pytest.approx(known["r_k20"][k], rel=3 * radius_error(known["r_k20"][k]))


def test_no_star_is_listed_as_extended(extraction):
    listed = [row for row in extraction.extended.to_pylist() if row["e_score"] < survey().extended_release.score]
    assert sum((row["k_m_k20fe"] or 99) < 13.5 for row in listed) == 3


def test_steps_are_told_and_the_same_field_gives_the_same_table(images, extraction):
    told = []
    again = measure_extended(field_of_images(images, extraction), FieldPlane(images), "extract", progress=told.append)
    assert tuple(told) == STEPS
    assert again.equals(extraction.extended)
