"""Frames to an Atlas Image: every 2" pixel spread over the 1" grid by a kernel, averaged by coverage.

The original kernel is not in the readable documents. This one is linear interpolation (a triangle that reaches one
frame pixel to each side) smoothed with a box. Its weights on the frame's lattice always sum to 1 and have no first
moment, so it keeps flux and positions. The width of the box, the one free number, follows from the noise correlation
of the real images (tests/test_noise.py), and then the noise falls by k_z = 1.7, the factor that the survey used.
"""

import numpy as np
from numba import njit


def kernel_variance(pixel, box):
    """Variance per axis of the kernel for a frame pixel and a smoothing box, arcsec2."""
    return pixel**2 / 6 + box**2 / 12


@njit(cache=True)
def kernel(distance, pixel, box):
    """Weight at a distance (same unit as ``pixel`` and ``box``) along one axis."""
    half = 0.5 * box
    return (_triangle_integral(distance + half, pixel) - _triangle_integral(distance - half, pixel)) / box


@njit(cache=True)
def _triangle_integral(x, pixel):
    """Integral from 0 to ``x`` of the triangle 1 - |x| / pixel."""
    t = min(abs(x), pixel)
    return (t - 0.5 * t * t / pixel) * (1.0 if x > 0 else -1.0)


@njit(cache=True)
def drop(total, weight, frame, affine, pixel, box):
    """Spread ``frame`` over the grid: adds kernel * value to ``total`` and kernel to ``weight``, both (ny, nx).

    ``affine`` (6,): column and row of frame pixel (i, j) on the grid are a0 + a1 i + a2 j and a3 + a4 i + a5 j.
    ``pixel``, ``box``: the kernel, in grid pixels. NaN pixels of the frame are left out.
    """
    ny, nx = total.shape
    reach = pixel + 0.5 * box
    across = np.empty(int(2 * reach) + 2)
    for j in range(frame.shape[0]):
        for i in range(frame.shape[1]):
            value = frame[j, i]
            if np.isnan(value):
                continue
            x = affine[0] + affine[1] * i + affine[2] * j
            y = affine[3] + affine[4] * i + affine[5] * j
            left, right = max(int(np.ceil(x - reach)), 0), min(int(np.floor(x + reach)) + 1, nx)
            for col in range(left, right):
                across[col - left] = kernel(col - x, pixel, box)
            for row in range(max(int(np.ceil(y - reach)), 0), min(int(np.floor(y + reach)) + 1, ny)):
                up = kernel(row - y, pixel, box)
                for col in range(left, right):
                    total[row, col] += up * across[col - left] * value
                    weight[row, col] += up * across[col - left]


class Coadd:
    """An image in the making, ``shape`` (rows, columns): the mean of the frames that see all of a pixel's kernel.

    A frame whose edge or masked pixels cut the kernel short would pull the mean to one side, so it is left out there.
    """

    def __init__(self, shape, pixel, box):
        self.total, self.coverage = np.zeros(shape), np.zeros(shape, int)
        self.pixel, self.box = pixel, box

    def add(self, frame, affine):
        """Resample a frame (see drop) and add it."""
        first, last = self._rows(frame, affine)
        if first >= last:
            return
        total, weight = np.zeros((2, last - first, self.total.shape[1]))
        shifted = affine - np.array([0, 0, 0, first, 0, 0])
        drop(total, weight, frame, shifted, self.pixel, self.box)
        whole = weight > 0.99
        self.total[first:last][whole] += total[whole] / weight[whole]
        self.coverage[first:last] += whole

    def _rows(self, frame, affine):
        rows, columns = frame.shape
        corners = affine[3] + np.add.outer([0, affine[4] * columns], [0, affine[5] * rows])
        reach = self.pixel + self.box
        return max(int(corners.min() - reach), 0), min(int(corners.max() + reach) + 1, self.total.shape[0])

    def image(self, least=3):
        """The image, NaN where fewer than ``least`` frames looked."""
        seen = self.coverage >= least
        return np.where(seen, self.total / np.where(seen, self.coverage, 1), np.nan)
