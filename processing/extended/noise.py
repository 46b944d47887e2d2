"""How large the noise of an image is, and the scatter of values with some that do not belong to them."""

import numpy as np

ROBUST = 1.4826
"""One sigma of a Gaussian over its median absolute deviation."""


def typical(noise):
    """Median noise of a pixel, DN."""
    sample = noise[::16, ::16]
    return float(np.median(sample[np.isfinite(sample)]))


def by_row(noise):
    """Noise of each row in units of the typical one: (ny,); 1 where nothing is observed."""
    some = noise[:, ::16]
    known = np.isfinite(some)
    mean = np.where(known, some, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known.any(axis=1), mean / typical(noise), 1.0)


def robust_scatter(values):
    """One sigma of the values about their median, from the half of them nearest to it; NaN do not count."""
    known = values[np.isfinite(values)]
    return ROBUST * float(np.median(np.abs(known - np.median(known)))) if known.size else np.inf
