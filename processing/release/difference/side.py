"""One of two releases that are compared: what it says of its scans, and its rows in any part of the sky.

The table of artifacts, some hundredths of the catalog with few columns, is held whole.
"""

import re

import numpy as np
import pyarrow as pa

from processing.config import survey
from processing.formats.parquet import INDEX, count_rows, read_columns
from processing.formats.tables import empty_table
from processing.release.sky.cells import DEEPEST, spatial_index
from processing.release.difference.compare import COLUMNS
from processing.release.difference.rules import book_of, why_missing
from processing.schema import load_table

PARTITION = re.compile(r"Norder=(\d+)/Dir=\d+/Npix=(\d+)")
PLACES = ["ra", "dec", "date", "hemis", "scan"]
APPARITIONS = re.compile(r"\w+-(\d+)-(\d+)\.parquet")


class Side:
    """One of the two releases: its Book, and its files by HEALPix pixel (order, number)."""

    def __init__(self, release):
        self.book = book_of(release)
        self.parts = {_pixel(PARTITION.search(str(path))): path for path in release.parquet_files("psc")}
        self.counts = {pixel: count_rows(path) for pixel, path in self.parts.items()}
        files = sorted((release.path / "apparitions").glob("*.parquet"))
        self.apparitions = [(_pixel(found), path) for path in files if (found := APPARITIONS.fullmatch(path.name))]
        files = release.parquet_files("artifacts") if "artifacts" in release.rows else []
        artifacts = _read("artifacts", PLACES, files)
        index = spatial_index(artifacts["ra"].to_numpy(), artifacts["dec"].to_numpy())
        order = np.argsort(index)
        self.artifacts, self.artifact_index = artifacts.take(order), index[order]

    def sources(self, cell):
        """The ``COLUMNS`` of its sources in a cell, and their HEALPix numbers."""
        parts = [_rows_in(path, cell) for pixel, path in sorted(self.parts.items()) if _overlap(pixel, cell)]
        index = np.concatenate([np.zeros(0, np.int64), *(part[INDEX.name].to_numpy() for part in parts)])
        return joined([part.select(COLUMNS) for part in parts]), index

    def why_missing(self, rows, cell):
        """The rule by which it does not list each of the ``rows`` of the other release in a cell."""
        if not len(rows):
            return np.empty(0, object)
        files = [path for pixel, path in self.apparitions if _overlap(pixel, cell)]
        first, last = np.searchsorted(self.artifact_index, _range(cell))
        return why_missing(rows, self.book, _read("apparitions", [*PLACES, "pts_key"], files),
                           self.artifacts.slice(first, last - first))  # fmt: skip


def common_cells(one, other, most):
    """Cells (order, pixel) that hold all partitions of two releases, in the order of the sky.

    ``one``, ``other``: (order, pixel) -> rows. A cell is the coarser of two partitions that overlap, cut up where it
    would hold more than about ``most`` rows.
    """
    pixels = set(one) | set(other)
    whole = [pixel for pixel in pixels if not any(parent in pixels for parent in _parents(pixel))]
    parts = [part for cell in whole for part in _cut(cell, (one, other), most)]
    return sorted(parts, key=lambda cell: cell[1] << 2 * (DEEPEST - cell[0]))


def joined(parts):
    """Tables with the ``COLUMNS`` of sources as one."""
    empty = empty_table(load_table("psc")).select(COLUMNS)
    return pa.concat_tables([empty, *(part.cast(empty.schema) for part in parts)]).combine_chunks()


def _cut(cell, counts, most):
    rows = sum(_rows_of(side, cell) for side in counts)
    if rows <= most or cell[0] >= survey().release.partition_order:
        return [cell] if rows else []
    return [part for n in range(4) for part in _cut((cell[0] + 1, 4 * cell[1] + n), counts, most)]


def _rows_of(counts, cell):
    """Rows of a release in a cell; of a larger partition its share of the area."""
    return sum(rows / 4 ** max(cell[0] - pixel[0], 0) for pixel, rows in counts.items() if _overlap(pixel, cell))


def _parents(pixel):
    order, number = pixel
    return [(order - n, number >> 2 * n) for n in range(1, order + 1)]


def _overlap(one, other):
    order = min(one[0], other[0])
    return one[1] >> 2 * (one[0] - order) == other[1] >> 2 * (other[0] - order)


def _rows_in(path, cell):
    """Rows of a partition, which are sorted, that lie in a cell."""
    table = read_columns(path, [*COLUMNS, INDEX.name])
    first, last = np.searchsorted(table[INDEX.name].to_numpy(), _range(cell))
    return table.slice(first, last - first)


def _range(cell):
    """First number of order 29 in a cell, and the one after the last."""
    return np.array([cell[1], cell[1] + 1]) << 2 * (DEEPEST - cell[0])


def _read(name, columns, files):
    """Some columns of all rows in ``files`` of the table ``name``."""
    return pa.concat_tables([empty_table(load_table(name)).select(columns), *(read_columns(f, columns) for f in files)])


def _pixel(found):
    return int(found[1]), int(found[2])
