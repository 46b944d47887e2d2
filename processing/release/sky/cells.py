"""The sky cut into cells: HEALPix pixels of several orders, each with at most a set number of rows.

Rows are sorted by their HEALPix number of order 29, so that those of any pixel lie together. All numbers are nested.
"""

from dataclasses import dataclass

import numpy as np
from cdshealpix.nested import neighbours
from hats.pixel_math.spatial_index import SPATIAL_INDEX_ORDER, compute_spatial_index

from processing.errors import SurveyError
from processing.sphere import ARCSEC

DEEPEST = SPATIAL_INDEX_ORDER

SMALLEST = np.sqrt(np.pi / 3.0) * ARCSEC / 2.0
"""Half the root of the area of a pixel of order 0, arcsec: the sides of a pixel are farther apart than this, halved for
each order (at the poles, where pixels are narrowest, it is 0.67 of the root)."""


def spatial_index(ra, dec):
    """HEALPix number of order 29, int64, of positions in degrees: the order of a catalog's rows."""
    return np.asarray(compute_spatial_index(np.asarray(ra, float), np.asarray(dec, float)), np.int64)


def pixels_of(index, order):
    """Pixels of ``order`` in which numbers of order 29 lie."""
    return index >> 2 * (DEEPEST - order)


def histogram(index, order):
    """The pixels of ``order`` with rows, sorted, and the rows in each."""
    return np.unique(pixels_of(index, order), return_counts=True)


@dataclass(frozen=True)
class Cells:
    """Pixels that do not overlap, in the order of the sky (order 29); ``order`` and ``pixel``, shape (n,)."""

    order: np.ndarray
    pixel: np.ndarray

    def __len__(self):
        return len(self.order)

    @property
    def begin(self):
        """First number of order 29 in each cell, shape (n,)."""
        return self.pixel << 2 * (DEEPEST - self.order)

    @property
    def end(self):
        """The number of order 29 after the last in each cell."""
        return self.pixel + 1 << 2 * (DEEPEST - self.order)

    def holding(self, begin, end):
        """Which cells have a part in one of the ranges [``begin``, ``end``) of numbers of order 29; sorted."""
        first = np.searchsorted(self.end, begin, "right")
        last = np.searchsorted(self.begin, end, "left")
        found = np.zeros(len(self) + 1, int)
        np.add.at(found, first, 1)
        np.add.at(found, last, -1)
        return np.flatnonzero(np.cumsum(found)[:-1] > 0)


def partition(pixels, counts, order, most):
    """The coarsest Cells with at most ``most`` rows each; ``pixels`` (of ``order``) and ``counts`` as of ``histogram``.

    SurveyError when one of the finest pixels holds more.
    """
    if len(counts) and counts.max() > most:
        raise SurveyError(f"{counts.max()} sources lie in one HEALPix pixel of order {order}, "
                          f"{most} may: release.partition_order must be larger")
    found, left = [], np.ones(len(pixels), bool)
    for coarse in range(order + 1):
        parents, inverse = np.unique(pixels >> 2 * (order - coarse), return_inverse=True)
        fits = np.bincount(inverse, counts, len(parents)) <= most
        chosen = np.unique(parents[inverse[left & fits[inverse]]])
        found.append(np.stack([np.full(len(chosen), coarse), chosen], axis=1))
        left &= ~fits[inverse]
    orders, numbers = np.concatenate(found).astype(np.int64).T
    place = np.argsort(numbers << 2 * (DEEPEST - orders))
    return Cells(orders[place], numbers[place])


def depth_order(distance):
    """The finest order of which any pixel's neighbours hold all that is closer than ``distance`` (arcsec, shape (n,))
    to a place in it; -1 where not even those of order 0 do."""
    with np.errstate(divide="ignore"):
        order = np.floor(np.log2(SMALLEST / np.maximum(distance, 1e-3)))
    return np.clip(order, -1, DEEPEST).astype(int)


def is_inside(index, distance, order, pixel):
    """Whether all places closer than ``distance`` (arcsec, shape (n,)) to rows of one cell lie in it; False in doubt.

    ``index``: numbers of order 29 of the rows.
    """
    inside, finest = np.zeros(len(index), bool), depth_order(distance)
    for fine in np.unique(finest[finest > order]).tolist():
        rows = np.flatnonzero(finest == fine)
        inside[rows] = ~_on_rim(pixels_of(index[rows], fine), fine - order)
    return inside


def ring(order, pixel, fine):
    """Ranges (begin, end) of numbers of order 29: the pixels of order ``fine`` around a cell."""
    if fine <= order:
        raise SurveyError(f"cells of HEALPix order {order} need a ring of finer pixels, found order {fine}: "
                          "release.ring_order must be larger than release.partition_order")
    around = neighbours(_rim(order, pixel, fine).astype(np.uint64), fine).astype(np.int64)
    outside = np.unique(around[(around >= 0) & (around >> 2 * (fine - order) != pixel)])
    return ranges(outside, fine)


def ranges(pixels, order):
    """Ranges (begin, end) of numbers of order 29 of sorted pixels of one order, neighbours joined."""
    new = np.flatnonzero(np.diff(pixels, prepend=-2) > 1)
    last = np.append(new[1:], len(pixels)) - 1 if len(new) else new
    shift = 2 * (DEEPEST - order)
    return pixels[new] << shift, pixels[last] + 1 << shift


def rows_in(index, begin, end):
    """Rows, in order, of a sorted ``index`` that lie in the ranges [``begin``, ``end``)."""
    first, last = np.searchsorted(index, begin), np.searchsorted(index, end)
    length = last - first
    return np.repeat(first - np.cumsum(length) + length, length) + np.arange(length.sum())


def _rim(order, pixel, fine):
    """The pixels of order ``fine`` along the inner rim of a cell."""
    side = 1 << fine - order
    along = np.arange(side)
    low, high = np.zeros(side, int), np.full(side, side - 1)
    x = np.concatenate([along, along, low, high])
    y = np.concatenate([low, high, along, along])
    return np.unique((pixel << 2 * (fine - order)) + _interleave(x, y))


def _interleave(x, y):
    """Nested number of the place (x, y) in a grid."""
    return sum(((x >> bit & 1) << 2 * bit) | ((y >> bit & 1) << 2 * bit + 1) for bit in range(DEEPEST))


def _on_rim(pixels, finer):
    """Whether pixels touch the rim of the cell ``finer`` orders coarser that holds them."""
    bits = (1 << 2 * finer) - 1
    even = 0x5555555555555555 & bits
    x, y = pixels & even, pixels & (even << 1)
    return (x == 0) | (x == even) | (y == 0) | (y == even << 1)
