"""The unit of work of a release that writes the extended sources of one cell of the sky to the catalog."""

import numpy as np
import pyarrow as pa

from processing.config import survey
from processing.errors import SurveyError
from processing.formats.checksum import fingerprint
from processing.formats.parquet import write_parquet
from processing.formats.tables import empty_table, make_table
from processing.release.catalogs.hats_catalog import partition_rows, write_partition
from processing.release.catalogs.products import write_products
from processing.release.extended.decide import groups_file, kept_file
from processing.release.extended.scan_rows import ROWS
from processing.release.plan import WORK
from processing.release.rows import open_rows, values
from processing.release.sky.cell_rows import wide_rows
from processing.release.sky.cells import histogram, partition
from processing.release.sky.groups import KINDS
from processing.release.sky.keys import with_column
from processing.schema import load_table

CATALOG = "xsc"
APPARITIONS = "extended_apparitions"
POINTS = "points_of_galaxies.npy"
"""pts_key of each ext_key, from 1; 0 for none."""

FROM_WHOLE_SKY = ("ext_key", "designation", "cc_flg", "use_src", "dup_src", "prox", "pxpa", "pxcntr")
"""Columns of the catalog that ``decide`` knows."""


def cells_of(index):
    """The Cells of the catalog, and its histogram, from the numbers of order 29 of its rows."""
    order = survey().release.partition_order
    pixels, counts = histogram(index, order)
    return partition(pixels, counts, order, partition_rows(CATALOG)), (pixels, counts)


def write_points_of(folder, rows, pairs):
    """Keep which point source each of the ``rows`` (their number) extended ones has; ``pairs``: (ext_key, pts_key).

    SurveyError when one has two.
    """
    keys = np.zeros(rows + 1, np.int32)
    for ext_key, pts_key in pairs:
        if keys[ext_key].any() or len(np.unique(ext_key)) < len(ext_key):
            raise SurveyError("two point sources for one extended source; this is a fault of the program")
        keys[ext_key] = pts_key
    np.save(folder / WORK / POINTS, keys)


def complete_extended(folder, cells, number, nights, kinds):
    """Write the file of a cell of the catalog; its rows and the files' fingerprints by name.

    ``nights``: night_key of each scan_key, from 1, (scans + 1,); ``kinds``: further products.
    """
    kept = open_rows(kept_file(folder))
    first, last = np.searchsorted(values(kept, "index"), [cells.begin[number], cells.end[number]])
    kept = kept.slice(first, last - first)
    table = wide_rows(folder, values(kept, "scan"), values(kept, "row"), load_table(CATALOG).names, ROWS)
    for name in FROM_WHOLE_SKY:
        table = with_column(table, name, kept[name])
    points = np.load(folder / WORK / POINTS)[values(kept, "ext_key")]
    table = with_column(table, "pts_key", pa.array(points, pa.int32(), mask=points == 0))
    table = with_column(table, "night_key", nights[table["scan_key"].to_numpy()])
    marks = write_partition(folder / CATALOG, cells, number, table, values(kept, "index"))
    return len(table), marks | write_products(folder, cells.order[number], cells.pixel[number], table, kinds, CATALOG)


def write_extended_apparitions(folder):
    """Write what several scans say of the same galaxies; rows by kind, and the file's fingerprint by name."""
    description, groups = load_table(APPARITIONS), open_rows(groups_file(folder))
    known = {"kind", "source", "ext_key", "seen", "possible", "selected", "edge", "neighbour"}
    table, counts = empty_table(description), {}
    if len(groups):
        columns = [name for name in description.names if name not in known]
        rows = wide_rows(folder, values(groups, "scan"), values(groups, "row"),
                         [*columns, "_edge", "_neighbour", "_failed"], ROWS)  # fmt: skip
        kind = np.array(KINDS, object)[values(groups, "kind")]
        keys = values(groups, "ext_key")
        told = {"kind": pa.array(kind, pa.string()), "source": values(groups, "source") + 1, "seen": groups["seen"],
                "ext_key": pa.array(keys, pa.int32(), mask=keys == 0), "possible": groups["possible"],
                "selected": rows["_failed"].to_numpy() == 0, "edge": rows["_edge"],
                "neighbour": rows["_neighbour"]}  # fmt: skip
        table = make_table(told | {name: rows[name] for name in columns}, description)
        counts = {name: int((kind == name).sum()) for name in KINDS if (kind == name).any()}
    write_parquet(folder / f"{APPARITIONS}.parquet", table, description)
    return counts, {f"{APPARITIONS}.parquet": fingerprint(folder / f"{APPARITIONS}.parquet")}
