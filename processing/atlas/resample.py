"""Frames on the grid of an Atlas Image: the compiled loops.

The kernel is linear interpolation smoothed with a box (``simulate.kernel_box``, which reproduces the noise correlation
of the real images): weights sum to 1 and have no first moment, so flux and places are kept. It is a product of the two
axes, and frames are hardly rotated against the grid; so the rows of a frame are first resampled to the columns of the
grid, and these then to its rows: six products for a pixel instead of nine, on neighbouring memory. Along each column
the two passes see the frame at exactly the right places. Places come from nodes every ``STEP`` pixels of the grid and
are linear in between (error: 1 mas for a distortion of 0.1 pixel in the corners). NaN pixels make NaN of all that they
would have entered.
"""

import numba
import numpy as np

STEP = 32
"""Distance of the nodes on the grid, pixels."""


RAMP = np.arange(2048, dtype=np.float32)


@numba.njit(cache=True, inline="always")
def side_weight(distance, half):
    """Weight of a neighbouring pixel at ``distance`` (0.5 to 1.5 pixel); ``half``: half the box, pixel, at most 0.5."""
    beyond = max(np.float32(1.0) + half - distance, np.float32(0.0))
    curved = beyond * beyond * (np.float32(0.25) / half)
    return np.float32(1.0) - distance if distance < np.float32(1.0) - half else curved


def mean_square_weight(half, samples=1000):
    """Sum of the squared weights of one axis, averaged over the place in the pixel, at twice ``half`` of smoothing."""
    t = (np.arange(samples) + 0.5) / samples - 0.5
    left = np.array([side_weight(np.float32(1 + x), np.float32(half)) for x in t])
    right = np.array([side_weight(np.float32(1 - x), np.float32(half)) for x in t])
    return float(np.mean(left**2 + right**2 + (1 - left - right) ** 2))


@numba.njit(cache=True, error_model="numpy")
def _blend(low, middle, high, out, ramp, place, slope, half):
    """``out``: three arrays weighted by the place (relative to the middle one), which grows by ``slope`` an element.

    No index, branch or conversion of integers in it that would keep the compiler from doing eight elements at a time.
    """
    for i in range(out.shape[0]):
        t = place + slope * ramp[i]
        a, b = side_weight(np.float32(1.0) + t, half), side_weight(np.float32(1.0) - t, half)
        out[i] = a * low[i] + b * high[i] + (np.float32(1.0) - a - b) * middle[i]


@numba.njit(cache=True, error_model="numpy")
def _run(source, out, first, last, place, slope, half):
    """Fill ``out`` from first to last: at i the three rows of ``source`` around place + slope (i - first) are blended.

    Cut into stretches on which these rows are the same; NaN where one of them is missing.
    """
    i = first
    while i < last:
        here = place + slope * (i - first)
        row = int(np.floor(here + 0.5))
        end = last
        if slope > 0.0:
            end = min(last, max(i + 1, first + int(np.ceil((row + 0.5 - place) / slope))))
        elif slope < 0.0:
            end = min(last, max(i + 1, first + int(np.floor((row - 0.5 - place) / slope)) + 1))
        if row < 1 or row > source.shape[0] - 2:
            out[i:end] = np.nan
        else:
            _blend(source[row - 1, i:end], source[row, i:end], source[row + 1, i:end], out[i:end], RAMP,
                   np.float32(here - row), np.float32(slope), half)  # fmt: skip
        i = end


@numba.njit(cache=True, error_model="numpy")
def to_columns(frame, u, v, half, out):
    """First pass: ``out`` (columns of the grid, rows of the frame) from ``frame`` (its columns, its rows).

    ``u``, ``v``: column and row of the frame at the nodes, shape (nodes up, nodes across).
    """
    rows = frame.shape[1]
    for x in range(out.shape[0]):
        k = min(x // STEP, u.shape[1] - 2)
        f = (x - k * STEP) / STEP
        out[x] = np.nan
        for n in range(u.shape[0] - 1):
            low, high = v[n, k] + f * (v[n, k + 1] - v[n, k]), v[n + 1, k] + f * (v[n + 1, k + 1] - v[n + 1, k])
            left, right = u[n, k] + f * (u[n, k + 1] - u[n, k]), u[n + 1, k] + f * (u[n + 1, k + 1] - u[n + 1, k])
            first, last = max(0, int(np.ceil(low))), min(rows, int(np.ceil(high)))
            slope = (right - left) / (high - low)
            if first < last:
                _run(frame, out[x], first, last, left + (first - low) * slope, slope, half)


@numba.njit(cache=True, error_model="numpy")
def _scale(values, ramp, share, grow):
    for i in range(values.shape[0]):
        values[i] *= share + grow * ramp[i]


@numba.njit(cache=True, error_model="numpy")
def to_rows(middle, v, area, half, skip, out):
    """Second pass: ``out`` (rows from ``skip`` after the first node on) from ``middle`` (rows of the frame).

    ``area``: frame pixels in a grid pixel, at the nodes: with it what is summed over the grid is what the frame held.
    """
    width = out.shape[1]
    for y in range(out.shape[0]):
        n = min((y + skip) // STEP, v.shape[0] - 2)
        f = (y + skip - n * STEP) / STEP
        for k in range(v.shape[1] - 1):
            first, last = k * STEP, min((k + 1) * STEP, width)
            begin, end = v[n, k] + f * (v[n + 1, k] - v[n, k]), v[n, k + 1] + f * (v[n + 1, k + 1] - v[n, k + 1])
            _run(middle, out[y], first, last, begin, (end - begin) / STEP, half)
            share = np.float32(area[n, k] + f * (area[n + 1, k] - area[n, k]))
            other = np.float32(area[n, k + 1] + f * (area[n + 1, k + 1] - area[n, k + 1]))
            grow = (other - share) / np.float32(STEP)
            _scale(out[y, first:last], RAMP, share, grow)


@numba.njit(cache=True, error_model="numpy")
def transposed(image, out):
    """``out`` = ``image`` with axes exchanged, in blocks that fit the cache."""
    for j0 in range(0, image.shape[0], 32):
        for i0 in range(0, image.shape[1], 32):
            for j in range(j0, min(j0 + 32, image.shape[0])):
                for i in range(i0, min(i0 + 32, image.shape[1])):
                    out[i, j] = image[j, i]


@numba.njit(cache=True, error_model="numpy")
def accumulate(total, coverage, variance, block, level, noise2):
    """Add a levelled frame: sums over the frames that see a pixel, their number, and the sum of their variances."""
    for j in range(block.shape[0]):
        for i in range(block.shape[1]):
            value = block[j, i]
            seen = value == value
            total[j, i] += value - level if seen else np.float32(0.0)
            coverage[j, i] += np.uint8(1) if seen else np.uint8(0)
            variance[j, i] += noise2 if seen else np.float32(0.0)


@numba.njit(cache=True, error_model="numpy")
def differences(total, coverage, block, every, out):
    """Block minus the mean so far, at every ``every``-th pixel of both axes that both see; returns how many."""
    n = 0
    for j in range(every // 2, block.shape[0], every):
        for i in range(every // 2, block.shape[1], every):
            if coverage[j, i] > 0 and block[j, i] == block[j, i]:
                out[n] = block[j, i] - total[j, i] / coverage[j, i]
                n += 1
    return n


@numba.njit(cache=True, error_model="numpy")
def finished(total, coverage, variance, level, photons):
    """Image (mean of the frames and ``level``) and noise, DN; NaN where no frame looked.

    ``photons``: variance that a DN of starlight adds to one frame's pixel of the grid; those of the sky are in the
    noise of the frames.
    """
    data, noise = np.full(total.shape, np.float32(np.nan)), np.full(total.shape, np.float32(np.nan))
    for j in range(total.shape[0]):
        for i in range(total.shape[1]):
            count = np.float32(coverage[j, i])
            if count > 0:
                mean = total[j, i] / count
                data[j, i] = mean + level
                noise[j, i] = np.sqrt((variance[j, i] / count + max(mean, np.float32(0.0)) * photons) / count)
    return data, noise
