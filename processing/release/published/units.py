"""The units of work that make a release of bulk files: files are cut into sorted runs, these are joined cell by cell.

A run is some rows in the order of their HEALPix number, in a file of its own, of which a cell reads its part in place:
what is in memory at a time is a run or a cell, whatever the size of the catalog.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from processing.config import survey
from processing.errors import SurveyError
from processing.formats.bulk_ascii import count_fields, read_bulk_blocks
from processing.formats.checksum import fingerprint
from processing.formats.parquet import INDEX
from processing.release.sky.cells import histogram, spatial_index
from processing.release.catalogs.hats_catalog import write_partition
from processing.release.plan import WORK
from processing.release.catalogs.products import write_products
from processing.release.rows import open_rows, reorder, write_rows
from processing.release.published.scan_rows import ScanSums
from processing.schema import load_table

UNIX = 2440587.5
"""Julian Date of the epoch of Unix times."""


@dataclass(frozen=True, eq=False)
class FileResult:
    """What a bulk file holds: ``table``, psc or xsc; ``entry`` for release.json; ``runs``: name -> pixels of
    bulk.coverage_order with rows, and how many; ``scans``: ScanSums; ``newest``: Julian Date of its newest source (None
    without any).
    """

    table: str
    entry: dict
    runs: dict
    scans: ScanSums
    newest: float | None


def cut_file(folder, number, path):
    """Write the rows of a bulk file as sorted runs; the FileResult. SurveyError names the line that is wrong."""
    kind = table_in(path)
    runs, scans, newest, rows = {}, ScanSums(), None, 0
    for n, table in enumerate(_batches(path, load_table(kind))):
        index = spatial_index(table["ra"].to_numpy(), table["dec"].to_numpy())
        name = f"{number:06d}-{n:04d}"
        _write_run(folder, name, table, index)
        runs[name] = histogram(index, survey().bulk.coverage_order)
        scans.add(table) if kind == "psc" else scans.count_extended(table)
        newest = max(filter(None, (newest, pc.max(table["jdate"]).as_py())), default=None)
        rows += len(table)
    entry = {"file": Path(path).name, **fingerprint(path), "rows": rows, "made": compression_time(path)}
    return FileResult(kind, entry, runs, scans, newest)


def table_in(path):
    """Name of the catalog whose rows a bulk file holds, by the number of fields; psc when it has neither's."""
    return "xsc" if count_fields(path) == len(load_table("xsc").columns) else "psc"


def join_cell(folder, cells, number, runs, kinds, name="psc"):
    """Write the file of one cell of the catalog ``name`` from the ``runs`` (names) that have rows in it.

    ``kinds``: further products (``products.WRITERS``). Returns the rows and the files' fingerprints by name.
    SurveyError when two rows have one key.
    """
    key = load_table(name).primary_key
    first, last = cells.begin[number], cells.end[number]
    table = pa.concat_tables([_between(open_rows(_run_file(folder, run)), first, last) for run in runs])
    table = reorder(table, np.lexsort((table[key].to_numpy(), table[INDEX.name].to_numpy())))
    index, data = table[INDEX.name].to_numpy(), table.drop_columns([INDEX.name])
    _refuse_repeats(data[key].to_numpy(), key)
    marks = write_partition(folder / name, cells, number, data, index)
    return len(data), marks | write_products(folder, cells.order[number], cells.pixel[number], data, kinds, name)


def compression_time(path):
    """When a gzip file was made, by its own header (ISO, UTC); None for other files and where it does not say."""
    with open(path, "rb") as stream:
        head = stream.read(8)
    seconds = int.from_bytes(head[4:8], "little") if head[:2] == b"\x1f\x8b" else 0
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None


def as_time(jd):
    """A Julian Date as ISO time (UTC)."""
    return datetime.fromtimestamp((jd - UNIX) * 86400.0, UTC).isoformat(timespec="seconds")


def _batches(path, table):
    """The rows of a bulk file of ``table`` as Tables with the values of bulk.run_rows points each, the last smaller."""
    wanted = survey().bulk.run_rows * len(load_table("psc").columns) // len(table.columns)
    held, rows = [], 0
    for block in read_bulk_blocks(path, table):
        held.append(block)
        rows += len(block)
        if rows >= wanted:
            yield pa.concat_tables(held)
            held, rows = [], 0
    if held:
        yield pa.concat_tables(held)


def _write_run(folder, name, table, index):
    order = np.argsort(index, kind="stable")
    table = reorder(table, order).append_column(INDEX.name, pa.array(index[order]))
    write_rows(_run_file(folder, name), table)


def _run_file(folder, name):
    return Path(folder) / WORK / "runs" / f"{name}.arrow"


def _between(table, first, last):
    begin, end = np.searchsorted(table[INDEX.name].to_numpy(), [first, last])
    return table.slice(begin, end - begin)


def _refuse_repeats(keys, name):
    ordered = np.sort(keys)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(repeated):
        raise SurveyError(f"{name} {repeated[0]} comes twice in the files ({len(repeated)} such keys in one cell): "
                          "was a file given twice?")
