"""Stars that saturate: where they are on single frames.

A star that saturates the second read is a peak of the first one, found there and fitted with a Gaussian. Where the
first read saturates too its saturated area tells the place; it is refined from the wings later. Bad pixels never count.
"""

from dataclasses import dataclass

import numba
import numpy as np
from scipy import ndimage

from processing.astrometry.centroid import HALF, fit_star
from processing.config import survey
from processing.frames.masks import Flaw

BAD = int(Flaw.DEAD | Flaw.HOT | Flaw.NOISY)
FULL, FULL_READ1 = int(Flaw.SATURATED), int(Flaw.SATURATED_READ1)
LATENT = int(Flaw.LATENT)
"""Matters to the 1.3 s images only: in 51 ms next to nothing comes out."""

RING, CONTRAST = 3, 0.5
"""Next to a star that saturates the first read, a peak is a star when the pixels at this distance (pixel) all have less
than this share of its light: ripples of wings and spikes do not."""

EDGE_SHARE = 0.35
"""A saturated area whose rim lies on the edge of the array for more than this part of its width is not whole."""


@dataclass(frozen=True)
class Apparitions:
    """Saturated stars on single frames: ``frame``, ``x``, ``y`` (0-based pixel), ``error`` (pixel, each axis)."""

    frame: np.ndarray
    x: np.ndarray
    y: np.ndarray
    error: np.ndarray

    def __len__(self):
        return len(self.frame)


def saturated_apparitions(read1, flaws):
    """The Apparitions in calibrated first reads (DN) with their flaws, both (n, ny, nx)."""
    full = np.stack(np.unravel_index(np.flatnonzero(flaws & (FULL | FULL_READ1)), flaws.shape), axis=1)
    peaks = _peaks(read1, flaws, full)
    rows = [np.zeros((0, 4))]
    for frame in np.unique(full[(flaws[tuple(full.T)] & FULL_READ1) > 0, 0]):
        areas, alone = _hollow_stars(read1[frame], flaws[frame], peaks[peaks[:, 0] == frame])
        peaks = np.concatenate([peaks[peaks[:, 0] != frame], alone])
        rows.append(np.insert(areas, 0, frame, axis=1))
    level = {frame: float(np.median(read1[frame][::4, ::4])) for frame in np.unique(peaks[:, 0])}
    rows.append(_fitted(read1, flaws, peaks, np.array([level[frame] for frame in peaks[:, 0]])))
    found = np.concatenate(rows)
    return Apparitions(found[:, 0].astype(int), *found[:, 1:].T)


@numba.njit(cache=True)
def _peaks(read1, flaws, full):
    """Frame, row, column of the pixels of ``full`` that are local maxima of an unsaturated first read."""
    out = np.empty((len(full), 3), np.int64)
    n, (ny, nx) = 0, read1.shape[1:]
    for k in range(len(full)):
        f, j, i = full[k]
        if flaws[f, j, i] & (BAD | FULL_READ1) or not (HALF <= j < ny - HALF and HALF <= i < nx - HALF):
            continue
        top, highest = read1[f, j, i], True
        for b in range(-1, 2):
            for a in range(-1, 2):
                other = flaws[f, j + b, i + a]
                if (a == 0 and b == 0) or other & BAD:
                    continue
                value = read1[f, j + b, i + a]
                if other & FULL_READ1 or value > top or (value == top and (b < 0 or (b == 0 and a < 0))):
                    highest = False
        if highest:
            out[n] = full[k]
            n += 1
    return out[:n]


def _hollow_stars(read1, flaws, peaks):
    """Areas of one frame where the first read saturates, rows of x, y, error (pixel); and the peaks that are stars of
    their own. Areas that the edge of the array cuts, and specks beside a larger one, are left out."""
    labels, count = ndimage.label(flaws & FULL_READ1, structure=np.ones((3, 3)))
    numbers = np.arange(1, count + 1)
    size = ndimage.sum_labels(np.ones(labels.shape), labels, numbers)
    y, x = np.reshape(ndimage.center_of_mass(labels > 0, labels, numbers), (count, 2)).T
    radius = np.sqrt(size / np.pi)
    bright, _ = ndimage.label(flaws & FULL, structure=np.ones((3, 3)))
    whole = np.array([_whole(labels == k, r) for k, r in zip(numbers, radius)], bool)
    good, taken = [], np.zeros(count, bool)
    for k in np.argsort(-size):
        if not taken[k]:
            taken |= np.hypot(x - x[k], y - y[k]) < radius[k] + 3
            good += [k] if whole[k] and not _only_bad(flaws, labels == k + 1) else []
    areas = np.column_stack([x[good], y[good], np.maximum(0.3, 0.2 * radius[good])])
    glare = np.unique(bright[labels > 0])
    lonely = [not np.isin(bright[j, i], glare) or _isolated(read1, flaws, j, i) for _, j, i in peaks]
    return areas, peaks[np.array(lonely, bool)]


def _only_bad(flaws, area):
    return bool(np.all(flaws[area] & BAD))


def _whole(area, radius):
    """Whether an area (mask of a frame) does not lie on the edge."""
    rim = max(area[0].sum(), area[-1].sum(), area[:, 0].sum(), area[:, -1].sum())
    return rim <= EDGE_SHARE * 2 * radius


def _isolated(read1, flaws, j, i):
    """Whether a peak stands above all that is RING pixels away."""
    ny, nx = read1.shape
    if not (RING <= j < ny - RING and RING <= i < nx - RING):
        return False
    window = np.s_[j - RING:j + RING + 1, i - RING:i + RING + 1]
    v, u = np.indices((2 * RING + 1,) * 2) - RING
    ring = (np.abs(np.hypot(u, v) - RING) <= 0.6) & ((flaws[window] & BAD) == 0)
    level = np.median(read1[::4, ::4])
    return not (flaws[window][ring] & FULL_READ1).any() and bool(
        (read1[window][ring] - level < CONTRAST * (read1[j, i] - level)).all()
    )


def _fitted(read1, flaws, peaks, level):
    """Rows of frame, x, y, error of the Gaussians that fit the peaks; where no fit converges the peak itself, with an
    error of half a pixel."""
    gain = survey().instrument.gain
    noise = 1.5 * survey().detector.read_noise / gain
    width = 0.5 * survey().simulate.seeing / survey().simulate.frame_pixel / 1.18
    rows, out = np.empty((len(peaks), 4)), np.empty(8)
    for row, (f, j, i), low in zip(rows, peaks, level):
        usable = (flaws[f] & (BAD | FULL_READ1)) == 0
        frame = read1[f, j - 4:j + 5, i - 4:i + 5] - low if _inside(read1, j, i) else None
        row[:] = f, i, j, 0.5
        if frame is not None and fit_star(frame, usable[j - 4:j + 5, i - 4:i + 5], 4, 4, width, noise, gain, True, out):
            row[1:] = i - 4 + out[0], j - 4 + out[1], np.hypot(*out[3:5]) / np.sqrt(2)
    return rows


def _inside(read1, j, i):
    ny, nx = read1.shape[1:]
    return 4 <= j < ny - 4 and 4 <= i < nx - 4
