"""Stars drawn into frames, against analytic Gaussians and against stamps in double precision."""

from dataclasses import replace

import numpy as np
import pytest

from processing.photometry.scan import drawing, kernels
from processing.photometry.scan.drawing import Drawing, FAR, MIDDLE, NEAR
from processing.photometry.scan.psf import FIELD, RADIUS
from processing.photometry.scan.tests import synthetic
from processing.photometry.scan.tests.test_kernels import stamp_of


def drawn(psf, frame, x, y, flux, reach, frames=2):
    """Images of apparitions by the compiled loops."""
    frame, x, y, flux = (np.asarray(a) for a in (frame, x, y, flux))
    images = np.zeros((frames, 256, 256), np.float32)
    cell = (np.clip(np.rint(y) // 16, 0, 15) * 16 + np.clip(np.rint(x) // 16, 0, 15)).astype(np.int64)
    drawing.images(Drawing(np.searchsorted(frame, np.arange(frames + 1)), x, y, flux, cell,
                           np.full(len(x), reach, np.int8), *psf.tables, RADIUS), images)  # fmt: skip
    return images


def test_drawn_stars_are_gaussians_also_on_the_edges():
    """Five stars, two of one cell, one with its centre outside the frame, one without light: within 0.2% of the
    brightest."""
    frame, flux = np.array([0, 0, 0, 1, 1]), np.array([1e3, 800.0, 500.0, 900.0, 0.0])
    x, y = np.array([40.3, 41.9, 255.2, -0.8, 77.0]), np.array([50.6, 50.2, 100.7, 255.4, 77.0])
    images = drawn(synthetic.exact_psf(2), frame, x, y, flux, MIDDLE)
    assert np.abs(images - synthetic.drawn(frame, x, y, flux, 2)).max() < 2.0
    assert images[1].sum() > 50


def test_stars_far_outside_the_frame_leave_no_light_and_do_no_harm():
    where = np.array([-40.0, 400.0, 100.0, 100.0]), np.array([100.0, 100.0, -9.0, 1e6])
    assert not drawn(synthetic.exact_psf(2), np.zeros(4, int), *where, np.full(4, 1e6), FAR).any()


def test_a_star_is_drawn_as_far_as_it_reaches_and_once():
    """Of a star twice as wide as the core, the far one has its light, the others what lies within their squares."""
    psf = synthetic.exact_psf(2, sigma=2.0)
    near, middle, far = (drawn(psf, [0], [100.3], [90.8], [1e4], reach)[0] for reach in (NEAR, MIDDLE, FAR))
    square = lambda r: np.s_[91 - r:91 + r + 1, 100 - r:100 + r + 1]  # noqa: E731
    expected = synthetic.gaussian(100.3, 90.8, 2.0, half=RADIUS)[0] * 1e4
    assert np.abs(far[square(8)] - expected).max() < 2.0
    for image, radius in ((near, 3), (middle, 4), (far, 8)):
        assert image.sum() == pytest.approx(image[square(radius)].sum()) and image[square(radius)].min() > 0
        assert image[square(min(radius, 4))] == pytest.approx(far[square(min(radius, 4))], abs=0.01)


def test_moments_of_time_and_field_add_up():
    """A surface of the sum of both, mixed in double precision from all ten planes: to 1e-5 of the flux."""
    rng = np.random.default_rng(3)
    psf = replace(synthetic.exact_psf(2), time=rng.normal(0, 0.02, (2, 3)), field=rng.normal(0, 0.02, (len(FIELD), 3)))
    x, y = rng.uniform(10, 245, (2, 50))
    for k in range(50):
        image = drawn(psf, [1], x[k:k + 1], y[k:k + 1], [1.0], MIDDLE)[1]
        middle = [np.clip(np.rint(a[k]) // 16, 0, 15) * 16 + 7.5 for a in (x, y)]
        core = np.empty((kernels.CORE_SIZE,) * 2)
        kernels.mix(psf.planes, psf.moments(np.array([1]), *(np.array([m]) for m in middle))[0], core)
        cx, cy = int(np.rint(x[k])), int(np.rint(y[k]))
        expected = stamp_of(core, kernels.CORE, x[k] - cx, y[k] - cy, 4)[0]
        assert np.abs(image[cy - 4:cy + 5, cx - 4:cx + 5] - expected).max() < 1e-5


def test_residuals_are_data_less_images():
    scan = synthetic.scan(*synthetic.lattice(60.0), 800.0)
    model = synthetic.model(scan)
    assert model.residual == pytest.approx(model.data - model.image, abs=1e-2)
    assert np.abs(model.residual - (scan.images - scan.light))[scan.usable].max() < 4
