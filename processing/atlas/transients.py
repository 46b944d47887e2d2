"""What is in one frame only: cosmic rays, meteors, satellites, latent images, pixels that were hot for a while.

A star is seen by six frames or so, a transient by one. Frames are undersampled: the brightest pixel of a star holds
twice as much when the star is in its middle as when it is on its corner. So a pixel is compared with the brightest of
the four pixels around the same place of the sky in the other frames, and the median of these over the frames,
multiplied by ``BRIGHTER``, is what a star could give (Explanatory Supplement, section IV.3: unconfirmed single-frame
detections).
"""

import numba
import numpy as np

from processing.config import survey

BRIGHTER = 2.5
NEIGHBOURS = 5
"""Frames before and behind that may see the same place."""

CHANCE = 1.0
"""Noise alone makes the brightest of four pixels so many sigma bright."""


def transients(image, noise, solution, band):
    """True for pixels that no other frame confirms, shape (n, ny, nx).

    ``image``: frames of ``band`` without level, DN, NaN where not usable; ``noise``: DN, (n,). A pixel that fewer than
    two other frames see is not judged.
    """
    rules = survey().atlas
    others, maps = _neighbours(solution, band)
    noise = np.asarray(noise, np.float32)
    hits = np.zeros(image.shape, bool)
    _hits(image, noise, others, maps, rules.transient, hits)
    found = hits.copy()
    _edges(image, noise, others, maps, rules.transient_edge, hits, found)
    return found


def _neighbours(solution, band):
    """For each frame its neighbours (n, m), -1 for none, and the affine maps of pixels to theirs (n, m, 2, 3)."""
    n = len(solution.frames)
    steps = np.array([s for s in range(-NEIGHBOURS, NEIGHBOURS + 1) if s])
    others = np.arange(n)[:, None] + steps
    inside = (others >= 0) & (others < n)
    x, y = (grid.ravel() for grid in np.meshgrid([20.0, 127.5, 235.0], [20.0, 127.5, 235.0]))
    ra, dec = solution.sky(band, np.arange(n)[:, None], x, y)
    there = solution.pixel(band, np.where(inside, others, 0)[:, :, None], ra[:, None], dec[:, None])
    fit = np.linalg.pinv(np.stack([np.ones(9), x, y], axis=1))
    return np.where(inside, others, -1), np.stack(there, axis=2) @ fit.T


@numba.njit(cache=True)
def _hits(image, noise, others, maps, limit, out):
    """Marks in ``out`` what is above ``limit`` and unconfirmed."""
    n, ny, nx = image.shape
    for a in range(n):
        for j in range(ny):
            for i in range(nx):
                value = image[a, j, i]
                if value > limit * noise[a]:
                    out[a, j, i] = _unconfirmed(image, noise, others[a], maps[a], value, i, j, limit, noise[a])


@numba.njit(cache=True)
def _edges(image, noise, others, maps, limit, hits, out):
    """Marks in ``out`` the same with a lower limit next to a hit."""
    n, ny, nx = image.shape
    for a in range(n):
        for j in range(ny):
            for i in range(nx):
                value = image[a, j, i]
                if not value > limit * noise[a] or hits[a, j, i]:
                    continue
                if hits[a, max(j - 1, 0):j + 2, max(i - 1, 0):i + 2].any():
                    out[a, j, i] = _unconfirmed(image, noise, others[a], maps[a], value, i, j, limit, noise[a])


@numba.njit(cache=True)
def _unconfirmed(image, noise, others, maps, value, column, row, limit, sigma):
    """Whether a pixel is brighter than what the other frames allow there; False when fewer than two see it."""
    seen = np.empty(len(others), np.float32)
    count = 0
    for k in range(len(others)):
        b = others[k]
        if b < 0:
            continue
        x = int(np.floor(maps[k, 0, 0] + maps[k, 0, 1] * column + maps[k, 0, 2] * row))
        y = int(np.floor(maps[k, 1, 0] + maps[k, 1, 1] * column + maps[k, 1, 2] * row))
        if x < 0 or y < 0 or x > image.shape[2] - 2 or y > image.shape[1] - 2:
            continue
        top, good = np.float32(-np.inf), 0
        for j in range(y, y + 2):
            for i in range(x, x + 2):
                other = image[b, j, i]
                if other == other:
                    good += 1
                    top = max(top, other)
        if good >= 3:
            seen[count] = top
            count += 1
    if count < 2:
        return False
    usual = np.median(seen[:count]) - CHANCE * sigma
    return value > limit * sigma + BRIGHTER * max(usual, 0.0)
