"""Every apparition of the bright stars of a scan."""

from dataclasses import dataclass

import numpy as np

OUTSIDE = 100.0
"""Stars up to this many pixels outside the array are listed too, for their wings and spikes."""

FAR = 0.14
"""Frames further from a star than this in declination (deg) do not see it."""


@dataclass(frozen=True)
class Places:
    """Apparitions sorted by frame: ``star``, ``frame`` (indices), ``x``, ``y`` (0-based pixel), ``sky`` (DN a pixel of
    the first read, NaN where unknown); those of frame i begin at ``begins[i]``."""

    star: np.ndarray
    frame: np.ndarray
    x: np.ndarray
    y: np.ndarray
    sky: np.ndarray
    begins: np.ndarray


def places(solution, band, ra, dec, frames, shape=(256, 256)):
    """The Places of stars at ra, dec (deg) in a scan of so many ``frames``; without sky."""
    star, frame = _near(np.asarray(dec), solution.pointing[1][:frames])
    x, y = solution.pixel(band, frame, np.asarray(ra)[star], np.asarray(dec)[star])
    on = (x > -OUTSIDE) & (x < shape[1] - 1 + OUTSIDE) & (y > -OUTSIDE) & (y < shape[0] - 1 + OUTSIDE)
    star, frame, x, y = star[on], frame[on], x[on], y[on]
    return Places(star, frame, x, y, np.full(len(x), np.nan), np.searchsorted(frame, np.arange(frames + 1)))


def _near(dec, centres):
    """Indices of star and frame of the pairs that may see each other, sorted by frame."""
    order = np.argsort(dec)
    low, high = (np.searchsorted(dec[order], centres + side * FAR) for side in (-1, 1))
    count = high - low
    frame = np.repeat(np.arange(len(centres)), count)
    star = order[np.arange(count.sum()) - np.repeat(np.cumsum(count) - count - low, count)]
    return star, frame
