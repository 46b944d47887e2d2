"""The point spread function as a surface of cubic B-splines with two knots a pixel.

The surface is the *effective* PSF of Anderson & King (2000, PASP 112, 1360): optics, pixel and resampling together, as
a function of the distance from the star. Its value at a pixel's centre is the fraction of the star's flux in that
pixel. With knots at half pixels the four weights an axis are the same for all pixels of a star, which makes evaluation,
its derivatives and the fit of the surface itself cheap.
"""

from dataclasses import dataclass

import numba
import numpy as np
from scipy import ndimage

KNOTS = 2
"""Knots a pixel."""


@dataclass(frozen=True)
class SplinePSF:
    """Coefficients of the surface, shape (m, m) with m = 2 KNOTS radius + 5; zero beyond ``radius`` pixels."""

    coefficients: np.ndarray
    radius: int

    def stamp(self, x_offset, y_offset, radius=None):
        """The PSF on (2 radius + 1)**2 pixels for a star off the central pixel's centre by the two offsets."""
        radius = self.radius if radius is None else radius
        out = np.empty((3, 2 * radius + 1, 2 * radius + 1))
        evaluate(self.coefficients, self.radius, x_offset, y_offset, radius, out)
        return out[0]

    def fwhm(self):
        """Full width at half maximum in pixels: the diameter of the circle with the area above half the peak."""
        step = 0.1
        grid = np.arange(-0.5, 0.5, step) + step / 2
        peak = self.stamp(0.0, 0.0)[self.radius, self.radius]
        above = sum((self.stamp(dx, dy) > peak / 2).sum() for dx in grid for dy in grid)
        return 2 * np.sqrt(above * step**2 / np.pi)

    def normalised(self):
        """The same with unit sum over the pixels, averaged over the positions of the star within a pixel."""
        return self.scaled(KNOTS**2 / self.coefficients.sum())

    def scaled(self, factor):
        """The same with so many times the light."""
        return SplinePSF(self.coefficients * factor, self.radius)


def grid_size(radius):
    """Number of coefficients an axis."""
    return 2 * KNOTS * radius + 5


@numba.njit(cache=True)
def weights(offset, knots, value, slope):
    """Fill the four B-spline weights and slopes (a pixel) for a star at ``offset``; returns the first knot's shift.

    A pixel at distance d = i - offset from the star has spline coordinate knots d (``knots`` a pixel); with f its fractional part the four
    knots around it have the classical cubic weights.
    """
    t = -knots * offset
    base = int(np.floor(t))
    f = t - base
    g = 1.0 - f
    value[0] = g * g * g / 6.0
    value[1] = (3.0 * f * f * f - 6.0 * f * f + 4.0) / 6.0
    value[2] = (3.0 * g * g * g - 6.0 * g * g + 4.0) / 6.0
    value[3] = f * f * f / 6.0
    # d/d(offset) = -knots d/df
    slope[0] = knots * g * g / 2.0
    slope[1] = -knots * (3.0 * f * f - 4.0 * f) / 2.0
    slope[2] = knots * (3.0 * g * g - 4.0 * g) / 2.0
    slope[3] = -knots * f * f / 2.0
    return base


@numba.njit(cache=True)
def evaluate(coefficients, psf_radius, x_offset, y_offset, radius, out):
    """PSF and its derivatives with the star's x and y on (2 radius + 1)**2 pixels, into ``out`` (3, n, n).

    ``radius`` may not exceed ``psf_radius``; offsets lie within one pixel.
    """
    wx, sx = np.empty(4), np.empty(4)
    wy, sy = np.empty(4), np.empty(4)
    bx = weights(x_offset, KNOTS, wx, sx)
    by = weights(y_offset, KNOTS, wy, sy)
    n = 2 * radius + 1
    size = coefficients.shape[0]
    x0 = KNOTS * (psf_radius - radius) + bx + 1
    y0 = KNOTS * (psf_radius - radius) + by + 1
    rows = KNOTS * 2 * radius + 4
    value = np.zeros((rows, n))
    slope = np.zeros((rows, n))
    for j in range(rows):
        row = y0 + j
        if row < 0 or row >= size:
            continue
        for i in range(n):
            v = 0.0
            s = 0.0
            for k in range(4):
                column = x0 + KNOTS * i + k
                if 0 <= column < size:
                    c = coefficients[row, column]
                    v += wx[k] * c
                    s += sx[k] * c
            value[j, i] = v
            slope[j, i] = s
    for j in range(n):
        for i in range(n):
            p = 0.0
            dx = 0.0
            dy = 0.0
            for k in range(4):
                p += wy[k] * value[KNOTS * j + k, i]
                dx += wy[k] * slope[KNOTS * j + k, i]
                dy += sy[k] * value[KNOTS * j + k, i]
            out[0, j, i] = p
            out[1, j, i] = dx
            out[2, j, i] = dy


def whitened_psf(psf, kernel):
    """The PSF of an image convolved with ``kernel`` (pixels, odd length) along both axes; its sum is not 1 any more."""
    spaced = np.zeros(KNOTS * (len(kernel) - 1) + 1)
    spaced[::KNOTS] = kernel
    rows = ndimage.correlate1d(psf.coefficients, spaced, axis=0, mode="constant")
    return SplinePSF(ndimage.correlate1d(rows, spaced, axis=1, mode="constant"), psf.radius)
