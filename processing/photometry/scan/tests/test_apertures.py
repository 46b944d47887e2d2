"""Apertures on frames: what they hold, how often, and with which error."""

from dataclasses import replace

import numpy as np
import pytest

from processing.photometry.scan.apertures import apertures, enclosed_light
from processing.photometry.scan.psf import enclosed
from processing.photometry.scan.tests import synthetic

RADIUS = 4.0
"""arcsec; 2 pixels of a frame."""


@pytest.fixture(scope="module")
def stars():
    x, y = synthetic.lattice(40.0, ends=60.0)
    return x, y, synthetic.fluxes(len(x), 100, 2e4)


def inside(scan):
    return enclosed(synthetic.exact_psf().surface, RADIUS / 2)


def test_light_that_the_fit_has_wrong_comes_back(stars):
    """The model has 10% too little of every star. Fit and aperture together have the flux, without noise: to 0.2% of
    what was missing in whole pixels, and what of it lies between 4 arcsec and the sky: 0.3% of it."""
    scan = synthetic.scan(*stars, noisy=False, bad=0.0)
    wrong = synthetic.model(scan, replace(scan.stars, flux=0.9 * scan.flux))
    found = apertures(wrong, RADIUS)
    total = wrong.stars.flux + found.left / inside(scan)
    seen = found.frames > 0
    assert seen.sum() > 200 and np.abs(total / scan.flux - 1)[seen].max() < 0.002


def test_errors_are_those_of_the_pixels(stars):
    """With the model at the truth what is left is noise: of 300 stars the scatter is known to 4%."""
    scan = synthetic.scan(*stars)
    found = apertures(synthetic.model(scan), RADIUS)
    seen = found.frames > 0
    pull = found.left[seen] / found.error[seen]
    assert np.std(pull) == pytest.approx(1, abs=0.13) and abs(pull.mean()) < 0.2
    faint = seen & (scan.flux < 200) & (found.frames == 6)
    area = np.pi * 4
    expected = np.sqrt((64 * (area + area**2 / 160) + scan.flux[faint] / 10) / 6)
    assert found.error[faint] == pytest.approx(expected, rel=0.05)


def test_frames_are_counted_where_the_whole_aperture_is_usable(stars):
    scan = synthetic.scan(*stars, bad=0.01)
    found = apertures(synthetic.model(scan), RADIUS)
    u, v = synthetic.pixels(scan.solution, scan.grid, scan.x, scan.y)
    surely, perhaps = (np.array([[whole(scan.usable[n], u[n, s], v[n, s], reach) for n in range(12)]
                                 for s in range(len(scan.x))]).sum(axis=1) for reach in (2.75, 1.95))  # fmt: skip
    assert (found.frames >= surely).all() and (found.frames <= perhaps).all()
    assert found.frames.max() >= 6 and (found.frames < perhaps.max()).mean() > 0.5


def whole(usable, x, y, reach):
    """Whether all pixels that a circle of ``reach`` pixels holds with their middles are on the frame and usable."""
    if not (reach <= x <= 255 - reach and reach <= y <= 255 - reach):
        return False
    rows, columns = np.mgrid[:256, :256][:, max(0, int(y) - 4):int(y) + 5, max(0, int(x) - 4):int(x) + 5]
    circle = (rows - y) ** 2 + (columns - x) ** 2 <= reach**2
    return bool(usable[rows[circle], columns[circle]].all())


def test_detections_are_counted_by_the_signal_of_each_frame():
    """Noise of an aperture: 30 DN. A star of 3 sigma in it is seen in half of its frames, one of 6 sigma in all but 1
    of 700, one of 0.5 sigma in 1 of 160; each of 1,000 apparitions or more."""
    x, y = synthetic.lattice()
    one = np.sqrt(64 * (4 * np.pi + (4 * np.pi) ** 2 / 160))
    for sigma, low, high in ((0.5, 0.001, 0.02), (3.0, 0.43, 0.55), (6.0, 0.985, 1.0)):
        flux = sigma * one / inside(None)
        found = apertures(synthetic.model(synthetic.scan(x, y, np.full(len(x), flux))), RADIUS)
        assert (found.seen <= found.frames).all() and found.frames.sum() > 4000
        assert low < found.seen.sum() / found.frames.sum() <= high


def test_neighbours_are_not_in_the_aperture():
    """A star three times as bright 5 arcsec away, taken off by the model: the aperture has the star's own light."""
    x, y = synthetic.lattice(40.0)
    n = len(x)
    scan = synthetic.scan(np.r_[x, x + 5], np.r_[y, y], np.repeat([1000.0, 3000.0], n))
    model = synthetic.model(scan)
    found = apertures(model, RADIUS)
    assert abs(np.mean(found.left[:n])) < 3 * np.mean(found.error[:n]) / np.sqrt(n)
    assert abs(np.mean(found.seen[:n] / found.frames[:n]) - 1) < 1e-9


def test_the_sky_of_the_annulus_is_taken_off():
    """What is level around the star, 3 DN a pixel, leaves nothing; a slope neither."""
    x, y = synthetic.lattice(40.0)
    scan = synthetic.scan(x, y, 500.0, noisy=False, bad=0.0)
    slope = 3 + 0.02 * np.arange(256)
    found = apertures(synthetic.model(replace(scan, images=scan.images + slope.astype(np.float32))), RADIUS)
    assert np.nanmax(np.abs(found.left)) < 0.5


def test_a_star_without_whole_aperture_has_no_number():
    scan = synthetic.scan([250.0, 250.0], [700.0, 760.0], 500.0)
    v = synthetic.pixels(scan.solution, scan.grid, scan.x, scan.y)[1][:, 0]
    hidden = np.abs(np.arange(256)[:, None] - v[:, None, None]) < 1
    found = apertures(synthetic.model(synthetic.without(scan, np.broadcast_to(hidden, scan.usable.shape))), RADIUS)
    assert found.frames[0] == found.seen[0] == 0 and np.isnan(found.left[0]) and np.isnan(found.error[0])
    assert found.frames[1] > 4 and np.isfinite(found.left[1])


def test_wider_stars_have_less_light_inside():
    """By the Gaussian with one pixel (enclosed's definition) of the wider one; second order in a change by 0.03."""
    moments = np.array([[0.0, 0.0, 0.0], [0.03, 0.0, 0.03], [-0.03, 0.0, -0.03]])
    expected = [enclosed(synthetic.exact_psf(sigma=np.sqrt(0.42**2 + m)).surface, 1.0) for m in moments[:, 0]]
    found = enclosed_light(synthetic.exact_psf(), moments, 1.0)
    assert found == pytest.approx(expected, abs=0.003) and found[1] < found[0] - 0.02
