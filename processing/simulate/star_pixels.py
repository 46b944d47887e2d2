"""A star of a raw frame on a stamp of pixels, and its derivatives by place: the PSF of ``starlight`` in formulas."""

import math

import numpy as np
from numba import njit

HALF = 6
"""Stamps reach so many pixels to each side of the star's pixel: 12 arcsec, nearly all that tells about a star."""

SIZE = 2 * HALF + 1
ROOT2, ROOT2PI = math.sqrt(2.0), math.sqrt(2.0 * math.pi)


@njit(cache=True, nogil=True)
def along(first, centre, sigma, share, slope):
    """Shares of a Gaussian in SIZE pixels from ``first`` on, and their derivatives by ``centre``."""
    u = (first - 0.5 - centre) / sigma
    before, height = math.erf(u / ROOT2), math.exp(-0.5 * u * u)
    for k in range(SIZE):
        u = (first + k + 0.5 - centre) / sigma
        after, next_height = math.erf(u / ROOT2), math.exp(-0.5 * u * u)
        share[k] = 0.5 * (after - before)
        slope[k] = -(next_height - height) / (ROOT2PI * sigma)
        before, height = after, next_height


@njit(cache=True, nogil=True)
def arm(first, centre, turn, share, slope):
    """The same for the light of a spike along its arms, in units of an arm."""
    for k in range(SIZE):
        low, high = first + k - 0.5 - centre, first + k + 0.5 - centre
        share[k] = high / (turn + abs(high)) - low / (turn + abs(low))
        slope[k] = turn / (turn + abs(low)) ** 2 - turn / (turn + abs(high)) ** 2


@njit(cache=True, nogil=True)
def add_product(stamp, factor, ax, sx, ay, sy):
    """Add factor times a product of shares to stamp[0], its derivatives by x and y to stamp[1] and stamp[2]."""
    for j in range(SIZE):
        for i in range(SIZE):
            stamp[0, j, i] += factor * ax[i] * ay[j]
            stamp[1, j, i] += factor * sx[i] * ay[j]
            stamp[2, j, i] += factor * ax[i] * sy[j]


@njit(cache=True, nogil=True)
def star_stamp(x, y, sigma, ex, ey, core, wings, spikes, turn, width, stamp):
    """Fill ``stamp`` (3, SIZE, SIZE) with a star of 1 DN at pixel x, y and its derivatives by x and y.

    ``sigma``, ``ex``, ``ey``: core and elongation; ``core``: its share; ``wings``: (n, 2) sigma and share; ``spikes``,
    ``turn``, ``width``: of the diffraction spikes. All in pixel. The stamp begins at round(x) - HALF, round(y) - HALF.
    """
    left, low = round(x) - HALF, round(y) - HALF
    ax, sx, ay, sy = np.empty(SIZE), np.empty(SIZE), np.empty(SIZE), np.empty(SIZE)
    stamp[:] = 0.0
    for sign in (-1.0, 1.0):
        along(left, x + sign * ex, sigma, ax, sx)
        along(low, y + sign * ey, sigma, ay, sy)
        add_product(stamp, 0.5 * core, ax, sx, ay, sy)
    for g in range(len(wings)):
        along(left, x, wings[g, 0], ax, sx)
        along(low, y, wings[g, 0], ay, sy)
        add_product(stamp, wings[g, 1], ax, sx, ay, sy)
    arm(left, x, turn, ax, sx)
    along(low, y, width, ay, sy)
    add_product(stamp, 0.25 * spikes, ax, sx, ay, sy)
    along(left, x, width, ax, sx)
    arm(low, y, turn, ay, sy)
    add_product(stamp, 0.25 * spikes, ax, sx, ay, sy)
