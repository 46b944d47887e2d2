"""A release of the files that the survey published: rows as they are, in the folder that this program serves.

Keys, names, flags and neighbours are not touched. The scans are told from their sources, images there are none.
"""

import shutil
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np

from processing import __version__
from processing.config import survey
from processing.errors import SurveyError
from processing.formats.parquet import write_parquet
from processing.formats.tables import empty_table
from processing.formats.whole import whole_folder
from processing.release.account import check
from processing.release.published.units import UNIX, as_time, cut_file, join_cell
from processing.release.sky.cells import DEEPEST, partition
from processing.release.crew import crew
from processing.release.catalogs.hats_catalog import partition_rows, write_metadata
from processing.release.manifest import MANIFEST, read_release, write_manifest
from processing.release.plan import WORK
from processing.release.published.scan_rows import ScanSums, scan_rows
from processing.schema import load_table

WHY_NO_RULES = "rows are taken as they were published: no rule of the catalog is applied to them"
ROWS_A_BYTE = 1 / 100
"""Rows in a byte of a compressed file, about: by it is judged whether workers are worth while."""


def release_from_bulk(files, out, name=None, supersedes=None, kinds=(), scheduler=None, workers=None):
    """Make the release folder ``out`` of bulk ``files`` (plain or .gz); returns the Release.

    Files of extended sources (xsc_*), told by the number of their fields, may be among those of the points.

    ``kinds``: further products (``products.WRITERS``); ``scheduler``, ``workers``: see ``crew``. SurveyError names the
    file and line that is wrong, or says that ``out`` is something else; nothing is left then.
    """
    out = Path(out).resolve()
    files = _sorted_files(files)
    size = sum(path.stat().st_size for path in files)
    with whole_folder(out, MANIFEST) as folder:
        with crew(folder.parent, int(size * ROWS_A_BYTE), scheduler, workers) as each:
            content = fill_release(folder, files, kinds, each)
        shutil.rmtree(folder / WORK)
        write_manifest(folder, {"name": name or out.name, "supersedes": supersedes, **content})
    return read_release(out)


def fill_release(folder, files, kinds, each):
    """Write all of a release but its manifest into ``folder``; the content of the manifest. ``each``: see ``crew``."""
    (folder / WORK).mkdir()
    cut = list(each(cut_file, [(folder, number, path) for number, path in enumerate(files)], "files"))
    _refuse_copies([one.entry for one in cut])
    created = _created([one for one in cut if one.table == "psc"])
    scans, unknown = _write_tables(folder, cut)
    catalogs = [name for name in ("psc", "xsc") if any(one.table == name for one in cut)]
    rows, files = {}, {}
    for name in catalogs:
        some = [one for one in cut if one.table == name]
        rows[name], marks = _write_catalog(folder, name, some, kinds, created, each)
        files |= marks
    return {"version": __version__, "created": created, "inputs": [one.entry for one in cut],
            "settings": asdict(survey().release) | {"bulk": asdict(survey().bulk)},
            "rows": rows | {"scans": scans, "atlas": 0},
            "rows_by_step": [{"step": step, "rows": rows["psc"]} for step in ("read", "written")],
            "rules_skipped": _skipped(unknown), "files": files}


def _write_catalog(folder, name, cut, kinds, created, each):
    """Write the HATS catalog ``name`` from its files (``cut``, FileResults); its rows and the files' fingerprints."""
    runs = {run: found for one in cut for run, found in one.runs.items()}
    pixels, counts = _histogram(runs.values())
    rules = survey().release
    coarse, of_coarse = _coarser(pixels, counts, survey().bulk.coverage_order - rules.partition_order)
    cells = partition(coarse, of_coarse, rules.partition_order, partition_rows(name))
    joined = list(each(join_cell, [(folder, cells, number, names, kinds, name) for number, names in
                                   enumerate(_runs_of_cells(cells, runs))], f"catalog {name}"))  # fmt: skip
    kept = np.array([rows for rows, _ in joined], int)
    check(f"from files to the catalog {name}", sum(one.entry["rows"] for one in cut), int(kept.sum()))
    write_metadata(folder / name, cells, kept, (coarse, of_coarse), created)
    if name == "psc":
        _write_coverage(folder, pixels)
    return int(kept.sum()), {file: mark for _, marks in joined for file, mark in marks.items()}


def _sorted_files(files):
    """The files by name, whatever the order in which they were given."""
    paths = sorted((Path(path) for path in files), key=lambda path: (path.name, str(path)))
    for path in paths:
        if not path.is_file():
            raise SurveyError(f"{path}: no such file")
    return paths


def _refuse_copies(entries):
    for digest, times in Counter(entry["sha256"] for entry in entries).items():
        if times > 1:
            names = [entry["file"] for entry in entries if entry["sha256"] == digest]
            raise SurveyError(f"{' and '.join(names)}: the same content comes {times} times")


def _histogram(found):
    """Pixels and their rows, summed over parts (pairs of arrays)."""
    parts = list(found)
    pixels = np.concatenate([np.zeros(0, np.int64), *(part for part, _ in parts)])
    counts = np.concatenate([np.zeros(0, np.int64), *(part for _, part in parts)])
    return _coarser(pixels, counts, 0)


def _coarser(pixels, counts, orders):
    """A histogram so many orders coarser."""
    numbers, inverse = np.unique(pixels >> 2 * orders, return_inverse=True)
    return numbers, np.bincount(inverse, counts, len(numbers)).astype(np.int64)


def _runs_of_cells(cells, runs):
    """For each cell the names of the runs that have rows in it."""
    shift, names = 2 * (DEEPEST - survey().bulk.coverage_order), [[] for _ in range(len(cells))]
    for name, (pixels, _) in runs.items():
        for number in cells.holding(pixels << shift, pixels + 1 << shift).tolist():
            names[number].append(name)
    return names


def _created(cut):
    """The newest time at which a file was compressed, by its header; where none says so, that of the newest source."""
    if not any(one.runs for one in cut):
        names = ", ".join(one.entry["file"] for one in cut) or "files of extended sources alone"
        raise SurveyError(f"{names}: no point sources in these files")
    made = max(filter(None, (one.entry["made"] for one in cut)), default=None)
    return made or as_time(max(filter(None, (one.newest for one in cut)), default=UNIX))


def _write_coverage(folder, pixels):
    """coverage.fits: the pixels of bulk.coverage_order with sources."""
    from mocpy import MOC

    order = survey().bulk.coverage_order
    moc = MOC.from_healpix_cells(pixels.astype(np.uint64), np.full(len(pixels), order, np.uint8), order)
    moc.save(str(folder / "coverage.fits"), format="fits")


def _write_tables(folder, cut):
    """scans.parquet and atlas.parquet; rows of scans, and scans without a row."""
    sums = ScanSums()
    for one in cut:
        sums.merge(one.scans)
    scans, unknown = scan_rows(sums)
    write_parquet(folder / "scans.parquet", scans, load_table("scans"))
    write_parquet(folder / "atlas.parquet", empty_table(load_table("atlas")), load_table("atlas"))
    return len(scans), unknown


def _skipped(unknown):
    rules = [{"rule": "all", "why": WHY_NO_RULES}]
    why = "their sources do not name all four edges, so that the corners are not known: not in the table of scans"
    return rules + ([{"rule": "scans", "rows": unknown, "why": why}] if unknown else [])
