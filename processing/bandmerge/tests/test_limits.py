"""Upper limits: right in white and in correlated noise, never optimistic, null where nothing was observed."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from processing.bandmerge.limits import noise_factor, upper_limits
from processing.bandmerge.tests.lists import band_sources

SCALE = 1.0
AREA = np.pi * 4.0**2


def sky(rng, correlated, shape=(400, 400), noise=0.8):
    pixels = rng.normal(size=shape)
    if correlated:
        pixels = gaussian_filter(pixels, 1.0)
    return noise * pixels / pixels.std()


def limits(residual, x, y, blended=0.0, correction=1.0):
    sources = band_sources("j", [], [], residual=residual, aperture_correction=correction)
    return upper_limits(sources, np.array(x, float), np.array(y, float), SCALE, np.broadcast_to(blended, len(x)))


def grid(step=25, size=400):
    return [k.ravel() for k in np.meshgrid(*[np.arange(30, size - 30, step)] * 2)]


@pytest.mark.parametrize("correlated", [False, True])
@pytest.mark.parametrize("flux", [0.0, 40.0])
def test_star_is_below_its_limit_in_95_of_100(correlated, flux):
    """Stars of known flux hidden in noise: F + 2 sigma is passed by 2.3% of Gaussian noise, and by no more where F < 0
    is raised to 0. With 500 trials the share of failures is within 0.5% and 5%, for positive flux."""
    rng = np.random.default_rng(1)
    below = []
    for _ in range(3):
        image = sky(rng, correlated)
        x, y = grid()
        for a, b in zip(x, y):
            image[b - 1:b + 2, a - 1:a + 2] += flux / 9
        below.append(limits(image, x, y) > flux)
    failed = 1 - np.mean(below)
    assert failed < 0.05
    assert flux == 0 or failed > 0.005


def test_noise_factor_is_one_for_white_noise_and_the_correlation_else():
    """Smoothing with a Gaussian of 1 pixel: neighbours add up, the sum in an aperture is as noisy as that of the
    unsmoothed pixels, sqrt(4 pi) = 3.54 times what the reduced pixel noise suggests (less the rim)."""
    rng = np.random.default_rng(2)
    assert noise_factor(sky(rng, False), SCALE) == pytest.approx(1.0, abs=0.08)
    assert noise_factor(sky(rng, True), SCALE) == pytest.approx(3.54, rel=0.15)


def test_limit_of_pure_noise_is_two_sigma_of_the_aperture():
    rng = np.random.default_rng(3)
    found = limits(sky(rng, False, noise=0.8), *grid())
    assert found.min() == pytest.approx(2 * 0.8 * np.sqrt(AREA), rel=0.15)


def test_limit_counts_as_total_flux():
    rng = np.random.default_rng(4)
    image = sky(rng, False)
    np.testing.assert_allclose(limits(image, *grid(), correction=1.07), 1.07 * limits(image, *grid()))


def test_star_behind_an_unresolved_source_can_have_all_its_light():
    rng = np.random.default_rng(5)
    image = sky(rng, False)
    x, y = grid()
    above = limits(image, x, y, blended=500.0) - 500.0
    assert (above > -3 * 0.8 * np.sqrt(AREA)).all() and np.median(above) > 2 * 0.8 * np.sqrt(AREA)


def test_noisy_corner_has_higher_limits():
    rng = np.random.default_rng(6)
    image = sky(rng, False)
    image[:, 200:] *= 3
    x, y = grid()
    found = limits(image, x, y)
    assert np.median(found[x > 230]) > 2 * np.median(found[x < 170])


def test_place_that_was_not_observed_has_no_limit():
    rng = np.random.default_rng(7)
    image = sky(rng, False)
    image[:, :60] = np.nan
    found = limits(image, [30, 61, 100, -5], [200, 200, 200, 200])
    assert np.isnan(found[[0, 1, 3]]).all() and np.isfinite(found[2])


def test_image_too_small_for_a_grid_still_gives_limits():
    rng = np.random.default_rng(8)
    image = sky(rng, False, shape=(60, 60))
    assert noise_factor(image, SCALE) == 1.0
    assert np.isfinite(limits(image, [30], [30])).all()
