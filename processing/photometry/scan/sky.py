"""The sky of single frames: what is left on average where all stars are taken away, on a mesh of cells.

Airglow moves between frames and has structure of an arcminute, so that each frame has a sky of its own.
"""

import numba
import numpy as np

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
    noise = np.where(np.isfinite(noise), noise, 1.0)
    _meshes(residual, usable, noise, residual.shape[1] // CELL, residual.shape[2] // CELL, sky)
    return sky


@numba.njit(cache=True)
def _meshes(residual, usable, noise, rows, columns, sky):
    mesh = np.empty((rows, columns))
    for n in range(residual.shape[0]):
        known = 0
        overall = 0.0
        for j in range(rows):
            for i in range(columns):
                y, x = j * CELL, i * CELL
                mesh[j, i] = _level(residual[n, y:y + CELL, x:x + CELL], usable[n, y:y + CELL, x:x + CELL], noise[n])
                if mesh[j, i] == mesh[j, i]:
                    known += 1
                    overall += mesh[j, i]
        overall = overall / known if known else 0.0
        for j in range(rows):
            for i in range(columns):
                if mesh[j, i] != mesh[j, i]:
                    mesh[j, i] = overall
        _spread(mesh, sky[n])


@numba.njit(cache=True)
def _level(values, usable, noise):
    """Clipped mean, begun at the median of a sample; NaN with too few pixels."""
    ny, nx = values.shape
    sample, count = np.empty(ny * nx), 0
    for j in range(0, ny, 4):
        for i in range(j // 4 % 4, nx, 4):
            if usable[j, i]:
                sample[count] = values[j, i]
                count += 1
    if 16 * count < FEWEST:
        return np.nan
    centre = np.median(sample[:count])
    for _ in range(ROUNDS):
        total, used = 0.0, 0
        for j in range(ny):
            for i in range(nx):
                if usable[j, i] and abs(values[j, i] - centre) < CLIP * noise:
                    total += values[j, i]
                    used += 1
        if used < FEWEST // 2:
            return centre
        centre = total / used
    return centre


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
