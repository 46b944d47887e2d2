"""Quantiles along a stack of frames, all pixels at once."""

import numpy as np


def quantiles(stack, shares):
    """Quantiles along the first axis, NaN left out: shape (len(shares), ...); NaN where there is no number.

    Linear between the ordered values, as ``numpy.nanquantile``, which takes each pixel by itself when there may be NaN
    and is a hundred times slower.
    """
    ordered = np.sort(np.moveaxis(stack, 0, -1), axis=-1)  # NaN go to the end
    count = (~np.isnan(ordered)).sum(axis=-1)
    return np.stack([_at(ordered, share * np.maximum(count - 1, 0)) for share in shares])


def _at(ordered, place):
    """Values at fractional places along the last axis."""
    below = np.floor(place).astype(int)
    above = np.ceil(place).astype(int)
    low, high = (np.take_along_axis(ordered, k[..., None], axis=-1)[..., 0] for k in (below, above))
    return low + (high - low) * (place - below).astype(ordered.dtype)
