"""The compiled inner loops of the simultaneous fit: paint stars, collect their derivatives, fill the normal matrix."""

import numba
import numpy as np

from processing.photometry.spline_psf import evaluate


@numba.njit(cache=True)
def paint(image, x, y, flux, radius, coefficients, psf_radius):
    """Add stars to ``image`` (ny, nx): fluxes at 0-based pixel positions, each out to its own ``radius`` (pixels)."""
    ny, nx = image.shape
    for s in range(x.size):
        r = radius[s]
        n = 2 * r + 1
        cx, cy = int(np.rint(x[s])), int(np.rint(y[s]))
        stamp = np.empty((3, n, n))
        evaluate(coefficients, psf_radius, x[s] - cx, y[s] - cy, r, stamp)
        for j in range(max(0, r - cy), min(n, ny - cy + r)):
            for i in range(max(0, r - cx), min(n, nx - cx + r)):
                image[cy - r + j, cx - r + i] += flux[s] * stamp[0, j, i]


@numba.njit(cache=True)
def derivatives(x, y, flux, radius, coefficients, psf_radius):
    """Derivative of the image with each star's flux, x and y on its fit area: (n, 3, m, m), m = 2 radius + 1.

    The second result holds the lower left pixel (x, y) of each area. Pixels farther than ``radius`` + 0.5 are zero.
    """
    m = 2 * radius + 1
    out = np.zeros((x.size, 3, m, m))
    corner = np.empty((x.size, 2), np.int64)
    for s in range(x.size):
        cx, cy = int(np.rint(x[s])), int(np.rint(y[s]))
        corner[s, 0], corner[s, 1] = cx - radius, cy - radius
        evaluate(coefficients, psf_radius, x[s] - cx, y[s] - cy, radius, out[s])
        for j in range(m):
            for i in range(m):
                d2 = (cx - radius + i - x[s]) ** 2 + (cy - radius + j - y[s]) ** 2
                inside = 1.0 if d2 <= (radius + 0.5) ** 2 else 0.0
                out[s, 0, j, i] *= inside
                out[s, 1, j, i] *= inside * flux[s]
                out[s, 2, j, i] *= inside * flux[s]
    return out, corner


@numba.njit(cache=True)
def project(image, stamps, corner):
    """Sum of ``image`` times each derivative stamp: (n, 3)."""
    ny, nx = image.shape
    n, _, m, _ = stamps.shape
    out = np.zeros((n, 3))
    for s in range(n):
        x0, y0 = corner[s]
        for j in range(max(0, -y0), min(m, ny - y0)):
            for i in range(max(0, -x0), min(m, nx - x0)):
                v = image[y0 + j, x0 + i]
                out[s, 0] += v * stamps[s, 0, j, i]
                out[s, 1] += v * stamps[s, 1, j, i]
                out[s, 2] += v * stamps[s, 2, j, i]
    return out


@numba.njit(cache=True)
def pair_block(weight, stamps, corner, s, t, out):
    """The 3 x 3 block of the normal matrix that couples stars ``s`` and ``t``, into ``out``."""
    ny, nx = weight.shape
    m = stamps.shape[2]
    xs, ys = corner[s]
    xt, yt = corner[t]
    out[:] = 0.0
    for row in range(max(ys, yt, 0), min(ys + m, yt + m, ny)):
        for column in range(max(xs, xt, 0), min(xs + m, xt + m, nx)):
            w = weight[row, column]
            for a in range(3):
                v = w * stamps[s, a, row - ys, column - xs]
                for b in range(3):
                    out[a, b] += v * stamps[t, b, row - yt, column - xt]


@numba.njit(cache=True)
def own_blocks(weight, stamps, corner):
    """The diagonal 3 x 3 blocks of the normal matrix: (n, 3, 3)."""
    n = stamps.shape[0]
    out = np.zeros((n, 3, 3))
    for s in range(n):
        pair_block(weight, stamps, corner, s, s, out[s])
    return out


@numba.njit(cache=True)
def pair_blocks(weight, stamps, corner, pairs):
    """The blocks of the normal matrix that couple ``pairs`` (k, 2) of stars: (k, 3, 3)."""
    out = np.zeros((len(pairs), 3, 3))
    for k in range(len(pairs)):
        pair_block(weight, stamps, corner, pairs[k, 0], pairs[k, 1], out[k])
    return out
