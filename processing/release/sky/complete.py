"""The unit of work of a release that completes the sources of one cell of the sky and writes their file of the catalog.

What only the whole catalog can tell is known by now: keys, names, neighbours. A source's key is its place among the
sources of its scan that the catalog lists, after those of the scans before.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from processing.config import survey
from processing.release.sky.apparitions import write_apparitions
from processing.release.sky.cell_rows import read_kept, read_kept_around, wide_rows
from processing.release.sky.cells import histogram
from processing.release.catalogs.hats_catalog import write_partition
from processing.release.extended.decide import kept_file
from processing.release.extended.points import associate
from processing.release.sky.key_book import KeyBook
from processing.release.sky.keys import bare_names, unique_names, with_column
from processing.release.sky.neighbours import nearest_in_catalog, neighbour_columns
from processing.release.plan import sky_plan
from processing.release.scans.points import Points
from processing.release.rows import reorder
from processing.release.scans.selection import in_level1
from processing.schema import load_table


@dataclass(frozen=True, eq=False)
class PartResult:
    """``rows`` written to the catalog; ``level1``: of them, in the Level 1 part; ``pixels`` and ``counts``: their
    histogram; ``coadds`` and ``in_coadd``: coadd_key and its sources; ``apparitions``: kind -> rows; ``files``:
    fingerprints by name in the release; ``pairs``: ext_key and pts_key of the same objects."""

    number: int
    rows: int
    level1: int
    pixels: np.ndarray
    counts: np.ndarray
    coadds: np.ndarray
    in_coadd: np.ndarray
    apparitions: dict
    files: dict
    pairs: tuple


def complete_cell(folder, number, extras):
    """Write the catalog's file of one cell, and the apparitions of its sources; the PartResult.

    ``extras``: processing.release.extras.Extras.
    """
    own, book = read_kept(folder, number), KeyBook(folder)
    files, apparitions = write_apparitions(folder, number, book)
    keys = book.keys(own["scan"], own["rank"])
    order = np.lexsort((keys, own["index"]))
    around = read_kept_around(folder, number, survey().release.ring_order)
    table = finish_rows(folder, number, own, around, keys, book)
    table, pairs = _with_galaxies(folder, number, own, around, keys, table)
    table = extras.fill(reorder(table, order))
    if len(table):
        cells = sky_plan(folder).cells
        files.update(write_partition(folder / "psc", cells, number, table, own["index"][order]))
        files.update(extras.write(folder, cells.order[number], cells.pixel[number], table))
    pixels, counts = histogram(own["index"], survey().release.partition_order)
    coadds, in_coadd = np.unique(table["coadd_key"].to_numpy(), return_counts=True)
    return PartResult(number, len(table), int(in_level1(Points(table)).sum()), pixels, counts, coadds, in_coadd,
                      apparitions, files, pairs)  # fmt: skip


def finish_rows(folder, number, own, around, keys, book):
    """The catalog's rows of the sources ``own`` (``read_kept``) of a cell, in their order, with all 60 columns.

    ``around``: the sources in the ring around it (``read_kept_around``).
    """
    table = wide_rows(folder, own["scan"], own["row"], load_table("psc").names)
    nearest = nearest_in_catalog(folder, number, own)
    prox, pxpa, pxcntr = neighbour_columns(own["ra"], own["dec"], nearest.distance, nearest.ra, nearest.dec,
                                           book.keys(nearest.scan, nearest.rank))  # fmt: skip
    known = {
        "pts_key": keys, "designation": _names(folder, table, around, keys, book), "prox": prox, "pxpa": pxpa,
        "pxcntr": pxcntr, "use_src": own["use"], "dup_src": own["dup"],
    }  # fmt: skip
    for column, values in known.items():
        table = with_column(table, column, values)
    return table


def _with_galaxies(folder, number, own, around, keys, table):
    """The rows with ext_key and gal_contam, and (ext_key, pts_key) of the same objects, as arrays; as they are in a
    release without extended sources."""
    if not kept_file(folder).exists():
        return table, (keys[:0], keys[:0])
    key, contam, (ext_key, row) = associate(folder, number, own, around)
    return with_column(with_column(table, "ext_key", key), "gal_contam", contam), (ext_key, keys[row])


def _names(folder, table, around, keys, book):
    """Designations of a cell's sources; those around it are looked at, too, for equal names."""
    other = wide_rows(folder, around["scan"], around["row"], ["designation"])["designation"]
    names = pa.chunked_array([*table["designation"].chunks, *other.chunks], pa.string())
    numbers = np.concatenate([keys, book.keys(around["scan"], around["rank"])])
    return unique_names(bare_names(names), numbers)[:len(table)]
