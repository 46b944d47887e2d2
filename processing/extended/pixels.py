"""The compiled loops over the pixels of a field."""

import numba
import numpy as np


@numba.njit(cache=True)
def add_cells(image, good, size, sums, counts):
    """Add the ``good`` pixels of ``image`` (ny, nx) to the cells of size x size pixels that they lie in."""
    ny, nx = image.shape
    for j in range(ny):
        for i in range(nx):
            if good[j, i]:
                sums[j // size, i // size] += image[j, i]
                counts[j // size, i // size] += np.float32(1.0)


@numba.njit(cache=True)
def take_off(data, starlight, noise, limit, left, good):
    """``left``: ``data`` without starlight, 0 where not observed; ``good``: bool, observed and with starlight below
    ``limit`` of the noise. All (ny, nx)."""
    ny, nx = data.shape
    for j in range(ny):
        for i in range(nx):
            seen = np.isfinite(data[j, i])
            left[j, i] = data[j, i] - starlight[j, i] if seen else np.float32(0.0)
            good[j, i] = seen and starlight[j, i] < limit * noise[j, i]


@numba.njit(cache=True)
def responses(image, x, y, kernels, out):
    """Products of ``image`` (ny, nx) with kernels about places, 0 beyond the edges.

    ``kernels`` (k, k, templates, n, n): at [b, a] those of a star (a - k // 2) / k pixels right of its pixel's middle
    and (b - k // 2) / k above it; ``out``: (len(x), templates).
    """
    (ny, nx), (k, _, templates, n, _) = image.shape, kernels.shape
    for s in range(x.size):
        cx, cy = int(np.rint(x[s])), int(np.rint(y[s]))
        a = min(max(int(np.rint(k * (x[s] - cx))) + k // 2, 0), k - 1)
        b = min(max(int(np.rint(k * (y[s] - cy))) + k // 2, 0), k - 1)
        left, low = cx - n // 2, cy - n // 2
        for t in range(templates):
            total = 0.0
            for v in range(max(0, -low), min(n, ny - low)):
                for u in range(max(0, -left), min(n, nx - left)):
                    total += image[low + v, left + u] * kernels[b, a, t, v, u]
            out[s, t] = total


@numba.njit(cache=True)
def add_wings(image, x, y, flux, reach, inner, table, step):
    """Add to ``image`` the light of stars from ``inner`` to ``reach`` (n,) pixels off them; ``table``: share of it in a
    pixel at every ``step`` pixels."""
    ny, nx = image.shape
    for s in range(x.size):
        r = reach[s]
        for j in range(max(0, int(y[s] - r)), min(ny, int(y[s] + r) + 2)):
            for i in range(max(0, int(x[s] - r)), min(nx, int(x[s] + r) + 2)):
                distance = np.sqrt((i - x[s]) ** 2 + (j - y[s]) ** 2)
                if inner <= distance < r:
                    place = distance / step
                    k = min(int(place), table.size - 2)
                    part = min(place - k, 1.0)
                    image[j, i] += flux[s] * (table[k] + part * (table[k + 1] - table[k]))


@numba.njit(cache=True)
def mark_glare(mask, x, y, radius, arm, width, bit):
    """Set ``bit`` in ``mask`` (ny, nx) within ``radius`` of places, and on the arms of a cross of so many pixels."""
    ny, nx = mask.shape
    for s in range(x.size):
        r = max(radius[s], arm[s])
        for j in range(max(0, int(y[s] - r)), min(ny, int(y[s] + r) + 2)):
            for i in range(max(0, int(x[s] - r)), min(nx, int(x[s] + r) + 2)):
                dx, dy = abs(i - x[s]), abs(j - y[s])
                if dx * dx + dy * dy < radius[s] ** 2 or (min(dx, dy) < width and max(dx, dy) < arm[s]):
                    mask[j, i] |= bit
