"""The spline surface as a PSF: sum, derivatives, shifts, whitening, learning."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from processing.detect.noise import whiten, whitening_kernel
from processing.photometry.fit import Stars, model_image
from processing.photometry.psf import corrected_psf, first_psf
from processing.photometry.spline_psf import KNOTS, SplinePSF, evaluate, grid_size, whitened_psf

OFFSETS = [(0.0, 0.0), (0.3, -0.45), (-0.5, 0.5), (0.11, 0.27)]


def gaussian_psf(sigma, shift=0.0, stretch=1.0, radius=14):
    """A Gaussian of ``sigma`` pixels (times ``stretch`` along x), its middle ``shift`` pixels off in x."""
    m = grid_size(radius)
    y, x = (np.mgrid[:m, :m] - (m - 1) / 2) / KNOTS
    return SplinePSF(np.exp(-(((x - shift) / stretch) ** 2 + y**2) / 2 / sigma**2), radius).normalised()


@pytest.mark.parametrize("x, y", OFFSETS)
def test_sum_is_one_wherever_the_star_is_in_its_pixel(x, y):
    """But for what the outermost knots put beyond the stamp."""
    psf = first_psf(3.1)
    sums = psf.stamp(x, y).sum(), psf.stamp(0.0, 0.0).sum()
    assert sums[0] == pytest.approx(1.0, abs=1e-3) and sums[0] == pytest.approx(sums[1], abs=2e-5)


@pytest.mark.parametrize("x, y", OFFSETS[1:])
def test_derivatives_are_finite_differences(x, y):
    psf, step = first_psf(3.1), 1e-4
    out = np.empty((3, 29, 29))
    evaluate(psf.coefficients, psf.radius, x, y, psf.radius, out)
    assert out[1] == pytest.approx((psf.stamp(x + step, y) - psf.stamp(x - step, y)) / 2 / step, abs=1e-7)
    assert out[2] == pytest.approx((psf.stamp(x, y + step) - psf.stamp(x, y - step)) / 2 / step, abs=1e-7)


def test_star_a_pixel_on_is_the_same_star_a_pixel_on():
    psf = first_psf(3.1)
    one = model_image((60, 60), Stars(np.array([28.3]), np.array([30.7]), np.array([1e4])), psf)
    other = model_image((60, 60), Stars(np.array([29.3]), np.array([28.7]), np.array([1e4])), psf)
    assert other[1:-3, 2:-1] == pytest.approx(one[3:-1, 1:-2], abs=1e-9)


def test_both_sides_of_a_pixel_border_are_one_image():
    """The stamp moves by a pixel where a star crosses from 0.4999 to 0.5001: nothing may jump."""
    psf = first_psf(3.1)
    left, right = (model_image((60, 60), Stars(np.array([30 + x]), np.array([30.0]), np.array([1.0])), psf)
                   for x in (0.49999, 0.50001))
    core = np.s_[24:37, 26:36]
    assert np.abs(left - right)[core].max() < 1e-5


@pytest.mark.parametrize("sigma", [1.2, 1.6])
def test_gaussian_has_its_width(sigma):
    """The B-spline smooths the surface (variance 1/3 of a knot squared); the area above half a peak is counted."""
    assert gaussian_psf(sigma).fwhm() == pytest.approx(2.3548 * np.hypot(sigma, np.sqrt(1 / 3) / KNOTS), rel=0.01)


@pytest.mark.parametrize("x, y", OFFSETS)
def test_whitened_psf_is_the_psf_of_the_whitened_image(x, y):
    psf = first_psf(3.1)
    image = np.zeros((61, 61))
    image[16:45, 16:45] = psf.stamp(x, y)
    sharp = whitened_psf(psf, whitening_kernel()).stamp(x, y)
    core = np.s_[6:-6, 6:-6]
    assert sharp[core] == pytest.approx(whiten(image)[16:45, 16:45][core], abs=1e-5 * sharp.max())


def field_of(psf, n=120, noise=0.3, seed=1, shape=(400, 400)):
    """Stars of S/N about 500 at random phases, the image with white noise: Stars, image."""
    rng = np.random.default_rng(seed)
    stars = Stars(rng.uniform(20, shape[1] - 20, n), rng.uniform(20, shape[0] - 20, n), rng.uniform(500, 3000, n))
    return stars, model_image(shape, stars, psf, faintest=1e-4) + rng.normal(0, noise, shape)


def learnt(start, stars, image, noise=0.3, rounds=3):
    psf, weight = start, np.full(image.shape, noise**-2)
    for _ in range(rounds):
        psf = corrected_psf(psf, image - model_image(image.shape, stars, psf, faintest=1e-4), weight, stars)
    return psf


@pytest.mark.parametrize("x, y", OFFSETS)
def test_learnt_psf_is_the_psf_of_the_stars(x, y):
    """An elliptical PSF, 15% and 30% wider than the first guess, to 0.5% of its peak: a tenth of what errors count
    with. (120 stars of 1500 DN in noise 0.3 could fix a pixel's four knots to 0.05%; the rest is the prior.)"""
    true = gaussian_psf(1.35, stretch=1.15)
    found = learnt(gaussian_psf(1.2), *field_of(true))
    assert np.abs(found.stamp(x, y) - true.stamp(x, y)).max() < 0.005 * true.stamp(0.0, 0.0).max()


def test_middle_of_the_learnt_psf_is_its_centroid():
    """The first guess is 0.2 pixel off; so would be all positions, and the image could not tell."""
    true = gaussian_psf(1.35)
    stars, image = field_of(true)
    off = Stars(stars.x - 0.2, stars.y, stars.flux)
    stamp = learnt(gaussian_psf(1.35, shift=0.2), off, image, rounds=1).stamp(0.0, 0.0)
    window = np.exp(-(np.mgrid[-14:15, -14:15] ** 2).sum(axis=0) / 2 / 4)
    assert (stamp * window * np.arange(-14, 15)).sum() / (stamp * window).sum() == pytest.approx(0, abs=0.03)


def test_without_light_the_psf_stays():
    start = first_psf(3.0)
    nothing = Stars(*np.zeros((3, 0)))
    assert corrected_psf(start, np.zeros((50, 50)), np.ones((50, 50)), nothing).stamp(0.2, 0.1) == pytest.approx(
        start.stamp(0.2, 0.1), abs=1e-4)


def test_smoother_sky_than_stars_is_not_taken_for_a_psf():
    """Residuals of wide structure, which no star has made, change the core by less than 1%."""
    true = gaussian_psf(1.35)
    stars, image = field_of(true)
    glow = gaussian_filter(np.random.default_rng(5).normal(0, 60, image.shape), 30)
    found = learnt(true, stars, image + glow - glow.mean())
    assert found.stamp(0, 0).max() == pytest.approx(true.stamp(0, 0).max(), rel=0.01)
