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
def add_band(left, own, good, glare, core, weight, total, seen):
    """Add ``left`` and ``own`` to ``total``, ``weight`` to ``seen``, where ``good``, or in a ``core`` without glare.

    All (ny, nx).
    """
    ny, nx = left.shape
    for j in range(ny):
        for i in range(nx):
            if good[j, i] or (core[j, i] and glare[j, i] == 0):
                total[j, i] += weight * (left[j, i] + own[j, i])
                seen[j, i] += weight


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


@numba.njit(cache=True)
def surface(coefficients, x, y, step, out):
    """A surface of cubic B-splines at the places of ``out`` (ny, nx), ``step`` knots apart from (x, y) on.

    ``coefficients``: from the knot -1 on; places beyond all knots have the value of the last.
    """
    ny, nx = out.shape
    rows, columns = coefficients.shape
    line, w = np.empty(columns, np.float32), np.empty(4, np.float32)
    first, across = np.empty(nx, np.int64), np.empty((nx, 4), np.float32)
    for i in range(nx):
        first[i] = _spline_weights(x + i * step, columns, across[i])
    for j in range(ny):
        low = _spline_weights(y + j * step, rows, w)
        for k in range(columns):
            line[k] = (w[0] * coefficients[low, k] + w[1] * coefficients[low + 1, k]
                       + w[2] * coefficients[low + 2, k] + w[3] * coefficients[low + 3, k])  # fmt: skip
        for i in range(nx):
            k, v = first[i], across[i]
            out[j, i] = v[0] * line[k] + v[1] * line[k + 1] + v[2] * line[k + 2] + v[3] * line[k + 3]


@numba.njit(cache=True)
def _spline_weights(place, count, w):
    place = min(max(place, 0.0), count - 3.0)
    low = min(int(place), count - 4)
    t = np.float32(place - low)
    u = np.float32(1.0) - t
    w[0], w[3] = u * u * u / 6, t * t * t / 6
    w[1], w[2] = (3 * t * t * t - 6 * t * t + 4) / 6, (3 * u * u * u - 6 * u * u + 4) / 6
    return low


@numba.njit(cache=True)
def nearer_others(size, x, y, reach, others, mask):
    """Set in ``mask`` (size, size) where another object (rows: x, y, reach) is nearer than that at (x, y), in units of
    their reach, and reaches."""
    for k in range(len(others)):
        cx, cy, r = others[k]
        for j in range(max(0, int(cy - r)), min(size, int(cy + r) + 2)):
            for i in range(max(0, int(cx - r)), min(size, int(cx + r) + 2)):
                distance = ((i - cx) ** 2 + (j - cy) ** 2) / r**2
                if distance < 1 and distance < ((i - x) ** 2 + (j - y) ** 2) / reach**2:
                    mask[j, i] = True


@numba.njit(cache=True)
def second_moments(data, hidden, x, y, size, ratio, angle):
    """Second moments xx, xy, yy (pixel**2) of the light of ``data`` about a place under an elliptical Gaussian of
    ``size`` (sigma of the major axis), axis ratio and angle; 0 without light."""
    cos, sin, sums = np.cos(angle), np.sin(angle), np.zeros(4)
    ny, nx = data.shape
    reach = int(4 * size) + 1
    for j in range(max(0, int(y) - reach), min(ny, int(y) + reach + 1)):
        for i in range(max(0, int(x) - reach), min(nx, int(x) + reach + 1)):
            if hidden[j, i]:
                continue
            dx, dy = i - x, j - y
            u, v = dx * cos + dy * sin, (dy * cos - dx * sin) / ratio
            w = data[j, i] * np.exp(-0.5 * (u * u + v * v) / size**2)
            sums += np.array([w * dx * dx, w * dx * dy, w * dy * dy, w])
    return sums[:3] / sums[3] if sums[3] > 0 else np.zeros(3)


@numba.njit(cache=True)
def mirror(data, hidden, x, y, left):
    """Give hidden pixels the light of those opposite to (x, y); returns for how many there is none.

    ``left`` is set for these: those opposite are hidden as well, or off the stamp.
    """
    ny, nx = data.shape
    count = 0
    for j in range(ny):
        for i in range(nx):
            if not hidden[j, i]:
                continue
            b, a = int(np.rint(2 * y - j)), int(np.rint(2 * x - i))
            if 0 <= a < nx and 0 <= b < ny and not hidden[b, a]:
                data[j, i] = data[b, a]
            else:
                left[j, i] = True
                count += 1
    return count


@numba.njit(cache=True)
def ring_fill(data, hidden, left, x, y, ratio, angle, step):
    """Give the pixels ``left`` the mean light of the pixels that are not ``hidden`` in their elliptical ring about
    (x, y), ``step`` pixels wide along the major axis; 0 where there is none."""
    ny, nx = data.shape
    cos, sin = np.cos(angle), np.sin(angle)
    rings = int(2 * np.hypot(nx, ny) / ratio / step) + 2
    sums, counts = np.zeros(rings), np.zeros(rings)
    for fill in (False, True):
        for j in range(ny):
            for i in range(nx):
                if hidden[j, i] and not (fill and left[j, i]):
                    continue
                if fill and not left[j, i]:
                    continue
                dx, dy = i - x, j - y
                k = int(np.hypot(dx * cos + dy * sin, (dy * cos - dx * sin) / ratio) / step)
                if fill:
                    data[j, i] = sums[k] / counts[k] if counts[k] > 0 else 0.0
                else:
                    sums[k] += data[j, i]
                    counts[k] += 1.0
