"""Filters of long images in single precision, compiled: a product of a column and a row, and local maxima."""

import numba
import numpy as np


def separable(image, column, row):
    """Correlation of ``image`` (ny, nx) with ``column`` along y and ``row`` along x (odd lengths), 0 beyond the edges."""
    out, part = np.empty_like(image), np.empty_like(image)
    _along_x(np.ascontiguousarray(image), row, part)
    _along_y(part, column, out)
    return out


@numba.njit(cache=True, fastmath=True)
def _along_x(image, kernel, out):
    ny, nx = image.shape
    half = kernel.size // 2
    padded = np.zeros(nx + 2 * half, np.float32)
    for j in range(ny):
        padded[half:half + nx] = image[j]
        line = out[j]
        line[:] = np.float32(0.0)
        for k in range(kernel.size):
            weight, shifted = kernel[k], padded[k:k + nx]
            for i in range(nx):
                line[i] += weight * shifted[i]


@numba.njit(cache=True, fastmath=True)
def _along_y(image, kernel, out):
    ny, nx = image.shape
    half = kernel.size // 2
    for j in range(ny):
        line = out[j]
        line[:] = np.float32(0.0)
        for k in range(max(0, half - j), min(kernel.size, ny + half - j)):
            weight, shifted = kernel[k], image[j + k - half]
            for i in range(nx):
                line[i] += weight * shifted[i]


@numba.njit(cache=True)
def add_stamps(image, x, y, flux, stamps):
    """Add ``flux`` times a stamp to ``image`` (ny, nx) at each place.

    ``stamps`` (k, k, n, n), odd k and n: at [j, i] that of a star which is (i - k // 2) / k pixels right of the pixel's
    middle and (j - k // 2) / k above it.
    """
    (ny, nx), (k, _, size, _) = image.shape, stamps.shape
    for s in range(x.size):
        cx, cy = int(np.rint(x[s])), int(np.rint(y[s]))
        i, j = int(np.rint(k * (x[s] - cx))), int(np.rint(k * (y[s] - cy)))
        stamp = stamps[min(max(j + k // 2, 0), k - 1), min(max(i + k // 2, 0), k - 1)]
        left, low, light = cx - size // 2, cy - size // 2, np.float32(flux[s])
        for v in range(max(0, -low), min(size, ny - low)):
            for u in range(max(0, -left), min(size, nx - left)):
                image[low + v, left + u] += light * stamp[v, u]


def maxima(image, threshold):
    """Pixels above ``threshold`` and not below any of their eight neighbours, with a parabola's vertex.

    Returns x, y (float, 0-based) and the pixels themselves as (rows, columns); none on the outermost pixels.
    """
    rows, columns, x, y = _maxima(image, threshold)
    return x, y, (rows, columns)


@numba.njit(cache=True)
def _maxima(image, threshold):
    ny, nx = image.shape
    count = 0
    for j in range(1, ny - 1):
        for i in range(1, nx - 1):
            count += image[j, i] > threshold
    rows, columns = np.empty(count, np.int64), np.empty(count, np.int64)
    x, y, n = np.empty(count), np.empty(count), 0
    for j in range(1, ny - 1):
        for i in range(1, nx - 1):
            value = image[j, i]
            if not value > threshold:
                continue
            top = True
            for b in range(-1, 2):
                for a in range(-1, 2):
                    top = top and image[j + b, i + a] <= value
            if top:
                rows[n], columns[n] = j, i
                x[n] = i + _vertex(image[j, i - 1], value, image[j, i + 1])
                y[n] = j + _vertex(image[j - 1, i], value, image[j + 1, i])
                n += 1
    return rows[:n], columns[:n], x[:n], y[:n]


@numba.njit(cache=True)
def _vertex(before, centre, after):
    curvature = before - 2.0 * centre + after
    return min(max(0.5 * (before - after) / curvature, -0.5), 0.5) if curvature < 0.0 else 0.0
