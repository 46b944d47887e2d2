"""The sky of frames, under stars and in motion."""

import numpy as np
import pytest

from processing.photometry.scan.sky import frame_sky
from processing.photometry.scan.tests import synthetic


def airglow(frames, amplitude=4.0, length=300.0):
    """A slope that turns from frame to frame, and a wave of ``length`` pixels that moves by 30 each: DN, (n, 256,
    256)."""
    y, x = np.mgrid[:256, :256] - 127.5
    n = np.arange(frames)[:, None, None]
    slope = 0.05 * (x * np.cos(n) + y * np.sin(n))
    return slope + amplitude * np.sin(2 * np.pi * (x + 0.5 * y + 30 * n) / length)


@pytest.fixture(scope="module")
def moving():
    """Frames of moving airglow with noise and 4% of unusable pixels; what fits have left of stars: 200 errors of 5
    sigma to 5,000."""
    rng, sky = np.random.default_rng(1), airglow(4)
    images = sky + 8.0 * rng.standard_normal(sky.shape)
    for _ in range(200):
        n, y, x = rng.integers(0, 4), rng.integers(2, 254), rng.integers(2, 254)
        images[n, y - 1:y + 2, x - 1:x + 2] += 8.0 * np.exp(rng.uniform(np.log(5), np.log(5000)))
    usable = rng.uniform(size=sky.shape) > 0.04
    images[~usable] = 3e4
    return images.astype(np.float32), usable, sky


def test_the_sky_follows_airglow_under_the_residuals_of_stars(moving):
    """Means of 1,000 pixels have a noise of 0.25 DN, interpolated less; the wave of 300 pixels is flattened by 2%
    by cells of 32 pixels and by another 2% between them, 0.1 DN of its 2.8."""
    images, usable, sky = moving
    wrong = frame_sky(images, usable, np.full(4, 8.0)) - sky
    inside = wrong[:, 16:-16, 16:-16]
    assert sky.std() > 3
    assert inside.std() < 0.35 and abs(inside.mean()) < 0.1
    assert wrong.std() < 0.5


def test_a_plane_is_kept_to_the_edges():
    """Without noise: exactly, a plane being what is interpolated and continued. The half of the range of a cell, 2 DN,
    is well within three sigma."""
    y, x = np.mgrid[:256, :256].astype(np.float32)
    plane = (0.05 * x - 0.02 * y + 7)[None]
    found = frame_sky(plane, np.ones(plane.shape, bool), np.array([8.0]))
    assert np.abs(found - plane).max() < 0.01


def test_a_cell_without_usable_pixels_takes_the_level_of_the_others():
    images = np.full((1, 256, 256), 5.0, np.float32)
    usable = np.ones(images.shape, bool)
    usable[0, 64:96, 64:96] = False
    images[~usable] = 3e4
    assert frame_sky(images, usable, np.array([1.0])) == pytest.approx(5.0)


def test_a_frame_without_usable_pixels_has_no_sky_and_leaves_the_others_theirs():
    images = np.full((2, 256, 256), 5.0, np.float32)
    usable = np.ones(images.shape, bool)
    usable[0] = False
    found = frame_sky(images, usable, np.array([np.nan, 1.0]))
    assert (found[0] == 0).all() and found[1] == pytest.approx(5.0)


def test_stars_below_the_noise_lift_the_sky_by_no_more_than_their_light():
    """A star of 40 DN for 20 by 20 pixels: 0.1 DN a pixel; those of more than 3 sigma in a pixel do not count."""
    scan = synthetic.scan(*synthetic.lattice(40.0), 40.0)
    found = frame_sky(scan.images, scan.usable, scan.noise)
    assert 0.02 < found[2:-2].mean() < 0.13
    bright = synthetic.scan(*synthetic.lattice(40.0), 4000.0)
    assert frame_sky(bright.images, bright.usable, bright.noise)[2:-2].mean() < 0.4
