"""Frames to an Atlas Image: every 2" pixel spread over the 1" grid by a kernel, averaged by coverage.

The original kernel is not in the readable documents. This one, a paraboloid 1 - (r/R)^2 with R = 2.1", was found by
comparing the noise correlation that it implies with the one measured on the real images (see tests/test_noise.py).
"""

import numpy as np
from numba import njit


def kernel_variance(radius):
    """Variance per axis of the paraboloid kernel of the given radius, in its unit squared."""
    return radius**2 / 6


@njit(cache=True)
def drop(total, weight, frame, affine, radius):
    """Spread ``frame`` over the grid: adds kernel * value to ``total`` and kernel to ``weight``, both (ny, nx).

    ``affine`` (6,): column and row of frame pixel (i, j) on the grid are a0 + a1 i + a2 j and a3 + a4 i + a5 j.
    NaN pixels of the frame are left out. ``radius`` in grid pixels.
    """
    ny, nx = total.shape
    for j in range(frame.shape[0]):
        for i in range(frame.shape[1]):
            value = frame[j, i]
            if math_isnan(value):
                continue
            x = affine[0] + affine[1] * i + affine[2] * j
            y = affine[3] + affine[4] * i + affine[5] * j
            for row in range(max(int(np.ceil(y - radius)), 0), min(int(np.floor(y + radius)) + 1, ny)):
                for col in range(max(int(np.ceil(x - radius)), 0), min(int(np.floor(x + radius)) + 1, nx)):
                    k = 1.0 - ((col - x) ** 2 + (row - y) ** 2) / radius**2
                    if k > 0.0:
                        total[row, col] += k * value
                        weight[row, col] += k


@njit(cache=True)
def math_isnan(value):
    """True for NaN; a comparison that survives numba's fast paths."""
    return value != value


def average(total, weight, least=0.5):
    """The image: ``total / weight``, NaN where the coverage is under ``least`` of the median coverage."""
    covered = weight > least * np.median(weight)
    return np.where(covered, total / np.where(covered, weight, 1), np.nan)
