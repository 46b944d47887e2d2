"""Simulated Atlas Images become a Field with the rows of its point sources, in which the galaxy is found."""

import numpy as np
import pytest
from astropy.io import fits

from processing.extended.clean import clean
from processing.extended.detection import candidates
from processing.extended.from_images import field_of_images
from processing.extract import extract_field
from processing.formats.atlas_field import read_field
from processing.simulate.atlas import simulate_atlas

CENTRE = (150.0, 20.0)


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    """The images of 24 stars and a galaxy of Ks 12.5 (4 arcsec), and what was extracted."""
    rng = np.random.default_rng(1)
    east, north = rng.uniform(-95, 95, (2, 24)) / 3600
    far = np.hypot(east, north) > 25 / 3600
    stars = {"ra": CENTRE[0] + east[far] / np.cos(np.radians(20)), "dec": CENTRE[1] + north[far]}
    stars |= {band: np.linspace(11, 15, far.sum()) for band in "jhk"}
    galaxy = {"ra": [CENTRE[0]], "dec": [CENTRE[1]], "j": [13.5], "h": [12.8], "k": [12.5], "reff": [4.0],
              "sersic": [1.0], "axis_ratio": [0.7], "angle": [30.0]}  # fmt: skip
    folder = tmp_path_factory.mktemp("images")
    paths = []
    for band, image in simulate_atlas(stars, galaxy, CENTRE, "jhk", 3, (200, 200)).items():
        paths.append(folder / f"{band}.fits")
        fits.PrimaryHDU(image.data, image.header).writeto(paths[-1])
    images = read_field(paths)
    return images, extract_field(images)


def test_bands_have_what_was_extracted(extracted):
    images, extraction = extracted
    field = field_of_images(images, extraction)
    assert list(field.bands) == ["j", "h", "k"] and field.name == images.name
    for letter, band in field.bands.items():
        found = extraction.sources[letter]
        assert np.array_equal(band.stars.flux, found.flux) and band.zero_point == images.images[letter].magzp
        assert band.psf.fwhm(5, 5) == pytest.approx(found.fwhm, rel=0.01)
        magnitude = extraction.points[f"{letter}_m"].to_numpy()
        assert np.nanmax(np.abs(magnitude[band.stars.row] - band.magnitude(found.flux))) < 0.3
        ra, dec = (extraction.points[name].to_numpy()[band.stars.row] for name in ("ra", "dec"))
        x, y = field.wcs.wcs_world2pix(ra, dec, 0)
        assert np.hypot(x - band.stars.x, y - band.stars.y).max() < 1.5
        assert np.nanmedian(np.abs(magnitude[band.stars.row] - band.magnitude(found.flux))) < 0.001


def test_the_psf_leaves_nothing_of_stars_but_of_the_galaxy(extracted):
    cleaned = clean(field_of_images(*extracted))
    for one in cleaned.bands.values():
        seen = np.isfinite(one.band.data)
        y, x = np.indices(seen.shape)
        beside = seen & (np.hypot(x - 99.5, y - 99.5) > 25) & one.good
        assert one.left[beside].std() < 1.15 * np.median(one.band.noise)
    best = candidates(cleaned)[0]
    assert np.hypot(best.x - 99.5, best.y - 99.5) < 1
