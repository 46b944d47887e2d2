"""Offsets of the four quadrants of an array, new in each read, seen where the quadrants of a frame meet.

A faint galaxy that covers a few hundred pixels is as faint as these offsets, which a frame's one level leaves in.
"""

import numpy as np

STRIPE = 8
"""Pixels on each side of a border whose medians are compared: more have less noise, but structure of the sky too."""

FEWEST = 200
"""Usable pixels of a stripe of ``STRIPE`` by half the array."""

PAIRS = ((0, 1), (2, 3), (0, 2), (1, 3))
"""Quadrants that meet, numbered 2 * (upper half) + (right half)."""


def without_offsets(image):
    """Frames (n, ny, nx) without the offsets of their quadrants, whose mean is 0: float32, NaN stays."""
    image, half = image.copy(), np.array(image.shape[1:]) // 2
    for frame in image:
        offsets = quadrant_offsets(frame)
        for number, quadrant in enumerate(_quadrants(frame, half)):
            quadrant -= np.float32(offsets[number])
    return image


def quadrant_offsets(frame):
    """Offsets of the quadrants of a frame, mean 0: (4,), DN; least squares of the steps across the borders."""
    steps, rows = [0.0], [np.ones(4)]
    for (low, high), (below, above) in zip(PAIRS, _stripes(frame)):
        if min(np.isfinite(below).sum(), np.isfinite(above).sum()) >= FEWEST:
            steps.append(np.nanmedian(above) - np.nanmedian(below))
            rows.append(np.eye(4)[high] - np.eye(4)[low])
    return np.linalg.lstsq(np.array(rows), np.array(steps), rcond=None)[0]


def _quadrants(frame, half):
    j, i = half
    return frame[:j, :i], frame[:j, i:], frame[j:, :i], frame[j:, i:]


def _stripes(frame):
    """Pixels on both sides of the borders, in the order of PAIRS."""
    j, i = np.array(frame.shape) // 2
    left, right, low, high = (np.s_[i - STRIPE:i], np.s_[i:i + STRIPE], np.s_[j - STRIPE:j], np.s_[j:j + STRIPE])
    yield frame[:j, left], frame[:j, right]
    yield frame[j:, left], frame[j:, right]
    yield frame[low, :i], frame[high, :i]
    yield frame[low, i:], frame[high, i:]
