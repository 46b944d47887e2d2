"""The sky of single frames: what is left on average where all stars are taken away, on a mesh of cells.

Airglow moves between frames and has structure of an arcminute, so that each frame has a sky of its own.
"""

import numba
import numpy as np

from processing.photometry.scan.drawing import desk_of, draw_frame, row_of

CELL = 32
"""Side of a cell in pixels: 64 arcsec, a thousand pixels, so that the noise of its mean is 0.03 of a pixel's."""

CLIP = 3.0
ROUNDS = 3
FEWEST = 100


def frame_sky(residual, usable, noise):
    """Sky of frames: float32, (n, ny, nx), DN.

    Parameters
    ----------
    residual : ndarray, shape (n, ny, nx), DN
        Frames minus stars.
    usable : ndarray of bool, same shape
    noise : ndarray, shape (n,), DN
        Of one pixel; what is ``CLIP`` times it away from the mean of a cell does not count.
    """
    sky = np.empty(residual.shape, np.float32)
    _skies(residual, usable, _known(noise), sky)
    return sky


def without_sky(raw, usable, noise, drawing):
    """Frames ``raw`` less the sky under the stars of a Drawing (see ``frame_sky``); they keep their stars."""
    out = np.empty(raw.shape, np.float32)
    _taken_off(raw, usable, _known(noise), drawing, out)
    return out


def _known(noise):
    return np.where(np.isfinite(noise), noise, 1.0)


@numba.njit(cache=True)
def _skies(residual, usable, noise, sky):
    for n in range(len(residual)):
        _sky(residual[n], usable[n], noise[n], sky[n])


@numba.njit(cache=True)
def _taken_off(raw, usable, noise, drawing, out):
    frames, ny, nx = raw.shape
    desk = desk_of(ny, nx, drawing.series, drawing.radius)
    left, sky = np.empty((ny, nx), np.float32), np.empty((ny, nx), np.float32)
    for n in range(frames):
        draw_frame(n, drawing, desk, ny, nx)
        for j in range(ny):
            left[j] = raw[n, j] - row_of(desk, j, nx)
        _sky(left, usable[n], noise[n], sky)
        out[n] = raw[n] - sky


@numba.njit(cache=True)
def _sky(residual, usable, noise, sky):
    """The sky of one frame, (ny, nx)."""
    rows, columns = residual.shape[0] // CELL, residual.shape[1] // CELL
    mesh, values = np.empty((rows, columns)), np.empty(CELL * CELL, np.float32)
    known, overall = 0, 0.0
    for j in range(rows):
        for i in range(columns):
            cell = slice(j * CELL, (j + 1) * CELL), slice(i * CELL, (i + 1) * CELL)
            mesh[j, i] = _level(residual[cell], usable[cell], noise, values)
            if mesh[j, i] == mesh[j, i]:
                known += 1
                overall += mesh[j, i]
    overall = overall / known if known else 0.0
    for j in range(rows):
        for i in range(columns):
            if mesh[j, i] != mesh[j, i]:
                mesh[j, i] = overall
    _spread(mesh, sky)


@numba.njit(cache=True)
def _level(cell, usable, noise, values):
    """Clipped mean, begun at the median of a sample; NaN with too few pixels. ``values``: scratch."""
    ny, nx = cell.shape
    count = 0
    for j in range(0, ny, 4):
        for i in range(j // 4 % 4, nx, 4):
            if usable[j, i]:
                values[count] = cell[j, i]
                count += 1
    if 16 * count < FEWEST:
        return np.nan
    centre = np.median(values[:count])
    for j in range(ny):
        for i in range(nx):
            values[j * nx + i] = cell[j, i] if usable[j, i] else np.float32(np.inf)
    for _ in range(ROUNDS):
        total, used = _within(values[:ny * nx], np.float32(centre), np.float32(CLIP * noise))
        if used < FEWEST // 2:
            return centre
        centre += total / used
    return centre


@numba.njit(cache=True, fastmath={"nsz"})
def _within(values, centre, limit):
    """Sum of the distances to ``centre`` that are below ``limit``, and how many they are."""
    total, used = np.float32(0.0), np.int32(0)
    for i in range(values.size):
        away = values[i] - centre
        near = abs(away) < limit
        total += away if near else np.float32(0.0)
        used += np.int32(near)
    return total, used


@numba.njit(cache=True)
def _spread(mesh, sky):
    """Linear interpolation between the middles of the cells, continued straight to the edges."""
    rows, columns = mesh.shape
    ny, nx = sky.shape
    for y in range(ny):
        v = (y + 0.5) / CELL - 0.5
        j = min(max(int(np.floor(v)), 0), max(rows - 2, 0))
        b = v - j if rows > 1 else 0.0
        up = min(j + 1, rows - 1)
        for x in range(nx):
            u = (x + 0.5) / CELL - 0.5
            i = min(max(int(np.floor(u)), 0), max(columns - 2, 0))
            a = u - i if columns > 1 else 0.0
            right = min(i + 1, columns - 1)
            low = mesh[j, i] * (1 - a) + mesh[j, right] * a
            high = mesh[up, i] * (1 - a) + mesh[up, right] * a
            sky[y, x] = low * (1 - b) + high * b
