"""From extracted fields and reduced scans to a release folder; ``processing.release`` tells how."""

import shutil
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from processing.config import survey
from processing.errors import SurveyError
from processing.formats.whole import whole_folder
from processing.release.scans.calibration_fields import write_night
from processing.release.sky.cells import DEEPEST, partition
from processing.release.sky.complete import complete_cell
from processing.release.crew import crew
from processing.release.extended.catalog import decide_galaxies, write_extended_catalog
from processing.release.extended.scan_rows import write_extended
from processing.release.sky.decide import decide_cell
from processing.release.extras import Extras
from processing.release.scans.fields import night_name, read_fields
from processing.release.finish import Results, finish_release
from processing.release.scans.footprint import bounding_circle
from processing.release.sky.groups import KINDS
from processing.release.manifest import MANIFEST, read_release, write_manifest
from processing.release.plan import WORK, KeyPlan, Lists, SkyPlan, write_key_plan, write_sky_plan
from processing.release.scans.scan_choice import choose_scans
from processing.release.scans.scan_table import MARGIN
from processing.release.scans.scan_unit import ScanTask, write_known, write_parents, write_scan
from processing.sphere import chord


def make_release(works, out, name=None, supersedes=None, types=("sci",), scheduler=None, workers=None,
                 extras=Extras()):  # fmt: skip
    """Make the release folder ``out`` of the fields and scans in the folders ``works``; returns the Release.

    ``types``: of scans that it may hold, sci and cal; ``scheduler``, ``workers``: see ``crew``; ``extras``: what else
    is asked for. An older release at ``out`` is replaced in one step. SurveyError when ``out`` is something else, or a
    field is not whole.
    """
    out = Path(out).resolve()
    _refuse_other_folder(out)
    extras.check()
    choice = choose_scans(*read_fields(works), types)
    rows = sum(scan.rows for scan in (*choice.chosen, *choice.spare))
    with whole_folder(out, MANIFEST) as folder:
        with crew(folder.parent, rows, scheduler, workers) as each:
            content = fill_release(folder, choice, each, extras)
        _remove_units(folder)
        write_manifest(folder, {"name": name or out.name, "supersedes": supersedes, **content, **extras.provenance()})
    return read_release(out)


def fill_release(folder, choice, each, extras=Extras()):
    """Write all of a release but its manifest into ``folder``; the content of the manifest.

    ``choice``: processing.release.scans.scan_choice.Choice; ``each`` does the units of work (``crew``); ``extras``: Extras.
    """
    scans = [*choice.chosen, *choice.spare]
    tasks = scan_tasks(choice)
    write_known(folder, extras.bright_stars())
    _do(each(write_parents, [(folder, number, scan) for number, scan in enumerate(scans)], "bright stars"))
    of_scans = list(each(write_scan, [(folder, task) for task in tasks], "scans"))
    of_extended = list(each(write_extended, [(folder, task) for task in tasks], "extended sources"))
    cells = _plan_sky(folder, choice, of_scans)
    decided = list(each(decide_cell, [(folder, number) for number in range(len(cells))], "duplicates"))
    _plan_keys(folder, len(choice.chosen), decided)
    galaxies = decide_galaxies(folder, of_extended, len(choice.chosen))
    done = list(each(complete_cell, [(folder, number, extras) for number in range(len(cells))], "catalog"))
    nights = list(each(write_night, [(folder, *night) for night in _cal_nights(choice)], "calibration fields"))
    pairs = [one.pairs for one in done]
    catalog = galaxies and write_extended_catalog(folder, galaxies, of_extended, choice, pairs, each, extras.kinds)
    n = len(choice.chosen)
    return finish_release(folder, choice, cells, Results(of_scans[:n], of_scans[n:], decided, done, nights, catalog))


def scan_tasks(choice):
    """The ScanTask of each scan of the release and each spare one."""
    scans = [*choice.chosen, *choice.spare]
    circles = [bounding_circle(scan.outline) for scan in scans]
    partners = _partners(scans)
    coadds = np.cumsum([0, *(len(scan.coadds) for scan in choice.chosen)]).tolist()
    images = np.cumsum([0, *(sum(one.images for one in scan.fields) for scan in choice.chosen)]).tolist()
    touching, shining = _near(circles, MARGIN), _near(circles, _bright_reach())
    tasks = []
    for number, scan in enumerate(scans):
        chosen = number < len(choice.chosen)
        others = [scans[k].outline for k in touching[number] if k != number and k < len(choice.chosen)]
        tasks.append(ScanTask(
            number, scan, coadds[number] if chosen else None, images[number] if chosen else None, others,
            [scans[k].outline for k in partners[number] if k != number], shining[number]))  # fmt: skip
    return tasks


def _do(results):
    for _ in results:
        pass


def _bright_reach():
    from processing.artifacts import REACH

    return REACH


def _near(circles, margin):
    """For each of several circles the numbers of those that come closer to it than ``margin`` (arcsec), sorted."""
    middles, reach = np.array([middle for middle, _ in circles]), np.array([one for _, one in circles])
    tree = cKDTree(middles)
    found = tree.query_ball_point(middles, reach + reach.max() + chord(margin))
    return [sorted(k for k in others if np.linalg.norm(middles[n] - middles[k]) <= reach[n] + reach[k] + chord(margin))
            for n, others in enumerate(found)]


def _partners(scans):
    """For each scan the numbers of all scans of its tile, where there are several; else []."""
    tiles = {}
    for number, scan in enumerate(scans):
        if scan.tile is not None:
            tiles.setdefault(scan.tile, []).append(number)
    return [numbers if len(numbers) > 1 else [] for numbers in (tiles.get(scan.tile, []) for scan in scans)]


def _plan_sky(folder, choice, of_scans):
    """Cut the sky into Cells by where the rows are, and write the plan of who has rows where."""
    rules = survey().release
    pixels, inverse = np.unique(np.concatenate([one.pixels for one in of_scans]), return_inverse=True)
    counts = np.bincount(inverse, np.concatenate([one.counts for one in of_scans]), len(pixels)).astype(int)
    cells = partition(pixels, counts, rules.partition_order, rules.partition_rows)
    finer = 2 * (DEEPEST - rules.partition_order)
    cells_of = Lists.of(cells.holding(one.pixels << finer, one.pixels + 1 << finer) for one in of_scans)
    scans = [*choice.chosen, *choice.spare]
    tile = np.array([min(numbers, default=-1) for numbers in _partners(scans)])
    write_sky_plan(folder, SkyPlan(cells, cells_of, cells_of.inverted(len(cells)), len(choice.chosen), tile))
    return cells


def _plan_keys(folder, scans, decided):
    """Count what was decided, and write the plan of who gets which keys."""
    counts = np.zeros(scans, np.int64)
    for one in decided:
        counts[one.scans] += one.counts
    sources = {kind: _before([one.sources[kind] for one in decided]) for kind in KINDS}
    middle = np.array([one.middle for one in decided]).reshape(-1, 3)
    write_key_plan(folder, KeyPlan(_before(counts), np.array([one.kept for one in decided], int), middle,
                                   np.array([one.reach for one in decided], float), sources))  # fmt: skip


def _before(counts):
    """Sum of the counts before each."""
    return np.cumsum([0, *counts])[:-1].astype(np.int64)


def _cal_nights(choice):
    """(night, visits) for ``write_night``."""
    numbers = {id(scan): number for number, scan in enumerate(choice.chosen)}
    nights = {}
    for visit, scans in enumerate(choice.visits):
        night = night_name(*scans[0].scan_id[:2])
        nights.setdefault(night, []).append((visit, scans, [numbers.get(id(scan)) for scan in scans]))
    return list(nights.items())


def _remove_units(folder):
    """Remove the folder of work, and what killed workers left."""
    shutil.rmtree(folder / WORK)
    for path in list(folder.rglob(".*.partial-*")):
        path.unlink()


def _refuse_other_folder(out):
    if out.exists() and not (out / MANIFEST).is_file():
        raise SurveyError(f"{out}: is there already and is not a release (no {MANIFEST} in it); name another folder")
