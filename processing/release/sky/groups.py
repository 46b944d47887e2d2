"""Sources and their apparitions: which rows of several scans are the same, as pieces of the table of apparitions."""

import numpy as np
import pyarrow as pa

KINDS = ("overlap", "spare", "cal")


def groups_of(rows, kind, among, leader, possible, winner):
    """The apparitions of the cell's own sources that several scans could see, as a pyarrow Table.

    Parameters
    ----------
    rows : processing.release.sky.cell_rows.CellRows
    kind : str
        One of KINDS.
    among : ndarray of bool
        The rows that are apparitions.
    leader : ndarray of int
        Of each row, the one that stands for its source.
    possible : ndarray of int
        Scans that could see the place of each row.
    winner : ndarray of int
        Of each row, that of its source in the catalog; -1 where the catalog does not list it.
    """
    members = np.flatnonzero(among)
    heads, source = np.unique(leader[members], return_inverse=True)
    seen = _distinct(source, rows.scan[members], len(heads))
    could = np.maximum(possible[heads], seen)
    told = rows.own[heads] & (could >= 2)
    number = np.cumsum(told) - 1
    members, source = members[told[source]], source[told[source]]
    order = np.argsort(source, kind="stable")
    members, source = members[order], source[order]
    listed = winner[heads[source]]
    return pa.table({
        "kind": np.full(len(source), KINDS.index(kind), np.uint8), "source": number[source].astype(np.int64),
        "seen": seen[source].astype(np.int16), "possible": could[source].astype(np.int16),
        "scan": rows.scan[members].astype(np.int32), "row": rows.row[members].astype(np.int32),
        "winner_scan": np.where(listed < 0, -1, rows.scan[listed]).astype(np.int32),
        "winner_rank": np.where(listed < 0, -1, rows.rank[listed]).astype(np.int32),
    })  # fmt: skip


def _distinct(source, scan, n):
    """Number of different scans in each of ``n`` sources."""
    width = int(scan.max(initial=0)) + 1
    return np.bincount(np.unique(source * width + scan) // width, minlength=n)
