"""What a cell of the sky sees of the rows of all scans: its own, and those in a ring of small pixels around it."""

from dataclasses import dataclass, fields

import numpy as np

from processing.config import survey
from processing.release.sky.cells import ring, rows_in
from processing.release.plan import cell_file, scan_file, sky_plan
from processing.release.rows import open_rows, reorder, take
from processing.release.scans.scan_table import INDEX

NAMES = {"index": INDEX, "ra": "ra", "dec": "dec", "rank": "_rank", "edge": "_edge", "depth": "_depth",
         "possible": "_possible", "partners": "_partners", "failed": "_failed"}  # fmt: skip


@dataclass(frozen=True, eq=False)
class CellRows:
    """Rows in the order of scan and position, arrays of shape (n,): ``scan`` (number), ``row`` in its file, ``own``
    (whether it lies in the cell, not around it), ``chosen`` (whether its scan is of the release), ``tile`` (of the
    plan), and columns of ``scan_table``."""

    scan: np.ndarray
    row: np.ndarray
    own: np.ndarray
    chosen: np.ndarray
    tile: np.ndarray
    index: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    rank: np.ndarray
    edge: np.ndarray
    depth: np.ndarray
    possible: np.ndarray
    partners: np.ndarray
    failed: np.ndarray

    def __len__(self):
        return len(self.scan)

    def __getitem__(self, chosen):
        return CellRows(*(getattr(self, one.name)[chosen] for one in fields(self)))


def read_cell(folder, number):
    """The CellRows of the cell with this number."""
    plan = sky_plan(folder)
    cells = plan.cells
    begin, end = ring(cells.order[number], cells.pixel[number], survey().release.ring_order)
    around = np.union1d(cells.holding(begin, end), [number])
    scans = np.unique(np.concatenate([plan.scans_in[cell] for cell in around]))
    parts = [_of_scan(folder, scan, cells.begin[number], cells.end[number], begin, end) for scan in scans.tolist()]
    found = {name: np.concatenate([part[name] for part in parts]) for name in ("row", "own", *NAMES)}
    scan = np.repeat(scans, [len(part["row"]) for part in parts])
    return CellRows(scan=scan, chosen=scan < plan.chosen, tile=plan.tile[scan], **found)


def _of_scan(folder, scan, first, last, begin, end):
    table = open_rows(scan_file(folder, scan))
    index = table[INDEX].to_numpy()
    inside = rows_in(index, np.array([first]), np.array([last]))
    row = np.sort(np.concatenate([inside, rows_in(index, begin, end)]))
    own = (index[row] >= first) & (index[row] < last)
    return {"row": row, "own": own, **{name: table[column].to_numpy()[row] for name, column in NAMES.items()}}


def read_kept(folder, number, begin=None, end=None):
    """The sources of the catalog in a cell, or those of them in ranges of numbers of order 29: dict of arrays."""
    table = open_rows(cell_file(folder, number, "kept"))
    columns = {name: table[name].to_numpy() for name in table.column_names}
    if begin is None:
        return columns
    rows = rows_in(columns["index"], begin, end)
    return {name: values[rows] for name, values in columns.items()}


def read_kept_around(folder, number, fine):
    """The sources of the catalog in the ring of pixels of order ``fine`` around a cell: dict of arrays."""
    cells = sky_plan(folder).cells
    begin, end = ring(cells.order[number], cells.pixel[number], fine)
    parts = [read_kept(folder, cell, begin, end) for cell in cells.holding(begin, end).tolist()]
    if not parts:
        return {name: values[:0] for name, values in read_kept(folder, number).items()}
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def wide_rows(folder, scan, row, columns, what="rows"):
    """Rows of the scans' files ``what``, a pyarrow Table with these ``columns``, by number of the scan and row in its
    file. There is at least one row, or scan 0 has such a file."""
    order = np.argsort(scan, kind="stable")
    numbers, first = np.unique(scan[order], return_index=True)
    if not len(numbers):
        return open_rows(scan_file(folder, 0, what)).select(columns).slice(0, 0)
    tables = [open_rows(scan_file(folder, number, what)).select(columns) for number in numbers.tolist()]
    table = take(tables, np.split(row[order], first[1:]))
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return reorder(table, back)
