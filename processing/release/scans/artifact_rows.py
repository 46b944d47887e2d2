"""The table of what was dropped as an artifact, so that each row that the catalog lacks can be looked up."""

import pyarrow as pa

from processing.formats.parquet import write_parquet_parts
from processing.formats.tables import make_table
from processing.release.plan import scan_file
from processing.release.rows import open_rows, write_rows
from processing.schema import load_table

NAME = "artifacts"


def keep_artifacts(folder, number, dropped):
    """Write the detections that were ``dropped`` (a list of pyarrow Tables with the columns of psc) of one scan."""
    table = load_table(NAME)
    rows = pa.concat_tables(part.select(table.names) for part in dropped)
    rows = rows.sort_by([("dec", "ascending"), ("ra", "ascending")])
    write_rows(scan_file(folder, number, NAME), make_table(rows, table))


def write_artifacts(folder, scans):
    """Write artifacts.parquet from what each of the ``scans`` (their number) left; the number of rows."""
    parts = (open_rows(scan_file(folder, number, NAME)) for number in range(scans))
    return write_parquet_parts(folder / f"{NAME}.parquet", parts, load_table(NAME))
