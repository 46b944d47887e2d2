"""Positions of stars on undersampled frames: fit of a Gaussian integrated over the pixels.

A star has half of its light in one or two pixels, so that moments are off by up to a tenth of a pixel, depending on
where in the pixel it lies. The fit compares what each *pixel* holds; what remains of this pixel-phase error, because
the PSF is no Gaussian, is the same for all stars and is solved for with the scan (see adjust).
"""

import math

import numba
import numpy as np

HALF = 2
"""The fit uses the pixels up to this far from the brightest one: 5 x 5."""

ROUNDS = 12
ROOT2 = math.sqrt(2.0)


@numba.njit(cache=True)
def profile(centre, width, value, slope, spread):
    """Light of a Gaussian in pixels -HALF..HALF, its derivative with ``centre`` and with ``width``, into the arrays."""
    norm = 1.0 / (width * math.sqrt(2.0 * math.pi))
    edge = -HALF - 0.5 - centre
    before, before_g = math.erf(edge / (width * ROOT2)), norm * math.exp(-0.5 * (edge / width) ** 2)
    for i in range(2 * HALF + 1):
        after_edge = edge + 1.0
        after = math.erf(after_edge / (width * ROOT2))
        after_g = norm * math.exp(-0.5 * (after_edge / width) ** 2)
        value[i] = 0.5 * (after - before)
        slope[i] = before_g - after_g
        spread[i] = (edge * before_g - after_edge * after_g) / width
        edge, before, before_g = after_edge, after, after_g


@numba.njit(cache=True)
def fit_star(image, usable, column, row, width, noise, gain, free_width, out):
    """Fit flux, x, y, background (and width) around the pixel ``row``, ``column``; True when it converged.

    ``out`` (8,): x, y (pixel), flux (DN), errors of x, y, flux, reduced chi-square, width (pixel).
    ``noise``: DN, of a pixel without star; ``gain``: electron/DN; pixels with ``usable`` False are left out.
    """
    n = 2 * HALF + 1
    terms = 5 if free_width else 4
    x, y, flux, level = 0.0, 0.0, 0.0, 0.0
    for j in range(-1, 2):
        for i in range(-1, 2):
            flux += max(image[row + j, column + i], 0.0)
    px, dx, wx = np.empty(n), np.empty(n), np.empty(n)
    py, dy, wy = np.empty(n), np.empty(n), np.empty(n)
    part = np.empty(terms)
    normal, right = np.empty((terms, terms)), np.empty(terms)
    for _ in range(ROUNDS):
        profile(x, width, px, dx, wx)
        profile(y, width, py, dy, wy)
        normal[:] = 0.0
        right[:] = 0.0
        chi2, used = 0.0, 0
        for j in range(n):
            for i in range(n):
                if not usable[row + j - HALF, column + i - HALF]:
                    continue
                shape = px[i] * py[j]
                weight = 1.0 / (noise * noise + max(flux * shape, 0.0) / gain)
                residual = image[row + j - HALF, column + i - HALF] - flux * shape - level
                part[0], part[1], part[2], part[3] = shape, flux * dx[i] * py[j], flux * px[i] * dy[j], 1.0
                if free_width:
                    part[4] = flux * (wx[i] * py[j] + px[i] * wy[j])
                chi2 += weight * residual * residual
                used += 1
                for a in range(terms):
                    right[a] += weight * residual * part[a]
                    for b in range(terms):
                        normal[a, b] += weight * part[a] * part[b]
        if used < 12:
            return False
        for a in range(terms):
            normal[a, a] *= 1.0 + 1e-9
        if not abs(np.linalg.det(normal)) > 0.0:
            return False
        covariance = np.linalg.inv(normal)
        step = covariance @ right
        flux += step[0]
        x += min(max(step[1], -0.4), 0.4)
        y += min(max(step[2], -0.4), 0.4)
        level += step[3]
        if free_width:
            width = min(max(width + min(max(step[4], -0.1), 0.1), 0.2), 2.0)
        if not (flux > 0.0 and abs(x) < 1.5 and abs(y) < 1.5):
            return False
        if abs(step[1]) + abs(step[2]) < 1e-4:
            out[0], out[1], out[2] = column + x, row + y, flux
            for a in range(3):
                out[3 + a] = math.sqrt(covariance[(a + 1) % 3, (a + 1) % 3])
            out[6], out[7] = chi2 / (used - terms), width
            return True
    return False


@numba.njit(cache=True)
def peaks(image, usable, level, noise, peak, total, most):
    """Rows and columns of the ``most`` brightest local maxima: (m, 2), brightest first.

    A maximum exceeds ``peak`` times ``noise`` (DN) above ``level`` (DN), the 3 x 3 pixels around it hold ``total``
    times the noise of their sum, and all of them are usable (Explanatory Supplement, section IV.4a).
    """
    ny, nx = image.shape
    place, light = [(0, 0)], [0.0]
    for j in range(HALF, ny - HALF):
        for i in range(HALF, nx - HALF):
            top = image[j, i]
            if not top > level + peak * noise or not usable[j, i]:
                continue
            good, around = True, 0.0
            for b in range(-1, 2):
                for a in range(-1, 2):
                    value = image[j + b, i + a]
                    first = b < 0 or (b == 0 and a < 0)
                    if not usable[j + b, i + a] or value > top or (first and value == top):
                        good = False
                    around += value - level
            if good and around > total * 3.0 * noise:
                place.append((j, i))
                light.append(around)
    order = np.argsort(-np.array(light[1:]))[:most]
    out = np.empty((len(order), 2), np.int64)
    for k in range(len(order)):
        out[k, 0], out[k, 1] = place[order[k] + 1]
    return out
