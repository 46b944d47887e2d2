"""A field of known stars, doubles and galaxies through the flow: galaxies score as galaxies, doubles do not."""

import numpy as np
import pytest

from processing.errors import SurveyError
from processing.extended.clean import clean
from processing.extended.detection import candidates
from processing.extended.ridge import ridge
from processing.extended.scores import FILE, classifier, scores
from processing.extended.stamps import stamps
from processing.extended.training.scene import field_of
from processing.schema import load_table
from processing.simulate.atlas import simulate_atlas

CENTRE, SIDE = (150.0, 40.0), 260

GALAXIES = np.array([(60, 60, 12.8, 4.0), (200, 70, 13.3, 3.0), (130, 200, 13.0, 6.0)])
"""x, y (pixel), Ks and half-light radius (arcsec)."""

DOUBLES = np.array([(60, 130, 12.5, 2.3), (130, 60, 12.0, 2.0), (200, 200, 13.0, 2.6), (130, 130, 11.5, 1.8)])
"""x, y, Ks of the brighter star and separation (arcsec)."""


def sky(x, y):
    east = -(np.asarray(x) - (SIDE - 1) / 2) / 3600 / np.cos(np.radians(CENTRE[1]))
    return {"ra": CENTRE[0] + east, "dec": CENTRE[1] + (np.asarray(y) - (SIDE - 1) / 2) / 3600}


def magnitudes(ks, jk):
    return {"j": ks + jk, "h": ks + 0.25 * jk, "k": ks}


@pytest.fixture(scope="module")
def scored():
    """Columns of the candidates by place: list of (x, y, columns)."""
    rng = np.random.default_rng(4)
    x, y, ks, apart = DOUBLES.T
    angle = rng.uniform(0, 2 * np.pi, len(x))
    lone = np.array([(a, b) for a in range(20, 260, 40) for b in (25, 95, 165, 240)])
    stars = sky(np.r_[x, x + apart * np.cos(angle), lone[:, 0]], np.r_[y, y + apart * np.sin(angle), lone[:, 1]])
    stars |= magnitudes(np.r_[ks, ks + 0.5, rng.uniform(11, 14, len(lone))], 0.7)
    gx, gy, gk, reff = GALAXIES.T
    galaxies = sky(gx, gy) | magnitudes(gk, 1.1) | {
        "reff": reff, "sersic": np.array([1.0, 2.0, 1.5]), "axis_ratio": np.array([0.5, 0.9, 0.7]),
        "angle": np.array([30.0, 0.0, 120.0])}  # fmt: skip
    cleaned = clean(field_of(simulate_atlas(stars, galaxies, CENTRE, seed=3, shape=(SIDE, SIDE))))
    usual = classifier().usual
    ridges = {letter: ridge(one.band, one.left, usual[letter]) for letter, one in cleaned.bands.items()}
    found = candidates(cleaned)
    return [(one.x, one.y, scores(stamp, ridges)) for one, stamp in zip(found, stamps(cleaned, found))]


def near(scored, x, y, reach=4.0):
    return [columns for cx, cy, columns in scored if np.hypot(cx - x, cy - y) < reach]


def test_every_galaxy_scores_as_one(scored):
    for x, y, *_ in GALAXIES:
        columns, = near(scored, x, y)
        assert 1 <= columns["e_score"] < 1.3 and 1 <= columns["g_score"] < 1.4


def test_no_star_or_double_scores_as_a_galaxy(scored):
    others = [columns for x, y, columns in scored if np.hypot(GALAXIES[:, 0] - x, GALAXIES[:, 1] - y).min() > 6]
    assert all(columns["e_score"] > 1.5 and columns["g_score"] > 1.5 for columns in others)


def test_galaxies_are_off_the_ridge_of_stars_in_their_width(scored):
    for x, y, *_ in GALAXIES:
        columns, = near(scored, x, y)
        assert all(columns[f"{band}_sc_{name}"] > 5 for band in "jhk" for name in ("sh", "msh"))
        assert all(0.5 < columns[f"{band}_sh0"] < 1.5 for band in "jhk")


def test_scores_are_columns_of_the_catalog(scored):
    known = {column.name for column in load_table("xsc").columns}
    assert all(set(columns) <= known and len(columns) == 2 + 3 * 13 for _, _, columns in scored)


def test_trees_that_look_at_other_numbers_are_refused(tmp_path):
    other = tmp_path / "other.json"
    other.write_text(FILE.read_text().replace('"flattening"', '"flatness"'))
    with pytest.raises(SurveyError, match="flatness"):
        classifier(other)
