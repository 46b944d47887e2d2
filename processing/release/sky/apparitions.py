"""The table of apparitions: what each scan says of sources that several scans could see."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from processing.formats.checksum import fingerprint
from processing.formats.parquet import write_parquet
from processing.formats.tables import make_table
from processing.release.sky.cell_rows import wide_rows
from processing.release.sky.groups import KINDS
from processing.release.plan import cell_file, key_plan, sky_plan
from processing.release.rows import open_rows
from processing.schema import load_table

FOLDER = "apparitions"

OWN = {"edge": "_edge", "neighbour": "_neighbour"}
"""Columns that the rows of a scan have under another name (``scan_table``)."""

KNOWN = ("kind", "source", "pts_key", "seen", "possible", "selected")
"""Columns that say what an apparition is one of; the others are the scan's."""


def write_apparitions(folder, number, book):
    """Write the apparitions of a cell's sources, a file for each kind; fingerprints by name, and rows by kind.

    ``book`` gives the keys of the catalog (``complete.KeyBook``).
    """
    groups = open_rows(cell_file(folder, number, "groups"))
    cells, files, counts = sky_plan(folder).cells, {}, {}
    for code, kind in enumerate(KINDS):
        part = groups.filter(pc.equal(groups["kind"], code))
        if not len(part):
            continue
        rows = wide_rows(folder, part["scan"].to_numpy(), part["row"].to_numpy(), row_columns())
        keys = book.keys(part["winner_scan"].to_numpy(), part["winner_rank"].to_numpy())
        source = part["source"].to_numpy() + key_plan(folder).sources[kind][number] + 1
        name = f"{FOLDER}/{kind}-{cells.order[number]}-{cells.pixel[number]}.parquet"
        files[name] = write_part(folder / name, kind, source, keys, part["seen"], part["possible"], rows)
        counts[kind] = len(part)
    return files, counts


def row_columns():
    """The columns of ``scan_table`` that apparitions are made of."""
    return ["_failed", *(OWN.get(name, name) for name in load_table("apparitions").names if name not in KNOWN)]


def write_part(path, kind, source, keys, seen, possible, rows):
    """Write one file of apparitions; its fingerprint.

    ``source`` numbers, ``keys`` of the catalog (0 where it does not list the source), ``seen`` and ``possible``: arrays
    of shape (n,); ``rows``: pyarrow Table with ``row_columns``.
    """
    table = load_table("apparitions")
    known = {"kind": pa.array(np.full(len(source), kind, object), pa.string()), "source": source,
             "pts_key": np.ma.MaskedArray(keys, keys == 0), "seen": seen, "possible": possible,
             "selected": rows["_failed"].to_numpy() == 0}  # fmt: skip
    found = {name: rows[OWN.get(name, name)] for name in table.names if name not in KNOWN}
    write_parquet(path, make_table(known | found, table), table)
    return fingerprint(path)
