"""Sources that several scans measured: which belong together, and what their measurements differ by."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from processing.validate.apparitions import SCIENCE, Sources
from processing.validate.statistics import FEWEST


@dataclass(frozen=True)
class Repeats:
    """Sources with several good measurements: ``sources``, n measurements, those of one source side by side.

    ``star``, shape (n,): number of the source of each; ``size``, shape (n,): measurements of it; ``block``, shape (n,):
    number of the set of scans that it belongs to (two scans that overlap, or a visit).
    """

    sources: Sources
    star: np.ndarray
    size: np.ndarray
    block: np.ndarray

    def __len__(self):
        return len(self.star)

    @property
    def stars(self):
        return int(self.star.max(initial=-1)) + 1

    def mean(self, values):
        """Mean over the measurements of a source, for each of them."""
        return (np.bincount(self.star, values) / np.bincount(self.star))[self.star] if len(self) else values

    def offsets(self, values):
        """By how much the scan of each measurement is above the others of its block, in the median of its sources.

        NaN where a block has fewer than five sources.
        """
        offset, middle = np.full(len(values), np.nan), values.copy()
        key = self.block * len(self.sources.scans) + self.sources.scan
        number = np.unique(key, return_inverse=True)[1] if len(self) else key
        parts = [np.flatnonzero(number == one) for one in range(int(number.max(initial=-1)) + 1)]
        for _ in range(4):
            residual = middle - self.mean(middle)
            for part in parts:
                if len(part) >= FEWEST:
                    offset[part] = np.nan_to_num(offset[part]) + np.median(residual[part])
            middle = values - np.nan_to_num(offset)
        return offset

    def deviations(self, values, offsets=True):
        """What single measurements differ by from the truth, as their differences tell: shape (n,).

        From the mean of the source, times the root of m/(m - 1) for m measurements, so that the scatter is that of one
        measurement; ``offsets``: the scans' own are taken out first. NaN in blocks where these are not known.
        """
        if offsets:
            values = values - self.offsets(values)
        return (values - self.mean(values)) * np.sqrt(self.size / (self.size - 1.0))

    def freedom(self, kept):
        """Degrees of freedom of the measurements at ``kept`` (mask)."""
        return int(round(float((1 - 1 / self.size[kept]).sum()))) if len(self) else 0


def science_repeats(apparitions, good):
    """The Repeats in overlaps and of spare scans; ``good``: mask of the measurements to take."""
    return _repeats(apparitions, good & np.isin(apparitions["kind"], SCIENCE), 2)


def visit_repeats(apparitions, good, least=2):
    """The Repeats in visits to calibration fields, of sources measured ``least`` times or more."""
    return _repeats(apparitions, good & (apparitions["kind"] == "cal"), least)


def groups(apparitions):
    """Number of the source of each apparition (sorted by kind and source), from 0."""
    change = np.ones(len(apparitions), bool)
    for name in ("kind", "source"):
        if name == "kind":
            same = apparitions[name][1:] == apparitions[name][:-1]
        else:
            same &= apparitions[name][1:] == apparitions[name][:-1]
    if len(apparitions):
        change[1:] = ~same
    return np.cumsum(change) - 1


def once_a_scan(number, scan):
    """Which rows belong to a source that no scan has twice; ``number``: of the source."""
    if not len(number):
        return np.zeros(0, bool)
    pairs, count = np.unique(np.column_stack([number, scan]), axis=0, return_counts=True)
    double = np.zeros(number.max() + 1, bool)
    double[pairs[count > 1, 0]] = True
    return ~double[number]


def _repeats(apparitions, chosen, least):
    """``chosen``: mask of measurements; sources that a scan has twice are left out."""
    number = groups(apparitions)
    rows = np.flatnonzero(chosen)
    rows = rows[once_a_scan(number[rows], apparitions.scan[rows])]
    size = np.bincount(number[rows], minlength=int(number.max(initial=-1)) + 1)
    rows = rows[size[number[rows]] >= least]
    star = np.unique(number[rows], return_inverse=True)[1].astype(int)
    found = apparitions.where(rows)
    return Repeats(found, star, size[number[rows]], _blocks(found, star))


def _blocks(found, star):
    """Number of the set of scans of each measurement: the visit for cal, the very set of scans for the others."""
    if not len(star):
        return np.zeros(0, int)
    visit = visits(found, star)
    masks = [frozenset(part.tolist()) for part in np.split(found.scan, np.flatnonzero(np.diff(star)) + 1)]
    names = [("cal", int(v)) if kind == "cal" else tuple(sorted(mask)) for mask, v, kind in
             zip(masks, visit[_first(star)], found["kind"][_first(star)])]  # fmt: skip
    order = {name: n for n, name in enumerate(sorted(set(names), key=str))}
    return np.array([order[name] for name in names])[star]


def visits(found, star):
    """Number of the visit of each measurement: scans that have a source in common belong to one."""
    count = len(found.scans)
    graph = coo_matrix((np.ones(len(star)), (found.scan, count + star)), shape=(count + star.max() + 1,) * 2)
    return connected_components(graph, directed=False)[1][found.scan]


def _first(star):
    return np.flatnonzero(np.diff(star, prepend=-1))
