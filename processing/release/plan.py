"""What every unit of work of a release knows of the others: small files in the folder of work, written between steps.

The numbers of scans are places in the list of those of the release, in the order of night and number, followed by the
spare ones. Paths of what the units leave for each other are here, too.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from processing.formats.whole import whole_file
from processing.release.sky.cells import Cells

WORK = "units"
"""The folder, inside the unfinished release, of what is gone when it is finished."""


def scan_file(folder, number, what="rows", suffix="arrow"):
    """What a scan left: ``rows``, ``extended``, ``parents``, ``atlas``, ``coverage``; ``known`` of number 0 is for all."""
    return Path(folder) / WORK / what / f"{number:06d}.{suffix}"


def cell_file(folder, number, what):
    """What a cell left: ``kept`` (sources of the catalog), ``ranks`` (theirs, by scan) or ``groups`` (apparitions)."""
    return Path(folder) / WORK / what / f"{number:06d}.arrow"


@dataclass(frozen=True, eq=False)
class Lists:
    """Lists of numbers, one after the other: the ``n``-th is ``content[begin[n]:begin[n + 1]]``."""

    begin: np.ndarray
    content: np.ndarray

    def __getitem__(self, n):
        return self.content[self.begin[n]:self.begin[n + 1]]

    @classmethod
    def of(cls, lists):
        """From an iterable of arrays of int."""
        lists = [np.asarray(one, np.int64) for one in lists]
        begin = np.cumsum([0, *map(len, lists)]).astype(np.int64)
        return cls(begin, np.concatenate(lists) if lists else np.empty(0, np.int64))

    def inverted(self, n):
        """For each of ``n`` numbers the lists that hold it, in order."""
        owner = np.repeat(np.arange(len(self.begin) - 1), np.diff(self.begin))
        order = np.argsort(self.content, kind="stable")
        return Lists(np.searchsorted(self.content[order], np.arange(n + 1)), owner[order])


@dataclass(frozen=True, eq=False)
class SkyPlan:
    """``cells``; ``cells_of``: Lists of the cells in which each scan has rows; ``scans_in``: of the scans in each cell;
    ``chosen``: number of scans of the release; ``tile``, shape (scans,): a number for tiles of several scans, -1 for
    others."""

    cells: Cells
    cells_of: Lists
    scans_in: Lists
    chosen: int
    tile: np.ndarray


@dataclass(frozen=True, eq=False)
class KeyPlan:
    """``before``, shape (chosen,): sources of the catalog in the scans before each; ``kept``, shape (cells,): in each
    cell; ``middle``, shape (cells, 3), and ``reach`` (chord): circles around them; ``sources``: kind of apparitions ->
    shape (cells,), those of the cells before."""

    before: np.ndarray
    kept: np.ndarray
    middle: np.ndarray
    reach: np.ndarray
    sources: dict


def write_sky_plan(folder, plan):
    """For ``sky_plan``."""
    _write(folder, "sky", order=plan.cells.order, pixel=plan.cells.pixel, chosen=plan.chosen, tile=plan.tile,
           begin=plan.cells_of.begin, content=plan.cells_of.content)


def sky_plan(folder):
    """The SkyPlan of the release in the making in ``folder``."""
    path = Path(folder) / WORK / "sky.npz"
    return _sky_plan(path, path.stat().st_mtime_ns)


@lru_cache(2)
def _sky_plan(path, _):
    found = np.load(path)
    cells, cells_of = Cells(found["order"], found["pixel"]), Lists(found["begin"], found["content"])
    return SkyPlan(cells, cells_of, cells_of.inverted(len(cells)), int(found["chosen"]), found["tile"])


def write_key_plan(folder, plan):
    """For ``key_plan``."""
    sources = {f"sources_{kind}": numbers for kind, numbers in plan.sources.items()}
    _write(folder, "keys", before=plan.before, kept=plan.kept, middle=plan.middle, reach=plan.reach, **sources)


def key_plan(folder):
    """The KeyPlan of the release in the making in ``folder``."""
    path = Path(folder) / WORK / "keys.npz"
    return _key_plan(path, path.stat().st_mtime_ns)


@lru_cache(2)
def _key_plan(path, _):
    found = np.load(path)
    sources = {name.removeprefix("sources_"): found[name] for name in found.files if name.startswith("sources_")}
    return KeyPlan(found["before"], found["kept"], found["middle"], found["reach"], sources)


def _write(folder, name, **arrays):
    path = Path(folder) / WORK / f"{name}.npz"
    with whole_file(path) as partial, partial.open("wb") as stream:
        np.savez(stream, **arrays)
