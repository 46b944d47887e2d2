"""The compiled inner loops of the fit on single frames: the local PSF, its stamps, residuals, normal equations.

Frames are undersampled, so the PSF surface has four knots a pixel. Where it changes over the field and in time it is
put together for each cell of a frame from ten planes of coefficients (see psf.FramePSF). Apparitions come sorted by
frame and cell, so that each cell's surface is made once.
"""

import numba
import numpy as np

from processing.photometry.spline_psf import weights as spline_weights

KNOTS = 4
"""Knots a pixel: a star image of 0.3 pixel (sigma) behind square pixels is represented to 0.1% of its flux."""

CORE = 4
"""Radius in pixels of the part of the PSF that changes over field and time."""

FIT = 3
"""Radius in pixels of the area that is fitted: 6 arcsec."""

SIZE = 2 * FIT + 1
INSIDE = (FIT + 0.4) ** 2

CORE_SIZE = 2 * KNOTS * CORE + 5
"""Coefficients an axis of the core planes."""


@numba.njit(cache=True)
def mix(planes, delta, out):
    """The surface for the width changes ``delta`` (3,): the Taylor series of exp(delta . D) to second order."""
    a, b, c = delta[0], delta[1], delta[2]
    n = out.size
    flat = planes.reshape(planes.shape[0], n)
    target = out.reshape(n)
    aa, ab, ac, bb, bc, cc = 0.5 * a * a, a * b, a * c, 0.5 * b * b, b * c, 0.5 * c * c
    for i in range(n):
        target[i] = (flat[0, i] + a * flat[1, i] + b * flat[2, i] + c * flat[3, i] + aa * flat[4, i] + ab * flat[5, i]
                     + ac * flat[6, i] + bb * flat[7, i] + bc * flat[8, i] + cc * flat[9, i])  # fmt: skip


@numba.njit(cache=True)
def stamp(surface, surface_radius, x_offset, y_offset, radius, out, value, slope, with_slopes):
    """PSF, and its derivatives with the star's x and y, on (2 radius + 1)**2 pixels, into ``out`` (3, n, n).

    ``value``, ``slope``: scratch of at least (2 KNOTS radius + 4, n). Offsets within one pixel; ``radius`` at most
    ``surface_radius``.
    """
    wx, sx, wy, sy = np.empty(4), np.empty(4), np.empty(4), np.empty(4)
    bx = spline_weights(x_offset, KNOTS, wx, sx)
    by = spline_weights(y_offset, KNOTS, wy, sy)
    n = 2 * radius + 1
    size = surface.shape[0]
    x0 = KNOTS * (surface_radius - radius) + bx + 1
    y0 = KNOTS * (surface_radius - radius) + by + 1
    rows = 2 * KNOTS * radius + 4
    inner = x0 >= 0 and x0 + KNOTS * (n - 1) + 3 < size
    for j in range(rows):
        row = y0 + j
        if row < 0 or row >= size or not inner:
            for i in range(n):
                value[j, i] = 0.0
                slope[j, i] = 0.0
            if row < 0 or row >= size:
                continue
            for i in range(n):
                for k in range(4):
                    column = x0 + KNOTS * i + k
                    if 0 <= column < size:
                        value[j, i] += wx[k] * surface[row, column]
                        slope[j, i] += sx[k] * surface[row, column]
            continue
        for i in range(n):
            c = x0 + KNOTS * i
            a, b, d, e = surface[row, c], surface[row, c + 1], surface[row, c + 2], surface[row, c + 3]
            value[j, i] = wx[0] * a + wx[1] * b + wx[2] * d + wx[3] * e
            if with_slopes:
                slope[j, i] = sx[0] * a + sx[1] * b + sx[2] * d + sx[3] * e
    for j in range(n):
        r = KNOTS * j
        for i in range(n):
            a, b, d, e = value[r, i], value[r + 1, i], value[r + 2, i], value[r + 3, i]
            out[0, j, i] = wy[0] * a + wy[1] * b + wy[2] * d + wy[3] * e
            if with_slopes:
                out[2, j, i] = sy[0] * a + sy[1] * b + sy[2] * d + sy[3] * e
                a, b, d, e = slope[r, i], slope[r + 1, i], slope[r + 2, i], slope[r + 3, i]
                out[1, j, i] = wy[0] * a + wy[1] * b + wy[2] * d + wy[3] * e


@numba.njit(cache=True)
def unusable_near(usable, star, frame, x, y, reach, out):
    """Add to ``out`` (stars,) on how many frames a pixel within ``reach`` (square) of a star is not usable."""
    _, ny, nx = usable.shape
    for a in range(frame.size):
        cx, cy = int(np.rint(x[a])), int(np.rint(y[a]))
        bad = False
        for j in range(max(0, cy - reach), min(ny, cy + reach + 1)):
            for i in range(max(0, cx - reach), min(nx, cx + reach + 1)):
                bad = bad or not usable[frame[a], j, i]
        out[star[a]] += bad


@numba.njit(cache=True)
def chi_squares(residual, weight, star, frame, x, y, radius, total, pixels):
    """Add to ``total`` and ``pixels`` (stars,) the weighted squares of the residuals within ``radius`` pixels."""
    _, ny, nx = residual.shape
    reach = int(np.ceil(radius))
    for a in range(frame.size):
        cx, cy = int(np.rint(x[a])), int(np.rint(y[a]))
        for j in range(max(0, cy - reach), min(ny, cy + reach + 1)):
            for i in range(max(0, cx - reach), min(nx, cx + reach + 1)):
                w = weight[frame[a], j, i]
                if w > 0.0 and (i - x[a]) ** 2 + (j - y[a]) ** 2 <= radius * radius:
                    total[star[a]] += w * residual[frame[a], j, i] ** 2
                    pixels[star[a]] += 1


@numba.njit(cache=True)
def weights(model, usable, noise, electrons, profile_error, out):
    """Fill ``out`` with the weights of the fit, DN**-2; 0 where ``usable`` is False.

    ``noise`` (n,): DN; ``profile_error``: of the PSF in units of itself.
    """
    n, ny, nx = model.shape
    for k in range(n):
        floor = np.float32(noise[k] * noise[k])
        empty = np.float32(1.0) / floor
        photons, profile = np.float32(1.0 / electrons), np.float32(profile_error * profile_error)
        for j in range(ny):
            for i in range(nx):
                light = model[k, j, i]
                if not usable[k, j, i]:
                    out[k, j, i] = np.float32(0.0)
                elif light <= np.float32(0.0):
                    out[k, j, i] = empty
                else:
                    out[k, j, i] = np.float32(1.0) / (floor + light * (photons + profile * light))


@numba.njit(cache=True)
def spreads(model, weight, noise, electrons, out):
    """Fill ``out`` with weight**2 times the variance of the noise, DN**-2."""
    n, ny, nx = model.shape
    for k in range(n):
        floor, photons = np.float32(noise[k] * noise[k]), np.float32(1.0 / electrons)
        for j in range(ny):
            for i in range(nx):
                w = weight[k, j, i]
                out[k, j, i] = w * w * (floor + max(model[k, j, i], np.float32(0.0)) * photons)
