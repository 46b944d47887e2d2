"""Light on detector pixels: stars and galaxies as Gaussians integrated over the pixels. Works on any frame."""

import math

import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter

REACH = 5.0
"""Gaussians are cut at this many sigmas; 6e-7 of the light is lost."""


@njit(cache=True, nogil=True)
def add_stars(frame, x, y, flux, sigmas, shares):
    """Add stars to ``frame`` (ny, nx), integrating each Gaussian over the square pixels exactly.

    Parameters
    ----------
    x, y : ndarray, pixel, 0-based; the centre of the first pixel is 0
    flux : ndarray, DN, all light of each star
    sigmas, shares : the Gaussians of the PSF, pixel; shares of ``flux``
    """
    ny, nx = frame.shape
    root2 = math.sqrt(2.0)
    for g in range(len(sigmas)):
        reach = int(math.ceil(REACH * sigmas[g] + 1.0))
        scale = 1.0 / (root2 * sigmas[g])
        across = np.empty(2 * reach + 1)
        for i in range(len(x)):
            cx, cy = int(round(x[i])), int(round(y[i]))
            if cx < -reach or cy < -reach or cx >= nx + reach or cy >= ny + reach:
                continue
            for k in range(2 * reach + 1):
                d = cx - reach + k - x[i]
                across[k] = 0.5 * (math.erf((d + 0.5) * scale) - math.erf((d - 0.5) * scale))
            for row in range(max(cy - reach, 0), min(cy + reach + 1, ny)):
                d = row - y[i]
                up = 0.5 * (math.erf((d + 0.5) * scale) - math.erf((d - 0.5) * scale)) * flux[i] * shares[g]
                for col in range(max(cx - reach, 0), min(cx + reach + 1, nx)):
                    frame[row, col] += up * across[col - cx + reach]


@njit(cache=True, nogil=True)
def add_gaussians(frame, x, y, flux, cxx, cxy, cyy):
    """Add elliptical Gaussians (galaxies, one by one) with covariances in pixel2; 3 x 3 samples a pixel when small."""
    ny, nx = frame.shape
    for i in range(len(x)):
        fine = min(cxx[i], cyy[i]) < 1.5
        n = 3 if fine else 1
        pixel = 0.0 if fine else 1.0 / 12.0
        a, b, c = cxx[i] + pixel, cxy[i], cyy[i] + pixel
        det = a * c - b * b
        norm = flux[i] / (2.0 * math.pi * math.sqrt(det) * n * n)
        rx, ry = int(REACH * math.sqrt(a) + 2), int(REACH * math.sqrt(c) + 2)
        for row in range(max(int(y[i]) - ry, 0), min(int(y[i]) + ry + 1, ny)):
            for col in range(max(int(x[i]) - rx, 0), min(int(x[i]) + rx + 1, nx)):
                total = 0.0
                for v in range(n):
                    dy = row + (v - 0.5 * (n - 1)) / n - y[i]
                    for u in range(n):
                        dx = col + (u - 0.5 * (n - 1)) / n - x[i]
                        total += math.exp(-0.5 * (c * dx * dx - 2.0 * b * dx * dy + a * dy * dy) / det)
                frame[row, col] += norm * total


def wide_plane(shape, x, y, flux, sigmas, shares):
    """The wide wings of all sources on one plane, ``shape`` (ny, nx); x, y, sigmas in its pixels, DN a pixel.

    Each source is shared between four pixels and the plane is smoothed. The variance that sharing and reading by
    linear interpolation add (1/6 pixel2 each) is taken off, the one of the pixel (1/12) put in.
    """
    points = np.zeros(shape)
    left, low = np.floor(x).astype(int), np.floor(y).astype(int)
    for dy in (0, 1):
        for dx in (0, 1):
            share = (1 - np.abs(x - left - dx)) * (1 - np.abs(y - low - dy))
            inside = (left + dx >= 0) & (left + dx < shape[1]) & (low + dy >= 0) & (low + dy < shape[0])
            np.add.at(points, ((low + dy)[inside], (left + dx)[inside]), (flux * share)[inside])
    widths = np.sqrt(np.asarray(sigmas) ** 2 - 1 / 3 + 1 / 12)
    return sum(s * gaussian_filter(points, w, mode="constant", truncate=REACH) for w, s in zip(widths, shares))
