"""Light within ellipses, with the exact part of every pixel inside, and its error where the noise is correlated.

The noise of an Atlas Image is shared between neighbours (detect.noise), so that the variance of a sum is the sum over
all shifts of the correlation at that shift times the area that the ellipse and the shifted one have in common: exact,
for small apertures as for large ones, where the usual factor for many pixels overrates the rim's share.
"""

import numba
import numpy as np

from processing.config import survey
from processing.extended.field import Mask

HIDDEN = Mask.HIDDEN

OFF = 128
"""Bit of an ellipse that leaves the stamp, beside those of ``field.Mask``."""


@numba.njit(cache=True, nogil=True)
def ellipse_sums(images, masks, x, y, radii, ratios, angle):
    """Light in ellipses about one place, in several bands at once.

    Parameters
    ----------
    images : ndarray, (bands, ny, nx), float64, DN, no NaN
    masks : ndarray of uint8, the same shape, field.Mask
    x, y : float, pixel
    radii, ratios : ndarray, (n,), semi-major axes, pixel, and their axis ratios
    angle : float, rad, of the major axis from +x towards +y

    Returns
    -------
    sums, masked : ndarray, (bands, n): DN, and pixels that do not count themselves (Mask.HIDDEN)
    areas : ndarray, (n,), pixel
    bits : ndarray of int64, (bands, n): what the pixels with a mask are; OFF where the ellipse leaves the image
    """
    bands, ny, nx = images.shape
    n = radii.size
    sums, masked, bits = np.zeros((bands, n)), np.zeros((bands, n)), np.zeros((bands, n), np.int64)
    areas = np.zeros(n)
    cos, sin = np.cos(angle), np.sin(angle)
    for k in range(n):
        a, b = radii[k], radii[k] * ratios[k]
        wide, high = np.sqrt((a * cos) ** 2 + (b * sin) ** 2), np.sqrt((a * sin) ** 2 + (b * cos) ** 2)
        left, right = int(np.floor(x - wide + 0.5)), int(np.floor(x + wide + 0.5))
        low, top = int(np.floor(y - high + 0.5)), int(np.floor(y + high + 0.5))
        if left < 0 or low < 0 or right >= nx or top >= ny:
            for band in range(bands):
                bits[band, k] |= OFF
        for j in range(max(low, 0), min(top, ny - 1) + 1):
            for i in range(max(left, 0), min(right, nx - 1) + 1):
                part = part_inside(i - x, j - y, a, b, cos, sin)
                if part > 0.0:
                    areas[k] += part
                    for band in range(bands):
                        sums[band, k] += part * images[band, j, i]
                        if masks[band, j, i]:
                            bits[band, k] |= masks[band, j, i]
                            if masks[band, j, i] & HIDDEN:
                                masked[band, k] += part
    return sums, masked, areas, bits


@numba.njit(cache=True, nogil=True)
def part_inside(dx, dy, a, b, cos, sin):
    """Part of a pixel's area inside an ellipse about (0, 0), its middle at ``dx``, ``dy``: exact."""
    u, v = (dx * cos + dy * sin) / a, (dy * cos - dx * sin) / b
    distance, margin = np.sqrt(u * u + v * v), 0.7072 / b
    if distance <= 1.0 - margin:
        return 1.0
    if distance >= 1.0 + margin:
        return 0.0
    half_x, half_y = 0.5 * cos / a, 0.5 * sin / a
    up_x, up_y = 0.5 * sin / b, 0.5 * cos / b
    cu = (u - half_x - half_y, u + half_x - half_y, u + half_x + half_y, u - half_x + half_y)
    cv = (v + up_x - up_y, v - up_x - up_y, v - up_x + up_y, v + up_x + up_y)
    area = 0.0
    for k in range(4):
        area += _sector(cu[k], cv[k], cu[(k + 1) % 4], cv[(k + 1) % 4])
    return min(max(area * a * b, 0.0), 1.0)


@numba.njit(cache=True, nogil=True)
def _sector(x1, y1, x2, y2):
    """Signed area that the unit disc and the triangle of its centre and two points have in common."""
    dx, dy = x2 - x1, y2 - y1
    length = dx * dx + dy * dy
    if length == 0.0:
        return 0.0
    middle = -(x1 * dx + y1 * dy) / length
    height = (x1 * dy - y1 * dx) ** 2 / length
    if height >= 1.0:
        return 0.5 * _turn(x1, y1, x2, y2)
    reach = np.sqrt((1.0 - height) / length)
    enter, leave = max(middle - reach, 0.0), min(middle + reach, 1.0)
    if enter >= leave:
        return 0.5 * _turn(x1, y1, x2, y2)
    px, py, qx, qy = x1 + enter * dx, y1 + enter * dy, x1 + leave * dx, y1 + leave * dy
    return 0.5 * (_turn(x1, y1, px, py) + px * qy - py * qx + _turn(qx, qy, x2, y2))


@numba.njit(cache=True, nogil=True)
def _turn(x1, y1, x2, y2):
    """Angle from one direction to another, rad."""
    return np.arctan2(x1 * y2 - y1 * x2, x1 * x2 + y1 * y2)


@numba.njit(cache=True, nogil=True)
def lens(distance, r1, r2):
    """Area that two discs have in common."""
    small = min(r1, r2)
    if distance <= abs(r1 - r2):
        return np.pi * small * small
    if distance >= r1 + r2:
        return 0.0
    c1 = (distance**2 + r1**2 - r2**2) / (2 * distance * r1)
    c2 = (distance**2 + r2**2 - r1**2) / (2 * distance * r2)
    c1, c2 = min(max(c1, -1.0), 1.0), min(max(c2, -1.0), 1.0)
    triangle = (r1 + r2 - distance) * (distance + r1 - r2) * (distance - r1 + r2) * (distance + r1 + r2)
    return r1**2 * np.arccos(c1) + r2**2 * np.arccos(c2) - 0.5 * np.sqrt(max(triangle, 0.0))


@numba.njit(cache=True, nogil=True)
def shared_noise(a1, a2, ratio, angle, correlation):
    """Covariance of the sums in two ellipses of one shape and centre, in units of the variance of a pixel."""
    reach, total = correlation.size - 1, 0.0
    cos, sin = np.cos(angle), np.sin(angle)
    for j in range(reach + 1):
        for i in range(-reach, reach + 1):
            if j == 0 and i < 0:
                continue
            u, v = i * cos + j * sin, (j * cos - i * sin) / ratio
            both = 1.0 if i == 0 and j == 0 else 2.0
            total += both * correlation[abs(i)] * correlation[j] * lens(np.sqrt(u * u + v * v), a1, a2)
    return total * ratio


@numba.njit(cache=True, nogil=True)
def sum_variances(radii, ratios, angle, correlation):
    """Variance of the sums in ellipses in units of that of a pixel: (n,)."""
    out = np.empty(radii.size)
    for k in range(radii.size):
        out[k] = shared_noise(radii[k], radii[k], ratios[k], angle, correlation)
    return out


def correlation():
    """Of the noise of a pixel with those beside it, along an axis: (lags,)."""
    return np.array(survey().coadd.noise_correlation)


def electrons():
    """Electrons of an object for each DN of it in an Atlas Image, all frames together."""
    return survey().instrument.gain * survey().instrument.frames_per_coadd


def flux_errors(sums, areas, masked, spread, sigma, background_error):
    """One sigma of light in apertures, DN: pixel noise, photons of the object, level of the background.

    ``spread``: ``sum_variances``; ``sigma``: of a pixel, DN; ``background_error``: DN a pixel. A masked pixel has its
    mirror image's noise, which so counts twice there: 1 + 2 f times the variance for a part f of the aperture.
    """
    double = 1 + 2 * np.minimum(masked / np.maximum(areas, 1e-9), 0.5)
    photons = np.maximum(sums, 0) / electrons()
    return np.sqrt(sigma**2 * spread * double + photons + (background_error * areas) ** 2)
