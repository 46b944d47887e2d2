"""The bands of a field laid on each other: what the sources that they share say about their offsets and turns.

The three arrays of a camera saw the sky at the same time, but the coordinates of each Atlas Image are fitted for
themselves: in the real images of W44 H is turned against J by 0.024 deg, 0.1 arcsec at the edges.
"""

import numpy as np
from scipy.spatial import cKDTree

from processing.bandmerge.places import Places
from processing.config import survey

FEWEST_FOR_OFFSET = 10
"""Common sources below which the offset between two bands is taken as zero."""

FEWEST_FOR_TURN = 100
"""Common sources below which two bands are taken as not turned: the turn must be known better than it disturbs."""


def without_offsets(lists, reach=None):
    """The lists moved and turned so that common sources agree, and the offsets taken out.

    Returns
    -------
    lists : list of Places
    offsets : ndarray, shape (bands, 2), arcsec
        What each band's positions were off; they sum to zero, so that no band is the standard.
    """
    reach = survey().merge.reach if reach is None else reach
    offsets = np.zeros((len(lists), 2))
    for band in range(1, len(lists)):
        offsets[band] = median_offset(lists[0], lists[band], reach)
    offsets -= offsets.mean(axis=0) if len(lists) else 0
    return _without_turns([places.shifted(-offset) for places, offset in zip(lists, offsets)], reach), offsets


def _without_turns(lists, reach):
    """The lists without linear distortion of one band against another; the mean of the bands stays as it is."""
    turns = np.zeros((len(lists), 2, 2))
    centre = lists[0].xy.mean(axis=0) if len(lists) and len(lists[0]) else np.zeros(2)
    for band in range(1, len(lists)):
        turns[band] = _turn(lists[0].xy - centre, lists[band].xy - centre, reach)
    turns -= turns.mean(axis=0) if len(lists) else 0
    return [Places(places.xy - (places.xy - centre) @ turn.T, places.cov) for places, turn in zip(lists, turns)]


def _turn(a, b, reach, rounds=5):
    """Matrix (2, 2) that takes a place to its offset in ``b`` against ``a`` (n, 2), both about the same centre.

    Least squares over the sources that are each other's nearest, without those beyond three times the usual distance
    (1.48 times the median); zero when they are too few.
    """
    i, j = _mutual_nearest(a, b, reach)
    if len(i) < FEWEST_FOR_TURN:
        return np.zeros((2, 2))
    design, step = np.column_stack([np.ones(len(i)), a[i]]), b[j] - a[i]
    kept = np.ones(len(i), bool)
    for _ in range(rounds):
        fitted = np.linalg.lstsq(design[kept], step[kept], rcond=None)[0]
        miss = np.hypot(*(step - design @ fitted).T)
        kept = miss <= 3 * 1.48 * np.median(miss)
    return fitted[1:].T


def median_offset(a, b, reach):
    """Median of b - a (2,), arcsec, over the sources that are each other's nearest; zero when they are too few.

    The second pass looks around the offset of the first, so that chance neighbours pull it less.
    """
    offset = np.zeros(2)
    for radius in (reach, reach / 4):
        i, j = _mutual_nearest(a.xy, b.xy - offset, radius)
        if len(i) < FEWEST_FOR_OFFSET:
            return offset
        offset = np.median(b.xy[j] - a.xy[i], axis=0)
    return offset


def _mutual_nearest(a, b, radius):
    if not len(a) or not len(b):
        return np.empty(0, int), np.empty(0, int)
    distance, j = cKDTree(b).query(a)
    back = cKDTree(a).query(b)[1]
    i = np.flatnonzero((distance < radius) & (back[j] == np.arange(len(a))))
    return i, j[i]
