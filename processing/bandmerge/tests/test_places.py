"""Error ellipses and weighted means."""

import numpy as np
import pytest

from processing.bandmerge.places import Places, image_to_sky, places_of, sky_ellipse, weighted_mean
from processing.formats.atlas_image import read_atlas_image
from processing.formats.tests.atlas_files import blank, write_atlas
from processing.bandmerge.tests.lists import band_sources


def covariance(major, minor, angle):
    """Covariance in (x to the west, y to the north) of an ellipse on the sky, position angle east of north in deg."""
    a = np.radians(angle)
    axes = np.array([[-np.sin(a), np.cos(a)], [np.cos(a), np.sin(a)]])
    return axes.T @ np.diag([major**2, minor**2]) @ axes


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, 135.0, 179.0])
def test_ellipse_comes_back_from_its_covariance(angle):
    to_sky = np.array([[-1.0, 0.0], [0.0, 1.0]])
    major, minor, found = sky_ellipse(covariance(0.3, 0.1, angle)[None], to_sky)
    assert (major[0], minor[0]) == (pytest.approx(0.3), pytest.approx(0.1))
    assert np.mod(found[0] - angle + 90, 180) - 90 == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("rotation", [0.0, 20.0, -50.0])
def test_ellipse_is_that_of_simulated_positions_on_the_sky(tmp_path, rotation):
    """Scatter of 20,000 positions sent through the WCS itself, against the ellipse from the matrix: 2%, 1.5 deg."""
    image = read_atlas_image(write_atlas(tmp_path / "j.fits", blank(), CROTA2=rotation, CRVAL2=60.0))
    rng = np.random.default_rng(8)
    cov = np.array([[0.09, 0.04], [0.04, 0.05]])
    xy = rng.multivariate_normal([300, 500], cov, 20000)
    ra, dec = image.sky_position(*xy.T)
    east, north = (ra - ra.mean()) * np.cos(np.radians(dec.mean())) * 3600, (dec - dec.mean()) * 3600
    values, vectors = np.linalg.eigh(np.cov(east, north))
    major, minor, angle = sky_ellipse(cov[None], image_to_sky(image.wcs, image.pixel_scale))
    assert major[0] == pytest.approx(np.sqrt(values[1]), rel=0.02)
    assert minor[0] == pytest.approx(np.sqrt(values[0]), rel=0.02)
    truth = np.degrees(np.arctan2(vectors[0, 1], vectors[1, 1]))
    assert abs(np.mod(angle[0] - truth + 90, 180) - 90) < 1.5


def test_weighted_mean_scatters_as_its_covariance_says():
    """Three measurements with errors of different size and direction, 4,000 times: chi-square per coordinate is 1."""
    rng = np.random.default_rng(3)
    covs = [covariance(0.3, 0.1, 20), covariance(0.2, 0.05, 110), covariance(0.4, 0.4, 0)]
    n = 4000
    groups = [(Places(rng.multivariate_normal([0, 0], c, n), np.tile(c, (n, 1, 1))), np.ones(n, bool)) for c in covs]
    mean = weighted_mean(groups)
    chi2 = np.einsum("ni,nij,nj->n", mean.xy, np.linalg.inv(mean.cov), mean.xy)
    assert chi2.mean() == pytest.approx(2.0, abs=5 * 2 / np.sqrt(n))


def test_unused_measurement_does_not_count():
    near = Places(np.zeros((1, 2)), np.eye(2)[None])
    far = Places(np.full((1, 2), 9.0), np.eye(2)[None] * 1e-6)
    mean = weighted_mean([(near, np.array([True])), (far, np.array([False]))])
    np.testing.assert_allclose(mean.xy, [[0, 0]])
    assert np.isnan(weighted_mean([(near, np.array([False]))]).xy).all()


def test_fit_without_an_error_gets_that_of_the_resolution():
    found = places_of(band_sources("j", [5.0, 9.0], [5.0, 5.0], x_var=[np.nan, 0.01]), 1.0)
    assert np.isfinite(found.cov).all()
    assert found.cov[0, 0, 0] == pytest.approx((2.6 / 4.71) ** 2) and found.cov[1, 0, 0] == 0.01
