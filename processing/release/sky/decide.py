"""The unit of work of a release that decides, for each cell of the sky, which of its sources the catalog lists.

Sources that several scans saw are decided together, those in a ring around the cell with them: two cells decide the
same on what lies near their border. Keys and names come later, when all cells are decided (``complete``).
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from cdshealpix.nested import neighbours

from processing.config import survey
from processing.errors import SurveyError
from processing.release.sky.cell_rows import read_cell
from processing.release.sky.cells import DEEPEST, depth_order, pixels_of, ring
from processing.release.sky.duplicates import components, leaders, losers, pairs_between, precedence, use_and_dup
from processing.release.sky.groups import KINDS, groups_of
from processing.release.plan import cell_file, sky_plan
from processing.release.rows import write_rows
from processing.release.scans.scan_table import MARGIN
from processing.release.scans.selection import AFTER_DUPLICATES
from processing.sphere import unit_vectors


@dataclass(frozen=True, eq=False)
class CellResult:
    """``came``: rows of the release's scans in the cell; ``rejected``: of them, by step; ``scans`` and ``counts``:
    sources of the catalog by scan; ``middle`` (unit vector) and ``reach`` (chord): a circle around them; ``sources``:
    how many there are of each kind of apparitions."""

    number: int
    came: int
    rejected: Counter
    scans: np.ndarray
    counts: np.ndarray
    middle: np.ndarray
    reach: float
    sources: Counter

    @property
    def kept(self):
        return int(self.counts.sum())


@dataclass(frozen=True, eq=False)
class Verdict:
    """Of rows of overlapping scans, arrays of shape (n,): ``lost``; ``matches``: apparitions elsewhere; ``leader``: the
    row of the winner, its own for a winner."""

    lost: np.ndarray
    matches: np.ndarray
    leader: np.ndarray


def decide_cell(folder, number):
    """Write the files ``kept``, ``ranks`` and ``groups`` of a cell; the CellResult."""
    rows = read_cell(folder, number)
    border = Border(sky_plan(folder).cells, number)
    verdict = judge(rows, rows.chosen & (rows.depth > -MARGIN), rows.scan, (rows.edge,), border)
    judged = rows.own & rows.chosen
    stays = judged & ~verdict.lost
    kept = np.flatnonzero(stays & (rows.failed == 0))
    kept = kept[np.lexsort((rows.rank[kept], rows.scan[kept], rows.index[kept]))]
    use, dup = use_and_dup(verdict.lost, verdict.matches, rows.edge, rows.depth, survey().release.border)
    write_rows(cell_file(folder, number, "kept"), pa.table({
        "index": rows.index[kept], "scan": rows.scan[kept].astype(np.int32), "row": rows.row[kept].astype(np.int32),
        "rank": rows.rank[kept], "ra": rows.ra[kept], "dec": rows.dec[kept], "use": use[kept].astype(np.int16),
        "dup": dup[kept].astype(np.int16)}))  # fmt: skip
    _write_ranks(folder, number, rows[kept])
    groups = _write_groups(folder, number, rows, verdict, border)
    rejected = Counter({"tile overlap": int((judged & verdict.lost).sum())})
    rejected.update({rule.name: int((rows.failed[stays] == n).sum()) for n, rule in enumerate(AFTER_DUPLICATES, 1)})
    scans, counts = np.unique(rows.scan[kept], return_counts=True)
    return CellResult(number, int(judged.sum()), rejected, scans, counts, *_circle(rows[kept]), groups)


def judge(rows, among, group, keys, border=None, of=None, radius=None):
    """The Verdict on ``rows``, of which those ``among`` (bool) can be seen twice; see ``duplicates`` for ``group``, and
    ``of``; ``keys``: by which the winner is chosen, the first one first; ``radius``: arcsec (default: of points);
    ``border``: of the cell whose rows they are, None where they are all there are."""
    some, radius = np.flatnonzero(among), radius or survey().release.match_radius
    pairs, distance = pairs_between(rows.ra[some], rows.dec[some], group[some], radius,
                                    None if of is None else of[some])  # fmt: skip
    if border is not None:
        border.check(rows[some], pairs)
    place = precedence(*(key[some] for key in keys))
    out = losers(pairs, place)
    lost, matches, leader = np.zeros(len(rows), bool), np.zeros(len(rows), int), np.arange(len(rows))
    lost[some], matches[some] = out, np.bincount(pairs.ravel(), minlength=len(some))
    leader[some] = some[leaders(pairs, distance, out, place)]
    return Verdict(lost, matches, leader)


class Border:
    """Around one cell: whether all that may decide on the cell's sources was looked at."""

    def __init__(self, cells, number):
        self.order, self.pixel = int(cells.order[number]), int(cells.pixel[number])
        self.begin, self.end = ring(self.order, self.pixel, survey().release.ring_order)

    def check(self, rows, pairs):
        """SurveyError when a chain of ``pairs`` leads from the cell so far that it may go on where nothing was read."""
        if not len(pairs) or rows.own.all():
            return
        chain = components(pairs, len(rows))
        reaching = ~rows.own & np.isin(chain, np.unique(chain[rows.own]))
        if not self._knows_all_around(rows.index[reaching]).all():
            order = survey().release.ring_order
            raise SurveyError(f"HEALPix pixel {self.pixel} of order {self.order}: sources that may be one lie on end "
                              f"beyond the pixels of order {order} around it: release.ring_order must be smaller")

    def _knows_all_around(self, index):
        """Whether all within the match radius of rows lies in the cell or its ring."""
        fine = int(depth_order(survey().release.match_radius))
        around = neighbours(pixels_of(index, fine).astype(np.uint64), fine).astype(np.int64)
        first = np.maximum(around, 0) << 2 * (DEEPEST - fine)
        place = np.searchsorted(self.begin, first, "right") - 1
        in_ring = (place >= 0) & (first < self.end[np.maximum(place, 0)])
        return ((around < 0) | in_ring | (pixels_of(first, self.order) == self.pixel)).all(axis=1)


def _write_ranks(folder, number, kept):
    order = np.lexsort((kept.rank, kept.scan))
    write_rows(cell_file(folder, number, "ranks"),
               pa.table({"scan": kept.scan[order].astype(np.int32), "rank": kept.rank[order]}))


def _write_groups(folder, number, rows, verdict, border):
    """Write which rows are apparitions of which source; the number of sources of each kind."""
    winner = np.where(rows.chosen & (rows.failed[verdict.leader] == 0), verdict.leader, -1)
    tables = [groups_of(rows, "overlap", rows.chosen & (rows.depth > -MARGIN), verdict.leader, rows.possible, winner)]
    if (rows.partners > 0).any():
        spare = judge(rows, rows.partners > 0, rows.scan, (rows.chosen, rows.edge), border, of=rows.tile)
        tables.append(groups_of(rows, "spare", rows.partners > 0, spare.leader, rows.partners, winner))
    write_rows(cell_file(folder, number, "groups"), pa.concat_tables(tables))
    return Counter({kind: len(np.unique(table["source"])) for kind, table in zip(KINDS, tables)})


def _circle(rows):
    """Middle and reach (chord) of a circle around rows; a point at the pole for none."""
    places = unit_vectors(rows.ra, rows.dec)
    middle = places.mean(axis=0) if len(places) else np.array([0.0, 0.0, 1.0])
    norm = np.linalg.norm(middle)
    middle = middle / norm if norm > 0 else np.array([0.0, 0.0, 1.0])
    return middle, float(np.linalg.norm(places - middle, axis=1).max(initial=0.0))
