"""Sources that only other bands list: their light in this one, so that it can be taken off as well.

A star at the limit of one band is below it in another, where it would be left and, in the sum of the bands, be taken
for something faint and extended.
"""

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from processing.config import survey
from processing.extended.field import PointSources

FORCED = 0
"""Method of these sources, as of ``rd_flg``: not detected in this band."""


def unlisted(bands):
    """Places of sources that other bands list, for each of the BandFields (list): list of x, y, row (three arrays)."""
    places = [np.column_stack([one.stars.x, one.stars.y, one.stars.row, one.stars.flux / one.stars.flux_err])
              for one in bands]  # fmt: skip
    return [_missing(places[k], places[:k] + places[k + 1:]) for k in range(len(bands))]


def _missing(own, others):
    rest = np.concatenate(others) if others else np.zeros((0, 4))
    rest = rest[np.argsort(-rest[:, 3], kind="stable")]
    if len(own) and len(rest):
        rest = rest[~np.isfinite(cKDTree(own[:, :2]).query(rest[:, :2], distance_upper_bound=_same())[0])]
    rest = rest[first_of_each(rest[:, :2])]
    return rest[:, 0], rest[:, 1], rest[:, 2].astype(int)


def first_of_each(places):
    """Rows of ``places`` (n, 2; pixel) without an earlier one at the same place."""
    if not len(places):
        return np.zeros(0, int)
    pairs = cKDTree(places).query_pairs(_same(), output_type="ndarray")
    return np.setdiff1d(np.arange(len(places)), pairs.max(axis=1) if len(pairs) else [])


def _same():
    return survey().extended_field.same


def with_unlisted(band, left, discs, places):
    """The BandField with sources at ``places`` (x, y, row) whose light in ``left`` is more than its noise."""
    x, y, row = places
    flux, error = discs.stars(left, x, y)
    seen = flux > error
    new = x[seen], y[seen], flux[seen], error[seen], np.full(seen.sum(), np.nan), np.full(seen.sum(), FORCED), row[seen]
    old = (getattr(band.stars, name) for name in PointSources.__dataclass_fields__)
    return replace(band, stars=PointSources(*(np.concatenate(pair) for pair in zip(old, new))))
