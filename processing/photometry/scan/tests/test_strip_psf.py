"""The PSF of the strip against images of stars that were made without it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erf

from processing.photometry.scan.detection import strip_of
from processing.photometry.scan.strip_psf import StripPSF, strip_psf
from processing.photometry.scan.tests import synthetic

WIDER = 0.05
"""Second moment, pixel**2 of a frame, that the last frame has more than the first in x."""


def strip_profile(offset, sigma):
    """Light in pixels of 1 arcsec along an axis of a Gaussian (arcsec) behind a frame's pixel, the triangle of linear
    interpolation and the box of the kernel: by integrals."""

    def frame(u):
        return 0.5 * (erf((u + 1) / sigma / np.sqrt(2)) - erf((u - 1) / sigma / np.sqrt(2))) / 2

    def triangle(u):
        return quad(lambda t: (1 - abs(t) / 2) / 2 * frame(u - t), -2, 2, points=[0])[0]

    return np.array([quad(lambda t: triangle(i - offset - t), -0.8, 0.8)[0] / 1.6 for i in range(-8, 9)])


def of_model(psf, total=1.0):
    scan = synthetic.scan([276.0], [700.0], [1e4], noisy=False)
    return scan, strip_psf(synthetic.model(scan, psf=psf), scan.grid.shape, total)


def test_a_star_is_the_gaussian_behind_pixel_and_kernel():
    """To 0.1% of its peak, for any place within a pixel; ``total`` says what of the flux the fit has."""
    _, psf = of_model(synthetic.exact_psf(), 1.02)
    expected = np.outer(strip_profile(-0.4, 0.84), strip_profile(0.3, 0.84)) / 1.02
    found = psf.at(200.3, 719.6, 8)
    assert np.abs(found - expected).max() < 1e-3 * expected.max()
    assert psf.at(200.3, 719.6, 20).shape == (41, 41)


def test_the_width_follows_the_frames_that_see_the_place():
    """Frames widen along the scan: on the strip, of which every place has the mean of six frames, second moments in x
    grow by as much (4 arcsec**2 a pixel**2), and those in y do not."""
    psf = synthetic.exact_psf()
    scan, psf = of_model(replace(psf, time=np.array([[0.0, 0, 0], [WIDER, 0, 0]])))
    low, high = (moments(psf.at(276.0, y, 12)) for y in (540.0, scan.grid.shape[0] - 540.0))
    ends = np.interp([540.0, scan.grid.shape[0] - 540.0], synthetic_middles(scan), np.arange(synthetic.FRAMES))
    change = 4 * WIDER * (ends[1] - ends[0]) / (synthetic.FRAMES - 1)
    assert high[0] - low[0] == pytest.approx(change, rel=0.15)
    assert abs(high[1] - low[1]) < 0.02 * change
    assert psf.fwhm(276.0, 540.0) < psf.fwhm(276.0, scan.grid.shape[0] - 540.0)


def synthetic_middles(scan):
    return synthetic.model(scan).mapping.middle[:, 1]


def moments(stamp):
    axis = np.arange(len(stamp)) - len(stamp) // 2
    return [float((stamp.sum(axis=k) * axis**2).sum() / stamp.sum()) for k in (0, 1)]


def test_stars_vanish_from_the_average_of_the_frames():
    """What the PSF leaves of stars on the strip, at random phases of the pixels, is 2% of the peak in the mean: linear
    interpolation between undersampled pixels makes each a little different, all together not."""
    x, y = synthetic.lattice(step=60.0)
    scan = synthetic.scan(x, y, 1e4, noisy=False, bad=0.0)
    strip = strip_of(scan.light.astype(np.float32), scan.usable, scan.noise, scan.solution, "j", scan.grid).data
    psf = strip_psf(synthetic.model(scan), scan.grid.shape, 1.0)
    left, peak = np.zeros((17, 17)), 0.0
    for a, b in zip(x, y):
        stamp, i, j = 1e4 * psf.at(a, b, 8), round(a), round(b)
        left, peak = left + strip[j - 8:j + 9, i - 8:i + 9] - stamp, peak + stamp.max()
    assert np.abs(left).max() < 0.02 * peak
    assert isinstance(psf, StripPSF)
