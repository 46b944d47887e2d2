"""The compiled loops against analytic Gaussians and against plain sums over whole images."""

import numpy as np
import pytest

from processing.photometry.fit import Stars
from processing.photometry.scan import kernels
from processing.photometry.scan.fit import derivative_stamps
from processing.photometry.scan.psf import RADIUS
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


def test_painted_stars_are_those_drawn_also_on_the_edges():
    """Five stars, one with its centre outside the frame, one twice: within 0.2% of the brightest."""
    frame, flux = np.array([0, 0, 0, 1, 1]), np.array([1e3, 800.0, 500.0, 900.0, 0.0])
    x, y = np.array([40.3, 41.9, 255.2, -0.8, 77.0]), np.array([50.6, 50.2, 100.7, 255.4, 77.0])
    psf, images = synthetic.exact_psf(2), np.zeros((2, 256, 256), np.float32)
    key, delta = np.zeros(5, np.int64), np.zeros((5, 3))
    kernels.paint(images, frame, x, y, flux, key, delta, psf.planes, psf.surface, RADIUS, np.ones(5, bool),
                  np.zeros(5, bool))  # fmt: skip
    assert np.abs(images - synthetic.drawn(frame, x, y, flux, 2)).max() < 2.0
    assert images[1].sum() > 50


def test_wide_light_is_painted_for_far_stars_only_and_once():
    """Of a star twice as wide as the core reaches, the far one has its light, the near one what lies within the
    core."""
    psf = synthetic.exact_psf(2, sigma=2.0)
    near, wide = np.zeros((2, 1, 256, 256), np.float32)
    where = np.array([0]), np.array([100.3]), np.array([90.8]), np.array([1e4]), np.zeros(1, np.int64), np.zeros((1, 3))
    for image, far in ((near, False), (wide, True)):
        kernels.paint(image, *where, psf.planes, psf.surface, RADIUS, np.array([True]), np.array([far]))
    inside = np.s_[0, 91 - 4:91 + 5, 100 - 4:100 + 5]
    expected = synthetic.gaussian(100.3, 90.8, 2.0, half=RADIUS)[0] * 1e4
    assert np.abs(wide[0, 91 - 8:91 + 9, 100 - 8:100 + 9] - expected).max() < 2.0
    assert near.sum() == pytest.approx(near[inside].sum()) and np.array_equal(near[inside], wide[inside])


@pytest.fixture(scope="module")
def crowd():
    """A Model of eight stars on each other's pixels, with bad pixels that hold light; not at the truth."""
    rng = np.random.default_rng(4)
    place = rng.uniform(250, 272, 8), rng.uniform(400, 422, 8)
    scan = synthetic.scan(*place, rng.uniform(200, 2000, 8), frames=4, bad=0.03)
    return synthetic.model(scan, synthetic.shifted(scan.stars))


@pytest.fixture(scope="module")
def design(crowd):
    """Derivatives of all pixels with flux, x, y of star after star, from differences of painted images: (24,
    pixels)."""
    steps = (2, 1.0), (0, 0.02), (1, 0.02)
    return np.array([_difference(crowd, s, axis, h) for s in range(8) for axis, h in steps])


def _difference(model, s, axis, h):
    images = np.zeros((2, *model.data.shape), np.float32)
    for image, side in zip(images, (1, -1)):
        stars = model.stars.x, model.stars.y, model.stars.flux
        values = [value[s:s + 1] + side * h * (axis == k) for k, value in enumerate(stars)]
        model.with_stars(Stars(*values)).paint(image, values[2])
    return ((images[0] - images[1]) / (2 * h)).ravel().astype(float)


def test_gradients_are_weighted_sums_over_all_usable_pixels(crowd, design):
    p, gradient = crowd.places, np.zeros((8, 3))
    kernels.gradients(crowd.data, crowd.image, crowd.weight, p.star, p.frame, p.x, p.y, derivative_stamps(crowd), gradient)
    expected = design @ (crowd.weight * crowd.residual).ravel()
    size = np.sqrt((design**2) @ crowd.weight.ravel())
    assert np.abs(gradient.ravel() - expected).max() < 0.01 * np.abs(expected).max()
    assert np.abs((gradient.ravel() - expected) / size).max() < 0.3
    assert (np.abs(expected / size) > 3).any()


def test_blocks_are_the_normal_matrix(crowd, design):
    """Own blocks and couplings of all pairs, against the product of whole images."""
    dense = (design * crowd.weight.ravel()) @ design.T
    p, stamps = crowd.places, derivative_stamps(crowd)
    pairs = np.array([(s, t) for s in range(8) for t in range(s)])
    own, coupling = np.zeros((8, 3, 3)), np.zeros((len(pairs), 3, 3))
    kernels.own_blocks(crowd.weight, p.star, p.frame, p.x, p.y, stamps, own)
    kernels.pair_blocks(crowd.weight, pairs, *p.by_star, p.frame, p.x, p.y, stamps, coupling)
    blocks, scale = dense.reshape(8, 3, 8, 3).transpose(0, 2, 1, 3), np.sqrt(np.diag(dense)).reshape(8, 3)
    for s in range(8):
        assert np.abs((own[s] - blocks[s, s]) / np.outer(scale[s], scale[s])).max() < 0.01
    for (s, t), block in zip(pairs, coupling):
        assert np.abs((block - blocks[s, t]) / np.outer(scale[s], scale[t])).max() < 0.01
    assert np.abs(coupling[:, 0, 0]).max() > 0.1 * own[:, 0, 0].min()


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
