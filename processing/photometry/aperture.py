"""Aperture photometry with the neighbours subtracted, and the curve of growth.

The standard aperture of the survey is 4 arcsec with the sky from an annulus of 14-20 arcsec (Explanatory Supplement,
section IV.4c).
"""

import numba
import numpy as np

SUBPIXELS = 5


@numba.njit(cache=True)
def aperture_sums(image, good, x, y, radius):
    """Sum of ``image`` in circles, and their areas.

    Parameters
    ----------
    image : ndarray, shape (ny, nx), DN
    good : ndarray of bool, shape (ny, nx)
        A circle that meets a pixel which is not good, or leaves the image, has no sum.
    x, y : ndarray, shape (n,), 0-based pixel
    radius : float, pixel

    Returns
    -------
    sums, areas : ndarray, shape (n,), DN and pixel
        NaN where not measurable. Pixels on the rim count by the part of their area inside (5 x 5 points).
    """
    ny, nx = image.shape
    sums = np.full(x.size, np.nan)
    areas = np.full(x.size, np.nan)
    for s in range(x.size):
        total, area, ok = 0.0, 0.0, True
        for j in range(int(np.floor(y[s] - radius)), int(np.ceil(y[s] + radius)) + 1):
            for i in range(int(np.floor(x[s] - radius)), int(np.ceil(x[s] + radius)) + 1):
                part = part_inside(i - x[s], j - y[s], radius, SUBPIXELS)
                if part == 0.0:
                    continue
                if not (0 <= i < nx and 0 <= j < ny) or not good[j, i]:
                    ok = False
                    break
                total += part * image[j, i]
                area += part
            if not ok:
                break
        if ok:
            sums[s] = total
            areas[s] = area
    return sums, areas


@numba.njit(cache=True)
def part_inside(dx, dy, radius, subpixels):
    """Part of the area of a pixel, whose middle is ``dx``, ``dy`` from the centre of a circle, inside this (pixels).

    Told by ``subpixels`` by ``subpixels`` points where the rim may cross it.
    """
    distance = np.hypot(dx, dy)
    if distance < radius - 0.71:
        return 1.0
    if distance > radius + 0.71:
        return 0.0
    inside = 0
    for a in range(subpixels):
        for b in range(subpixels):
            u = dx + (a + 0.5) / subpixels - 0.5
            v = dy + (b + 0.5) / subpixels - 0.5
            if u * u + v * v <= radius * radius:
                inside += 1
    return inside / subpixels**2


@numba.njit(cache=True)
def annulus_medians(image, good, x, y, inner, outer):
    """Median of the good pixels between two radii (pixel centres), and their number; NaN and 0 where there is none."""
    ny, nx = image.shape
    medians = np.full(x.size, np.nan)
    counts = np.zeros(x.size, np.int64)
    values = np.empty(int(4 * (outer + 1) ** 2))
    for s in range(x.size):
        medians[s], counts[s] = annulus_median(image, good, x[s], y[s], inner, outer, values)
    return medians, counts


@numba.njit(cache=True)
def annulus_median(image, good, x, y, inner, outer, values):
    """The same around one place; ``values``: scratch for the pixels of the annulus."""
    ny, nx = image.shape
    n = 0
    for j in range(max(0, int(y - outer)), min(ny, int(y + outer) + 2)):
        for i in range(max(0, int(x - outer)), min(nx, int(x + outer) + 2)):
            d2 = (i - x) ** 2 + (j - y) ** 2
            if inner * inner <= d2 <= outer * outer and good[j, i]:
                values[n] = image[j, i]
                n += 1
    return (np.median(values[:n]) if n else np.nan), n


def aperture_noise(flux, area, sky_pixels, noise, electrons, correlation):
    """One-sigma noise of an aperture sum in DN (Explanatory Supplement, section VI.8a).

    ``flux`` DN in the aperture of ``area`` pixels, sky from ``sky_pixels``; ``noise`` DN of one pixel; ``electrons``
    per DN in all frames together; ``correlation`` the factor by which the noise of a sum exceeds that of independent
    pixels.
    """
    sky = (correlation * noise) ** 2 * (area + area**2 / np.maximum(sky_pixels, 1))
    return np.sqrt(np.maximum(flux, 0) / electrons + sky)
