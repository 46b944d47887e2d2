"""What differs between the sources that two releases list in one part of the sky."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.spatial import cKDTree

from processing.config import survey
from processing.formats.tables import make_table
from processing.release.sky.cells import pixels_of, spatial_index
from processing.release.scans.fields import scan_label
from processing.schema import BANDS, load_table
from processing.sphere import arc, chord, unit_vectors

COLUMNS = ("ra", "dec", "err_maj", "designation", "pts_key", "date", "hemis", "scan", "cc_flg", "dist_edge_ns",
           "dist_edge_ew", *(f"{band.letter}_{name}" for band in BANDS for name in ("m", "msigcom")))  # fmt: skip
"""Columns of the point sources that a comparison needs."""


@dataclass(frozen=True)
class Match:
    """Places of rows: ``pairs``, shape (n, 2), the same source in A and B; ``only_a``, ``only_b``: rows without."""

    pairs: np.ndarray
    only_a: np.ndarray
    only_b: np.ndarray


def match(a, b):
    """The Match of two tables of sources (pyarrow, ``COLUMNS``).

    The same source is the nearest of B to one of A that is also the nearest of A to it, within the radius in which
    apparitions of two scans are one source; then again among those that are left.
    """
    places = [unit_vectors(table["ra"].to_numpy(), table["dec"].to_numpy()) for table in (a, b)]
    left, pairs = [np.arange(len(a)), np.arange(len(b))], [np.empty((0, 2), int)]
    while len(left[0]) and len(left[1]):
        found = _mutual(places[0][left[0]], places[1][left[1]], chord(survey().release.match_radius))
        if not len(found):
            break
        pairs.append(np.stack([left[0][found[:, 0]], left[1][found[:, 1]]], axis=1))
        left = [np.delete(rows, found[:, side]) for side, rows in enumerate(left)]
    pairs = np.concatenate(pairs)
    return Match(pairs[np.argsort(pairs[:, 0])], *left)


def changes(a, b):
    """Changes of sources that are in both releases; ``a`` and ``b``: pyarrow Tables with the same n sources in order.

    Returns
    -------
    columns : dict
        moved, moved_sigma, j_change, j_sigma, ...: shape (n,), NaN where a band is not measured in both.
    differs : ndarray of bool, shape (n,)
        One of them is beyond the errors.
    """
    one, other = (unit_vectors(_floats(table, "ra"), _floats(table, "dec")) for table in (a, b))
    distance = arc(np.linalg.norm(one - other, axis=1))
    columns = {"moved": distance, "moved_sigma": distance / np.hypot(_floats(a, "err_maj"), _floats(b, "err_maj"))}
    for letter in (band.letter for band in BANDS):
        errors = np.hypot(_floats(a, f"{letter}_msigcom"), _floats(b, f"{letter}_msigcom"))
        change = np.where(np.isnan(errors), np.nan, _floats(b, f"{letter}_m") - _floats(a, f"{letter}_m"))
        columns |= {f"{letter}_change": change, f"{letter}_sigma": change / errors}
    limit = survey().difference.sigma
    beyond = [np.abs(values) > limit for name, values in columns.items() if name.endswith("_sigma")]
    return columns, np.any(beyond, axis=0)


def difference_rows(kind, rule, a=None, b=None, columns=None):
    """Rows of the table of differences (pyarrow); ``a``, ``b``: the sources in each release, None when in one alone.

    ``rule``: str, shape (n,); ``columns``: see ``changes``.
    """
    here = a if b is None else b
    ra, dec = _floats(here, "ra"), _floats(here, "dec")
    table, nothing = load_table("differences"), pa.nulls(len(here))
    region = pixels_of(spatial_index(ra, dec), survey().difference.region_order)
    known = {"kind": [kind] * len(here), "rule": list(rule), "region": region, "ra": ra, "dec": dec, **(columns or {})}
    for side, rows in (("a", a), ("b", b)):
        if rows is not None:
            known |= {f"designation_{side}": rows["designation"], f"pts_key_{side}": rows["pts_key"],
                      f"scan_{side}": scan_labels(rows)}
    return make_table({name: known.get(name, nothing) for name in table.names}, table)


def scan_labels(rows):
    """Night and scan of each row, as messages name them: ``990810s scan 049``; list of str."""
    named = {}
    scans = zip(*(rows[name].to_pylist() for name in ("date", "hemis", "scan")))
    return [named.get(scan) or named.setdefault(scan, scan_label(scan)) for scan in scans]


def _mutual(a, b, radius):
    """Pairs of rows that are each other's nearest within ``radius`` (a chord), shape (m, 2)."""
    to_b = cKDTree(b).query(a, distance_upper_bound=radius)[1]
    to_a = cKDTree(a).query(b, distance_upper_bound=radius)[1]
    rows = np.flatnonzero(to_b < len(b))
    rows = rows[to_a[to_b[rows]] == rows]
    return np.stack([rows, to_b[rows]], axis=1)


def _floats(table, name):
    return table[name].cast(pa.float64()).to_numpy()
