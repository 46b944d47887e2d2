"""What the detector shows with the shutter closed (Explanatory Supplement, section IV.2).

The first read holds the pedestal, the amplifier glow and next to no dark current; the difference of the reads holds the
dark current and the rest of the glow. Both are subtracted by the night's own mean.
"""

from dataclasses import dataclass

import numpy as np

from processing.frames.quantiles import quantiles

CLIP = 4.0
"""Sigma beyond which a read is left out of a mean: cosmic rays."""


@dataclass(frozen=True)
class Darks:
    """Means of a night's dark frames of one band; all arrays (ny, nx).

    ``read1``: first read, DN (pedestal included); ``difference``: second minus first read, linearised, DN; ``noise``:
    one-sigma scatter of the difference in one frame, DN; ``frames``: how many there were.
    """

    read1: np.ndarray
    difference: np.ndarray
    noise: np.ndarray
    frames: int


def combine_darks(read1, difference):
    """The Darks of a stack of dark frames.

    Parameters
    ----------
    read1, difference : ndarray, shape (n, ny, nx), DN
        First reads; differences of the linearised reads.
    """
    mean1, _ = clipped_mean(read1)
    mean, scatter = clipped_mean(difference)
    return Darks(mean1, mean, scatter, len(read1))


def clipped_mean(stack, rounds=3):
    """Mean and standard deviation along the first axis without outliers; NaN values are left out.

    The first centre and width are the median and half the 15.87-84.13 % range, which single hits do not move.
    """
    low, centre, high = quantiles(stack, (0.1587, 0.5, 0.8413)).astype(np.float32)
    width = np.maximum((high - low) / 2, 1e-6)
    for _ in range(rounds):
        kept = np.where(np.abs(stack - centre) <= CLIP * width, stack, np.nan)
        centre, width = np.nanmean(kept, axis=0), np.maximum(np.nanstd(kept, axis=0), 1e-6)
    return centre.astype(np.float32), width.astype(np.float32)
