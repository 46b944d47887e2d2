"""Levels of the rows of first reads.

The first read alone holds the offsets of the electronics, which in the difference of the reads cancel in part: levels
of quadrants and of their rows, new in each read. A row's offset is the median of its pixels, shrunk by what noise does
to such medians.
"""

from dataclasses import dataclass

import numba
import numpy as np

from processing.config import survey
from processing.photometry.bright.light import PIXEL

EVERY = 4
"""Of the rows without bright stars one in so many is looked at."""

OUTLIER = 9.0
"""Square of the significance above which a row's offset is not noise."""


@dataclass(frozen=True)
class Levels:
    """``offsets``: level of the rows of the left and right half of each frame, (n, ny, 2), DN, where stars are;
    ``noise``: of a pixel of each frame, (n,), DN."""

    offsets: np.ndarray
    noise: np.ndarray


def row_levels(read1, flaws, frame, y):
    """The Levels of the rows near stars at row ``y`` of ``frame``."""
    n, ny = read1.shape[:2]
    needed = np.zeros((n, ny + 1), np.int32)
    reach = survey().aperture.sky_outer / PIXEL + 2
    low, high = (np.clip(np.asarray(y) + side * reach, 0, ny).astype(int) for side in (-1, 1))
    np.add.at(needed, (frame, low), 1)
    np.add.at(needed, (frame, high), -1)
    found = Levels(np.zeros((n, ny, 2)), np.full(n, np.nan))
    _row_levels(read1, flaws, np.cumsum(needed[:, :ny], axis=1) > 0, found.offsets, found.noise)
    return found


@numba.njit(cache=True)
def _row_levels(read1, flaws, needed, offsets, noise):
    """Fills ``offsets`` (n, ny, 2) where ``needed`` (n, ny), and ``noise`` (n,), the median of what the quadrants have.

    Levels and noise of a quadrant come from every EVERY-th row and those needed.
    """
    n, ny, nx = read1.shape
    values = np.empty(nx // 2, read1.dtype)
    medians, spreads, counts = np.empty(ny), np.empty(ny), np.empty(ny)
    noises = np.empty(4)
    for f in range(n):
        if not needed[f].any():
            continue
        for side in range(2):
            for j in range(ny):
                counts[j], medians[j], spreads[j] = 0.0, np.nan, np.nan
                if not needed[f, j] and j % EVERY:
                    continue
                m = 0
                for i in range(side * nx // 2, (side + 1) * nx // 2):
                    if flaws[f, j, i] == 0:
                        values[m] = read1[f, j, i]
                        m += 1
                if m >= 10:
                    row = np.sort(values[:m])
                    counts[j], medians[j] = m, 0.5 * (row[(m - 1) // 2] + row[m // 2])
                    spreads[j] = medians[j] - row[int(0.1587 * m)]
            for half in range(2):
                rows = slice(half * ny // 2, (half + 1) * ny // 2)
                noises[2 * side + half] = _shrunk(medians[rows], spreads[rows], counts[rows], offsets[f, rows, side])
        noise[f] = np.nanmedian(noises)


@numba.njit(cache=True)
def _shrunk(medians, spreads, counts, out):
    """Row levels of a quadrant into ``out``: its own level plus what of a row's deviation is not noise."""
    level, noise = np.nanmedian(medians), np.nanmedian(spreads)
    away = medians - level
    known = 1.57 * noise * noise / np.maximum(counts, 1.0)
    width = 1.4826 * np.nanmedian(np.abs(away))
    usual = max(width * width - np.median(known[counts > 0.0]), 0.0) if (counts > 0.0).any() else 0.0
    for j in range(len(out)):
        if not np.isfinite(away[j]):
            out[j] = level
            continue
        own = max(usual, away[j] * away[j] - OUTLIER * known[j])
        out[j] = level + away[j] * own / (own + known[j])
    return noise
