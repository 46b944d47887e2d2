"""Offsets of quadrants, put in and found."""

import numpy as np
import pytest

from processing.atlas.quadrants import quadrant_offsets, without_offsets

NOISE = 8.0


def frames(n=20, seed=3):
    """Frames with noise, stars and a slope of the sky, and the offsets put in (mean 0)."""
    rng = np.random.default_rng(seed)
    offsets = rng.normal(0, 1.5, (n, 4))
    offsets -= offsets.mean(axis=1, keepdims=True)
    image = rng.normal(0, NOISE, (n, 256, 256)) + np.linspace(-2, 2, 256)
    image[rng.uniform(size=image.shape) < 0.02] += 300.0
    image[rng.uniform(size=image.shape) < 0.01] = np.nan
    image += np.repeat(np.repeat(offsets.reshape(n, 2, 2), 128, axis=1), 128, axis=2)
    return image.astype(np.float32), offsets


def test_offsets_are_found_to_the_noise_of_the_pixels_at_the_borders():
    """The median of a thousand pixels: 1.25 * 8 / 32 DN, a step 1.4 times that, an offset from two steps at most so."""
    image, offsets = frames()
    found = np.array([quadrant_offsets(frame) for frame in image])
    error = np.std(found - offsets)
    assert error < 1.25 * NOISE / 32 * np.sqrt(2) and error < 0.35 * np.std(offsets)
    left = without_offsets(image) - image
    assert np.nanmean(left) == pytest.approx(0.0, abs=1e-4)
    corners = left[0, 5, 5], left[0, 5, 250], left[0, 250, 5], left[0, 250, 250]
    assert corners == pytest.approx(-found[0], abs=1e-3)


def test_a_quadrant_that_nobody_sees_is_left_out():
    image, _ = frames(1)
    image[0, 128:, 128:] = np.nan
    found = quadrant_offsets(image[0])
    assert np.isfinite(found).all() and quadrant_offsets(np.full((256, 256), np.nan)) == pytest.approx(np.zeros(4))
