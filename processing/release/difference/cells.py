"""Two releases side by side, one part of the sky after the other: memory does not grow with the catalogs."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from processing.config import survey
from processing.release.sky.cells import is_inside
from processing.release.difference.compare import changes, difference_rows, match
from processing.release.difference.rules import why_changed
from processing.release.difference.side import Side, common_cells, joined


@dataclass
class Summary:
    """Sources counted: ``rows`` in A and B and in ``both``; differing ones by (kind, rule) and by (region, kind), and
    ``beyond`` the errors by what changed (moved, j, h, k)."""

    rows: list = field(default_factory=lambda: [0, 0])
    both: int = 0
    beyond: Counter = field(default_factory=Counter)
    rules: Counter = field(default_factory=Counter)
    regions: Counter = field(default_factory=Counter)

    def add(self, rows):
        """Count ``rows`` of the table of differences; returns them."""
        kinds = rows["kind"].to_pylist()
        self.rules.update(zip(kinds, rows["rule"].to_pylist()))
        self.regions.update(zip(rows["region"].to_pylist(), kinds))
        limit = survey().difference.sigma
        for name in (name for name in rows.column_names if name.endswith("_sigma")):
            self.beyond[name.removesuffix("_sigma")] += pc.sum(pc.greater(pc.abs(rows[name]), limit)).as_py() or 0
        return rows


def differences(one, other, summary):
    """The differences of two ``Release``s A and B: yields rows of the table of differences, and counts in ``summary``.

    Sources near the rim of a cell that have no partner in it wait, and are matched when all cells are done.
    """
    sides, waiting = (Side(one), Side(other)), ([], [])
    cells = common_cells(*(side.counts for side in sides), survey().difference.cell_rows)
    for cell in tqdm(cells, desc="cells", unit="", disable=None, delay=2):
        (a, index_a), (b, index_b) = (side.sources(cell) for side in sides)
        summary.rows[0] += len(a)
        summary.rows[1] += len(b)
        found = match(a, b)
        yield _changed(sides, a, b, found.pairs, summary)
        for rows, index, where in ((a.take(found.only_a), index_a[found.only_a], 0),
                                   (b.take(found.only_b), index_b[found.only_b], 1)):
            yield _missing(sides, cell, rows, index, where, waiting[where], summary)
    yield from _late(sides, waiting, summary)


def _changed(sides, a, b, pairs, summary):
    """Of the ``pairs`` of rows those that differ."""
    a, b = a.take(pairs[:, 0]), b.take(pairs[:, 1])
    columns, differs = changes(a, b)
    summary.both += len(a)
    a, b = a.filter(pa.array(differs)), b.filter(pa.array(differs))
    rule = why_changed(a, b, *(side.book for side in sides))
    columns = {name: values[differs] for name, values in columns.items()}
    return summary.add(difference_rows("changed", rule, a, b, columns))


def _missing(sides, cell, rows, index, where, waiting, summary):
    """Of rows of one release (``where``: 0 or 1) without partner in a cell those that have none for certain."""
    rule = sides[1 - where].why_missing(rows, cell)
    settled = is_inside(index, np.full(len(index), 2.0 * survey().release.match_radius), *cell)
    waiting.append((rows.filter(pa.array(~settled)), rule[~settled]))
    return summary.add(_alone(where, rows.filter(pa.array(settled)), rule[settled]))


def _late(sides, waiting, summary):
    """What is left of the sources that waited."""
    (a, rule_a), (b, rule_b) = ((joined([rows for rows, _ in side]), np.concatenate([[], *(rule for _, rule in side)]))
                                for side in waiting)
    found = match(a, b)
    yield _changed(sides, a, b, found.pairs, summary)
    yield summary.add(_alone(0, a.take(found.only_a), rule_a[found.only_a]))
    yield summary.add(_alone(1, b.take(found.only_b), rule_b[found.only_b]))


def _alone(where, rows, rule):
    kind, side = (("vanished", "a"), ("appeared", "b"))[where]
    return difference_rows(kind, rule, **{side: rows})
