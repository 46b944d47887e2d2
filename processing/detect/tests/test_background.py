"""Sky level and noise against images that were made of known ones."""

import numpy as np
import pytest

from processing.detect.background import background, mean_level, noise_map

SHAPE = (384, 320)


def gradient():
    y, x = np.mgrid[:SHAPE[0], :SHAPE[1]]
    return 100 + 0.02 * y - 0.015 * x


def noisy(seed=1, sigma=1.0):
    return gradient() + np.random.default_rng(seed).normal(0, sigma, SHAPE)


def with_stars(image, n, flux, seed=2):
    """Gaussian stars (sigma 1.3 pixel) in random places."""
    rng = np.random.default_rng(seed)
    image = image.copy()
    y, x = np.mgrid[-8:9, -8:9]
    for _ in range(n):
        j, i = rng.integers(8, SHAPE[0] - 8), rng.integers(8, SHAPE[1] - 8)
        image[j - 8:j + 9, i - 8:i + 9] += flux * np.exp(-(x**2 + y**2) / 2 / 1.69) / (2 * np.pi * 1.69)
    return image


def test_gradient_is_followed_to_the_noise_of_a_cell():
    """A cell's mode is known to about 3 sigma / 64, continued to the border to twice that; corners are no worse."""
    wrong = background(noisy(), np.zeros(SHAPE, bool)) - gradient()
    assert np.abs(wrong[32:-32, 32:-32]).max() < 5 * 3 / 64
    assert np.abs(wrong).max() < 2 * 5 * 3 / 64


def test_stars_do_not_raise_the_background():
    """200 stars hold 1.6 DN a pixel on average; the mode takes less than a tenth of that."""
    image = with_stars(noisy(), 200, 1000.0)
    rise = background(image, np.zeros(SHAPE, bool)) - background(noisy(), np.zeros(SHAPE, bool))
    assert 200 * 1000 / gradient().size > 1.6 and np.median(rise) < 0.16


def test_masked_pixels_do_not_count():
    image, mask = noisy(), np.zeros(SHAPE, bool)
    mask[100:180, 60:200] = True
    clean = background(image, mask)
    image[mask] = 1e6
    assert background(image, mask) == pytest.approx(clean)


def test_image_of_one_cell_has_one_level():
    level = background(noisy()[:40, :40], np.zeros((40, 40), bool))
    assert level.shape == (40, 40) and np.ptp(level) == 0


def test_noise_is_the_scatter_of_the_pixels():
    sigma = noise_map(noisy(sigma=3.0) - gradient(), np.zeros(SHAPE, bool))
    assert sigma == pytest.approx(3.0, rel=5 * 1.2 / np.sqrt(2 * 128 * 107))


def test_mean_level_is_a_mean():
    """Skewed values: the mean of an exponential is 1, its mode 0, clipped at 4 sigma 0.9 or more."""
    values = np.random.default_rng(3).exponential(1.0, SHAPE)
    assert 0.85 < np.median(mean_level(values, np.zeros(SHAPE, bool))) < 1.0


def test_all_masked_is_zero_not_nan():
    assert (background(noisy(), np.ones(SHAPE, bool)) == 0).all()
