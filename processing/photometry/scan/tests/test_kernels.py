"""The compiled loops against analytic Gaussians, and chi-squares against plain sums."""

import numpy as np
import pytest

from processing.photometry.scan import kernels
from processing.photometry.scan.tests import synthetic

PHASES = np.random.default_rng(1).uniform(-0.5, 0.5, (100, 2))


def stamp_of(surface, surface_radius, dx, dy, radius):
    size, rows = 2 * radius + 1, 2 * kernels.KNOTS * radius + 4
    out, value, slope = np.zeros((3, size, size)), np.zeros((rows, size)), np.zeros((rows, size))
    kernels.stamp(surface, surface_radius, dx, dy, radius, out, value, slope, True)
    return out


@pytest.mark.parametrize("sigma", [0.3, 0.42, 0.6])
def test_a_stamp_is_the_light_in_the_pixels_at_any_phase(sigma):
    """Each pixel to 0.2% of the flux, even of the sharpest stars; the total to 0.05%."""
    core = synthetic.exact_psf(sigma=sigma).planes[0]
    for dx, dy in PHASES:
        wrong = stamp_of(core, kernels.CORE, dx, dy, kernels.CORE)[0]
        wrong -= synthetic.gaussian(dx, dy, sigma, half=kernels.CORE)[0]
        assert np.abs(wrong).max() < 0.002 and abs(wrong.sum()) < 5e-4


def test_slopes_are_the_differences_of_the_light():
    """The steepest slope is 0.6 of the flux a pixel: the splines' are right to 1% of it."""
    core, h = synthetic.exact_psf().planes[0], 1e-4
    for dx, dy in PHASES:
        slopes = stamp_of(core, kernels.CORE, dx, dy, kernels.CORE)[1:]
        for slope, (a, b) in zip(slopes, ((h, 0), (0, h))):
            ahead, behind = (synthetic.gaussian(dx + s * a, dy + s * b, half=kernels.CORE)[0] for s in (1, -1))
            assert np.abs(slope - (ahead - behind) / (2 * h)).max() < 0.006


@pytest.mark.parametrize("widened", [(0.02, 0.0, 0.0), (0.0, 0.0, -0.02), (0.03, 0.01, 0.01), (0.02, -0.015, 0.02)])
def test_mixed_planes_are_a_star_with_other_second_moments(widened):
    """Two Gaussians to either side of the place have the moments; the fourth moments and the third order are less than
    0.5% of the flux at changes by 0.03 pixel**2, ten times less than what the change does."""
    psf, core = synthetic.exact_psf(), np.empty((kernels.CORE_SIZE,) * 2)
    kernels.mix(psf.planes, np.array(widened), core)
    away = np.abs(stamp_of(psf.planes[0], kernels.CORE, 0.2, 0.1, 4)[0] - widened_star(widened)).max()
    assert np.abs(stamp_of(core, kernels.CORE, 0.2, 0.1, 4)[0] - widened_star(widened)).max() < min(0.005, 0.1 * away)


def widened_star(moments):
    """A Gaussian at (0.2, 0.1) with other moments xx, xy, yy, summed over a fine grid in each pixel."""
    covariance = synthetic.SIGMA**2 * np.eye(2) + np.array([[moments[0], moments[1]], [moments[1], moments[2]]])
    fine = (np.arange(9 * 40) + 0.5) / 40 - 4.5
    x, y = np.meshgrid(fine - 0.2, fine - 0.1)
    inverse = np.linalg.inv(covariance)
    light = np.exp(-0.5 * (inverse[0, 0] * x**2 + 2 * inverse[0, 1] * x * y + inverse[1, 1] * y**2))
    light *= np.sqrt(np.linalg.det(inverse)) / (2 * np.pi) / 40**2
    return light.reshape(9, 40, 9, 40).sum(axis=(1, 3))


@pytest.fixture(scope="module")
def crowd():
    """A Model of eight stars on each other's pixels, with bad pixels that hold light; not at the truth."""
    rng = np.random.default_rng(4)
    place = rng.uniform(250, 272, 8), rng.uniform(400, 422, 8)
    scan = synthetic.scan(*place, rng.uniform(200, 2000, 8), frames=4, bad=0.03)
    return synthetic.model(scan, synthetic.shifted(scan.stars))


def test_chi_squares_count_usable_pixels_in_the_circle(crowd):
    p, total, pixels = crowd.places, np.zeros(8), np.zeros(8)
    kernels.chi_squares(crowd.residual, crowd.weight, p.star, p.frame, p.x, p.y, 2.0, total, pixels)
    y, x = np.mgrid[:256, :256]
    chi, count = np.zeros(8), np.zeros(8)
    for a in range(len(p.star)):
        inside = ((x - p.x[a]) ** 2 + (y - p.y[a]) ** 2 <= 4.0) & crowd.usable[p.frame[a]]
        chi[p.star[a]] += (crowd.weight * crowd.residual**2)[p.frame[a]][inside].sum()
        count[p.star[a]] += inside.sum()
    assert np.array_equal(pixels, count) and total == pytest.approx(chi, rel=1e-4)
