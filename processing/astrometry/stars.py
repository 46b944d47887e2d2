"""Stars on the single frames of one band."""

from dataclasses import dataclass

import numba
import numpy as np

from processing.astrometry.centroid import fit_star, peaks
from processing.config import survey

SMOOTHED = 12
"""The width of the PSF of a frame is the median over so many frames before and behind it."""

SHARP = 30.0
"""Significance of the stars from which the width is taken."""


@dataclass(frozen=True)
class Detections:
    """Stars of all frames of one band, one array element each.

    ``frame``: index from 0; ``x``, ``y``: pixel, 0-based; ``flux``: DN; ``x_error``, ``y_error``: pixel, from the
    noise; ``snr``; ``chi2``: reduced; ``width``: pixel, sigma of the Gaussian that stands for the PSF of the frame.
    Sorted by frame, brightest first.
    """

    frame: np.ndarray
    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    x_error: np.ndarray
    y_error: np.ndarray
    snr: np.ndarray
    chi2: np.ndarray
    width: np.ndarray

    def __len__(self):
        return len(self.frame)

    def __getitem__(self, rows):
        """The detections in ``rows`` (index or mask)."""
        return Detections(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def brightest(self, most):
        """At most so many of each frame."""
        first = np.searchsorted(self.frame, self.frame)
        return self[np.arange(len(self)) - first < most]


def find_stars(image, flaws):
    """The Detections in frames of one band.

    Parameters
    ----------
    image : ndarray, shape (n, ny, nx), DN
        Calibrated 1.3 s frames without sky pattern; the level of each frame is taken off here.
    flaws : ndarray, shape (n, ny, nx)
        Not 0 where a pixel is not to be used (saturated ones too).
    """
    rules, settings = survey().astrometry, survey().simulate
    limits = np.array([rules.peak, rules.snr, survey().instrument.gain])
    most = int(rules.candidates)
    usual = 0.5 * settings.seeing / settings.frame_pixel / 1.18
    level, noise = _levels(image, flaws)
    rough = _fit_all(image, flaws, level, noise, np.full(len(image), usual), limits, 30, True)
    width = _widths(rough, len(image), usual)
    found = _fit_all(image, flaws, level, noise, width, limits, most, False)
    frame = found[:, 0].astype(int)
    found = found[np.lexsort((-found[:, 3], frame))]
    snr = found[:, 3] / found[:, 6]
    columns = Detections(found[:, 0].astype(int), found[:, 1], found[:, 2], found[:, 3], found[:, 4], found[:, 5], snr,
                         found[:, 7], found[:, 8])  # fmt: skip
    return columns[snr >= rules.snr]


def _levels(image, flaws):
    """Median and half the 15.87-84.13 % range of every frame, from a sample of its pixels; NaN where none is usable."""
    sample = np.where(flaws == 0, image, np.nan).reshape(len(image), -1)[:, ::7]
    out = np.full((len(image), 3), np.nan)
    seen = np.isfinite(sample).any(axis=1)
    for row in np.flatnonzero(seen):
        values = sample[row]
        out[row] = np.percentile(values[np.isfinite(values)], [15.87, 50, 84.13])
    return out[:, 1], np.maximum((out[:, 2] - out[:, 0]) / 2, 1e-3)


@numba.njit(cache=True)
def _fit_all(image, flaws, level, noise, width, limits, most, free_width):
    """Fits of the brightest peaks of all frames: rows of frame and what fit_star gives."""
    rows = [np.zeros(9)]
    for n in range(image.shape[0]):
        if not np.isfinite(level[n]):
            continue
        usable = flaws[n] == 0
        flat = image[n] - np.float32(level[n])
        place = peaks(flat, usable, 0.0, noise[n], limits[0], limits[1], most)
        for k in range(len(place)):
            row = np.empty(9)
            row[0] = n
            if fit_star(flat, usable, place[k, 1], place[k, 0], width[n], noise[n], limits[2], free_width, row[1:]):
                rows.append(row)
    out = np.empty((len(rows) - 1, 9))
    for k in range(len(out)):
        out[k] = rows[k + 1]
    return out


def _widths(rough, n, usual):
    """Width (sigma, pixel) of the PSF in each of ``n`` frames: running median of bright stars; else the usual one."""
    bright = rough[rough[:, 3] > SHARP * rough[:, 6]]
    bright = bright[np.argsort(bright[:, 0], kind="stable")]
    overall = np.median(bright[:, 8]) if len(bright) >= 5 else usual
    low, high = (np.searchsorted(bright[:, 0], np.arange(n) + reach) for reach in (-SMOOTHED, SMOOTHED + 1))
    return np.array([np.median(bright[a:b, 8]) if b - a >= 8 else overall for a, b in zip(low, high)])
