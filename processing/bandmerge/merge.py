"""Band merging: one row for each object from the source lists of one to three bands, by position.

The order is that of the Explanatory Supplement, section IV.4e: J sources are the seeds, H joins them or begins rows of
its own, then Ks. Brightness plays no part, so that no colour is favoured.
"""

from dataclasses import dataclass

import numpy as np

from processing.bandmerge.match import match
from processing.bandmerge.places import Places, weighted_mean
from processing.config import survey


@dataclass(frozen=True, eq=False)
class Merged:
    """Rows of merged sources; the second axis is the band in the order of the lists given.

    Attributes
    ----------
    index : ndarray of int, shape (n, bands)
        The row's source in the list of the band, -1 for none.
    unresolved : ndarray of int, shape (n, bands)
        The source that is all the band sees of a pair which another band resolves (``rd_flg`` 6), -1 for none.
    ambiguous : ndarray of bool, shape (n, bands)
        Another counterpart was about as probable (``cc_flg`` b).
    places : Places of length n
        Weighted mean positions.
    """

    index: np.ndarray
    unresolved: np.ndarray
    ambiguous: np.ndarray
    places: Places

    def __len__(self):
        return len(self.index)


def merge_bands(lists, area):
    """Merge the source lists of a field.

    Parameters
    ----------
    lists : list of Places, one a band in the order J, H, Ks
        Without offset to each other (``processing.bandmerge.align``), with all errors that are not common to the bands.
    area : float, arcsec**2
        Of the field.

    Returns
    -------
    Merged; every source of every list is in one row.
    """
    rules = survey().merge
    index, ambiguous = np.empty((0, 0), int), np.empty((0, 0), bool)
    for band, places in enumerate(lists):
        rows = Places(np.empty((0, 2)), np.empty((0, 2, 2))) if band == 0 else mean_places(lists[:band], index)
        found = match(rows, places, area, rules)
        index, ambiguous = _join(index, ambiguous, found, len(places))
    return Merged(index, np.full_like(index, -1), ambiguous, mean_places(lists, index, ambiguous))


def mean_places(lists, index, avoid=None):
    """Weighted mean position of each row of ``index`` over its bands.

    ``avoid``, bool of the shape of ``index``, marks confused measurements: they count only where there is no other.
    """
    used = index >= 0
    if avoid is not None:
        clean = used & ~avoid
        used = np.where(clean.any(axis=1)[:, None], clean, used)
    groups = [(_placed(places, column), use) for places, column, use in zip(lists, index.T, used.T)]
    return weighted_mean(groups)


def _join(index, ambiguous, found, n):
    """Add a band of ``n`` sources: matched ones to their rows, the others as rows of their own at the end.

    An ambiguous match casts doubt on the band that joins, and on the other side when that is a single band too.
    """
    alone = np.setdiff1d(np.arange(n), found.second)
    rows, bands = len(index) + len(alone), index.shape[1] + 1
    new_index, new_ambiguous = np.full((rows, bands), -1), np.zeros((rows, bands), bool)
    new_index[: len(index), :-1], new_ambiguous[: len(index), :-1] = index, ambiguous
    new_index[found.first, -1], new_index[len(index):, -1] = found.second, alone
    unsure = found.first[found.ambiguous]
    new_ambiguous[unsure, -1] = True
    pairs = unsure[(index[unsure] >= 0).sum(axis=1) == 1]
    new_ambiguous[pairs] = True
    return new_index, new_ambiguous & (new_index >= 0)


def _placed(places, column):
    """Places by row; the rows without a source get an arbitrary place that nobody uses."""
    if not len(places):
        return Places(np.zeros((len(column), 2)), np.tile(np.eye(2), (len(column), 1, 1)))
    return places.take(np.maximum(column, 0))
