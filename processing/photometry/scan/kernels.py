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
def paint(images, frame, x, y, flux, key, delta, planes, wide, wide_radius, bright, far):
    """Add stars to ``images`` (n, ny, nx): arrays of one element an apparition.

    ``key`` changes where ``delta`` (n, 3) does. Stars are painted to ``FIT`` pixels; those whose ``bright`` is True to
    ``CORE``, those whose ``far`` is True to ``wide_radius`` as well, by the mean surface ``wide``.
    """
    _, ny, nx = images.shape
    core = np.empty((planes.shape[1], planes.shape[2]))
    n, m = 2 * CORE + 1, 2 * wide_radius + 1
    small, medium, large = np.empty((3, SIZE, SIZE)), np.empty((3, n, n)), np.empty((3, m, m))
    value, slope = np.empty((2 * KNOTS * wide_radius + 4, m)), np.empty((2 * KNOTS * wide_radius + 4, m))
    last = -1
    for a in range(frame.size):
        if flux[a] == 0.0:
            continue
        if key[a] != last:
            mix(planes, delta[a], core)
            last = key[a]
        cx, cy = int(np.rint(x[a])), int(np.rint(y[a]))
        image = images[frame[a]]
        if not bright[a]:
            stamp(core, CORE, x[a] - cx, y[a] - cy, FIT, small, value, slope, False)
            for j in range(max(0, FIT - cy), min(SIZE, ny - cy + FIT)):
                for i in range(max(0, FIT - cx), min(SIZE, nx - cx + FIT)):
                    image[cy - FIT + j, cx - FIT + i] += flux[a] * small[0, j, i]
            continue
        stamp(core, CORE, x[a] - cx, y[a] - cy, CORE, medium, value, slope, False)
        for j in range(max(0, CORE - cy), min(n, ny - cy + CORE)):
            for i in range(max(0, CORE - cx), min(n, nx - cx + CORE)):
                image[cy - CORE + j, cx - CORE + i] += flux[a] * medium[0, j, i]
        if not far[a]:
            continue
        stamp(wide, wide_radius, x[a] - cx, y[a] - cy, wide_radius, large, value, slope, False)
        w = wide_radius
        for j in range(max(0, w - cy), min(m, ny - cy + w)):
            for i in range(max(0, w - cx), min(m, nx - cx + w)):
                if abs(j - w) > CORE or abs(i - w) > CORE:
                    image[cy - w + j, cx - w + i] += flux[a] * large[0, j, i]


@numba.njit(cache=True)
def derivatives(frame, x, y, flux, key, delta, planes, jacobian, stamps):
    """Fill ``stamps`` (n, 3, SIZE, SIZE): derivatives of the image with flux, X and Y of the star.

    X, Y: the star's place on the strip; ``jacobian`` (frames, 2, 2): d(x, y)/d(X, Y) of each frame. Pixels outside the
    fitted circle are zero.
    """
    core = np.empty((planes.shape[1], planes.shape[2]))
    rows = 2 * KNOTS * FIT + 4
    out, value, slope = np.empty((3, SIZE, SIZE)), np.empty((rows, SIZE)), np.empty((rows, SIZE))
    last = -1
    for a in range(frame.size):
        if key[a] != last:
            mix(planes, delta[a], core)
            last = key[a]
        cx, cy = int(np.rint(x[a])), int(np.rint(y[a]))
        dx, dy = x[a] - cx, y[a] - cy
        stamp(core, CORE, dx, dy, FIT, out, value, slope, True)
        j00, j01, j10, j11 = (jacobian[frame[a], 0, 0], jacobian[frame[a], 0, 1], jacobian[frame[a], 1, 0],
                              jacobian[frame[a], 1, 1])  # fmt: skip
        for j in range(SIZE):
            for i in range(SIZE):
                if (i - FIT - dx) ** 2 + (j - FIT - dy) ** 2 > INSIDE:
                    stamps[a, 0, j, i], stamps[a, 1, j, i], stamps[a, 2, j, i] = 0.0, 0.0, 0.0
                    continue
                px, py = flux[a] * out[1, j, i], flux[a] * out[2, j, i]
                stamps[a, 0, j, i] = out[0, j, i]
                stamps[a, 1, j, i] = px * j00 + py * j10
                stamps[a, 2, j, i] = px * j01 + py * j11


@numba.njit(cache=True)
def information(weight, star, frame, x, y, key, delta, planes, out):
    """Add to ``out`` (stars,) the inverse variance of each star's flux, were it alone and in a known place, DN**-2."""
    _, ny, nx = weight.shape
    core = np.empty((planes.shape[1], planes.shape[2]))
    rows = 2 * KNOTS * FIT + 4
    light, value, slope = np.empty((3, SIZE, SIZE)), np.empty((rows, SIZE)), np.empty((rows, SIZE))
    last = -1
    for a in range(frame.size):
        if key[a] != last:
            mix(planes, delta[a], core)
            last = key[a]
        cx, cy = int(np.rint(x[a])), int(np.rint(y[a]))
        stamp(core, CORE, x[a] - cx, y[a] - cy, FIT, light, value, slope, False)
        total = 0.0
        for j in range(max(0, FIT - cy), min(SIZE, ny - cy + FIT)):
            for i in range(max(0, FIT - cx), min(SIZE, nx - cx + FIT)):
                total += weight[frame[a], cy - FIT + j, cx - FIT + i] * light[0, j, i] ** 2
        out[star[a]] += total


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
def gradients(data, image, weight, star, frame, x, y, stamps, gradient):
    """Add to ``gradient`` (stars, 3) the sums of weighted residuals, ``data`` less ``image``, times derivatives."""
    _, ny, nx = data.shape
    for a in range(frame.size):
        left, low = int(np.rint(x[a])) - FIT, int(np.rint(y[a])) - FIT
        s = star[a]
        g0, g1, g2 = 0.0, 0.0, 0.0
        for j in range(max(0, -low), min(SIZE, ny - low)):
            for i in range(max(0, -left), min(SIZE, nx - left)):
                k, m = low + j, left + i
                v = (data[frame[a], k, m] - image[frame[a], k, m]) * weight[frame[a], k, m]
                g0 += v * stamps[a, 0, j, i]
                g1 += v * stamps[a, 1, j, i]
                g2 += v * stamps[a, 2, j, i]
        gradient[s, 0] += g0
        gradient[s, 1] += g1
        gradient[s, 2] += g2


@numba.njit(cache=True)
def _block(weight, frame, left1, low1, stamps1, left2, low2, stamps2, out):
    """Add to ``out`` (3, 3) the coupling of two star images in one frame."""
    _, ny, nx = weight.shape
    for row in range(max(low1, low2, 0), min(low1 + SIZE, low2 + SIZE, ny)):
        for column in range(max(left1, left2, 0), min(left1 + SIZE, left2 + SIZE, nx)):
            w = weight[frame, row, column]
            if w == 0.0:
                continue
            j1, i1, j2, i2 = row - low1, column - left1, row - low2, column - left2
            for p in range(3):
                v = w * stamps1[p, j1, i1]
                for q in range(3):
                    out[p, q] += v * stamps2[q, j2, i2]


@numba.njit(cache=True)
def own_blocks(weight, star, frame, x, y, stamps, out):
    """Add to ``out`` (stars, 3, 3) each star's own part of the normal matrix."""
    for a in range(frame.size):
        left, low = int(np.rint(x[a])) - FIT, int(np.rint(y[a])) - FIT
        _block(weight, frame[a], left, low, stamps[a], left, low, stamps[a], out[star[a]])


@numba.njit(cache=True)
def pair_blocks(weight, pairs, begin, order, frame, x, y, stamps, out):
    """Add to ``out`` (k, 3, 3) what couples the stars of ``pairs`` (k, 2).

    ``begin`` (stars + 1,), ``order``: the apparitions of star s are ``order[begin[s]:begin[s + 1]]``, by frame.
    """
    for k in range(len(pairs)):
        s, t = pairs[k, 0], pairs[k, 1]
        i, j = begin[s], begin[t]
        while i < begin[s + 1] and j < begin[t + 1]:
            a, b = order[i], order[j]
            if frame[a] < frame[b]:
                i += 1
            elif frame[b] < frame[a]:
                j += 1
            else:
                _block(weight, frame[a], int(np.rint(x[a])) - FIT, int(np.rint(y[a])) - FIT, stamps[a],
                       int(np.rint(x[b])) - FIT, int(np.rint(y[b])) - FIT, stamps[b], out[k])  # fmt: skip
                i += 1
                j += 1


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
def misfits(residual, image, usable, noise, electrons, star, frame, x, y, reach, left, expected, light):
    """Add to arrays (stars,) the squares of residuals within ``reach`` pixels (square), what noise gives, and the squares
    of the stars' light ``image``: DN**2."""
    _, ny, nx = residual.shape
    for a in range(frame.size):
        cx, cy = int(np.rint(x[a])), int(np.rint(y[a]))
        for j in range(max(0, cy - reach), min(ny, cy + reach + 1)):
            for i in range(max(0, cx - reach), min(nx, cx + reach + 1)):
                if usable[frame[a], j, i]:
                    v = max(image[frame[a], j, i], np.float32(0.0))
                    left[star[a]] += residual[frame[a], j, i] ** 2
                    expected[star[a]] += noise[frame[a]] ** 2 + v / electrons
                    light[star[a]] += v * v


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
