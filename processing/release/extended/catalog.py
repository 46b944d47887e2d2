"""The extended sources of a release from their scans to the catalog ``xsc``: what ``make`` and ``finish`` ask for."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from processing.release.account import check
from processing.release.catalogs.hats_catalog import write_metadata
from processing.release.extended.complete import (
    APPARITIONS, CATALOG, cells_of, complete_extended, write_extended_apparitions, write_points_of,
)  # fmt: skip
from processing.release.extended.decide import Decided, decide_extended
from processing.release.extended.points import write_looked_for
from processing.release.plan import sky_plan
from processing.release.scans.observations import night_keys
from processing.release.sky.cells import Cells


@dataclass(frozen=True, eq=False)
class ExtendedCatalog:
    """``decided``; ``cells`` of the catalog, ``kept`` rows in each, ``sky``: histogram; ``files``: fingerprints by
    name; ``apparitions``: rows by kind; ``artifacts``: what was dropped and touched; ``inputs``: scan and
    folder -> SHA-256 of its extended sources."""

    decided: Decided
    cells: Cells
    kept: np.ndarray
    sky: tuple
    files: dict
    apparitions: dict
    artifacts: dict
    inputs: dict


def decide_galaxies(folder, results, chosen):
    """The Decided; None, and nothing written, when extended sources were looked for in no scan of the release.

    ``results``: ExtendedScans of the scans of the release (``chosen``, their number), then of spare ones.
    """
    if all(one.rows is None for one in results[:chosen]):
        return None
    write_looked_for(folder, results)
    return decide_extended(folder, results, chosen, sky_plan(folder).tile)


def write_extended_catalog(folder, decided, results, choice, pairs, each, kinds):
    """Write the files of the catalog but its metadata; the ExtendedCatalog.

    ``pairs``: (ext_key, pts_key) of all cells of points; ``each``: see ``crew``; ``kinds``: further products.
    """
    write_points_of(folder, decided.rows, pairs)
    cells, sky = cells_of(decided.index)
    of_night = night_keys(choice.chosen)
    nights = np.array([0, *(of_night[scan.scan_id[:2]] for scan in choice.chosen)], np.int32)
    done = list(each(complete_extended, [(folder, cells, number, nights, kinds) for number in range(len(cells))],
                     "extended catalog"))  # fmt: skip
    kept = np.array([rows for rows, _ in done], int)
    check("extended sources in the catalog", decided.rows, int(kept.sum()))
    apparitions, mark = write_extended_apparitions(folder)
    files = {name: one for _, marks in done for name, one in marks.items()} | mark
    chosen = results[:len(choice.chosen)]
    artifacts = {what: dict(sorted(sum((Counter(one.artifacts.get(what, {})) for one in chosen), Counter()).items()))
                 for what in ("dropped", "touched")}  # fmt: skip
    inputs = {name: mark for one in results for name, mark in one.inputs.items()}
    return ExtendedCatalog(decided, cells, kept, sky, files, apparitions, artifacts, inputs)


def finish_extended(folder, catalog, created):
    """Write what HATS says of the catalog; the numbers of rows by table, and what release.json says of it."""
    write_metadata(folder / CATALOG, catalog.cells, catalog.kept, catalog.sky, created)
    rows = {CATALOG: catalog.decided.rows, APPARITIONS: sum(catalog.apparitions.values())}
    return rows, {"rows_by_step": catalog.decided.steps, "artifacts": catalog.artifacts,
                  "apparitions": catalog.apparitions, "inputs": catalog.inputs}  # fmt: skip
