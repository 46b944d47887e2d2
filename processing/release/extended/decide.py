"""What the catalog of extended sources lists, decided for the whole sky at once."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from processing.config import survey
from processing.release.account import check
from processing.release.extended.pieces import ellipse_columns, judge_pieces
from processing.release.extended.scan_rows import ROWS
from processing.release.extended.selection import AFTER_DUPLICATES, TEXTS
from processing.release.plan import WORK, scan_file
from processing.release.rows import open_rows, write_rows
from processing.release.scans.points import Points
from processing.release.scans.scan_table import MARGIN
from processing.release.sky.cell_rows import NAMES, CellRows
from processing.release.sky.decide import judge
from processing.release.sky.duplicates import use_and_dup
from processing.release.sky.groups import groups_of
from processing.release.sky.keys import bare_names, unique_names
from processing.release.sky.neighbours import nearest_neighbours

LIGHT = ("k_m_k20fe", "k_m_7", "h_m_7", "j_m_7")
"""By the first of these that is known galaxies are compared."""


@dataclass(frozen=True, eq=False)
class Galaxies:
    """All extended sources of the scans, n of them: ``rows`` (CellRows) and, in its order, ``names`` (pyarrow),
    ``magnitude`` (see LIGHT), ``ellipse``: axis, ratio, angle (``pieces.ellipse_columns``), ``hidden``: whether the
    source is of low surface brightness, so that no point source is it (bool), ``flag``: cc_flg."""

    rows: CellRows
    names: pa.ChunkedArray
    magnitude: np.ndarray
    ellipse: tuple
    hidden: np.ndarray
    flag: np.ndarray


@dataclass(frozen=True, eq=False)
class Decided:
    """``steps``: the account for release.json; ``rows`` listed; ``per_scan``: of each scan of the release, None where
    none were looked for; ``index``: numbers of order 29 of those listed, sorted."""

    steps: list
    rows: int
    per_scan: list
    index: np.ndarray


def kept_file(folder):
    """The extended sources that the catalog lists: place, ellipse, key, what the whole sky says of each; by place."""
    return folder / WORK / "galaxies.arrow"


def groups_file(folder):
    """Which extended sources of which scans are the same (``sky.groups``)."""
    return folder / WORK / "galaxy_groups.arrow"


def decide_extended(folder, results, chosen, tile):
    """Write ``kept_file`` and ``groups_file``; the Decided.

    ``results``: ExtendedScans of the scans of the release (``chosen``, their number) and of spare ones; ``tile``: of
    each scan (``plan.SkyPlan``).
    """
    galaxies = read_galaxies(folder, results, chosen, tile)
    rows, radius = galaxies.rows, survey().extended_release.match_radius
    verdict = judge(rows, rows.chosen & (rows.depth > -MARGIN), rows.scan, (rows.edge,), radius=radius)
    stays = rows.chosen & ~verdict.lost
    listed = np.flatnonzero(stays & (rows.failed == 0))
    piece, companion = judge_pieces(_places(galaxies, listed), galaxies.magnitude[listed])
    flag = np.where(companion & (galaxies.flag[listed] == "0"), "z", galaxies.flag[listed])
    kept, flag = listed[~piece], flag[~piece]
    use, dup = use_and_dup(verdict.lost, verdict.matches, rows.edge, rows.depth, survey().extended_release.border)
    keys = _keys(rows, kept)
    _write_kept(folder, galaxies, kept, keys, flag, use, dup)
    _write_groups(folder, rows, verdict, kept, keys, radius)
    rejected = Counter({"tile overlap": int((rows.chosen & verdict.lost).sum()), "piece": int(piece.sum())})
    rejected.update({rule.name: int((rows.failed[stays] == n).sum()) for n, rule in enumerate(AFTER_DUPLICATES, 1)})
    counts = np.bincount(rows.scan[kept], minlength=chosen)
    per_scan = [None if one.rows is None else int(counts[one.number]) for one in results[:chosen]]
    return Decided(_account(results, chosen, rejected, len(kept)), len(kept), per_scan, np.sort(rows.index[kept]))


def read_galaxies(folder, results, chosen, tile):
    """The Galaxies of all scans in which some were looked for, at least one."""
    numbers = [one.number for one in results if one.rows is not None]
    tables = [open_rows(scan_file(folder, number, ROWS)) for number in numbers]
    counts = [len(one) for one in tables]
    table, scan = pa.concat_tables(tables), np.repeat(numbers, counts)
    found = {name: table[column].to_numpy() for name, column in NAMES.items()}
    rows = CellRows(scan=scan, row=np.concatenate([np.arange(count) for count in counts]), own=np.ones(len(scan), bool),
                    chosen=scan < chosen, tile=tile[scan], **found)  # fmt: skip
    known, magnitude = Points(table), np.full(len(scan), np.nan)
    for name in LIGHT:
        magnitude = np.where(np.isfinite(magnitude), magnitude, _positive(known.numbers(name)))
    hidden = np.nan_to_num(known.numbers("blk_fac")) > 1
    flags = np.array(table["cc_flg"].to_pylist(), "U1")
    return Galaxies(rows, table["designation"], magnitude, ellipse_columns(known.numbers), hidden, flags)


def _positive(magnitude):
    """Without those of negative flux, which are 75 and more (Explanatory Supplement II.3a)."""
    return np.where(magnitude < 75.0, magnitude, np.nan)


def _places(galaxies, chosen):
    axis, ratio, angle = galaxies.ellipse
    return {"ra": galaxies.rows.ra[chosen], "dec": galaxies.rows.dec[chosen], "axis": axis[chosen],
            "ratio": ratio[chosen], "angle": angle[chosen]}


def _keys(rows, kept):
    """ext_key of the rows ``kept``: their place in the order of scans and of observation, from 1."""
    keys = np.empty(len(kept), np.int32)
    keys[np.lexsort((rows.rank[kept], rows.scan[kept]))] = np.arange(1, len(kept) + 1)
    return keys


def _write_kept(folder, galaxies, kept, keys, flag, use, dup):
    rows, (axis, ratio, angle) = galaxies.rows, galaxies.ellipse
    prox, pxpa, pxcntr = nearest_neighbours(rows.ra[kept], rows.dec[kept], keys)
    names = unique_names(bare_names(galaxies.names.take(pa.array(kept))), keys)
    table = pa.table({
        "index": rows.index[kept], "ext_key": keys, "scan": rows.scan[kept].astype(np.int32),
        "row": rows.row[kept].astype(np.int32), "ra": rows.ra[kept], "dec": rows.dec[kept], "axis": axis[kept],
        "ratio": ratio[kept], "angle": angle[kept], "hidden": galaxies.hidden[kept], "designation": names,
        "cc_flg": flag.tolist(), "use_src": use[kept].astype(np.int16), "dup_src": dup[kept].astype(np.int16),
        "prox": pa.array(prox, pa.float32()), "pxpa": pa.array(pxpa, pa.int16()),
        "pxcntr": pa.array(pxcntr, pa.int32())})  # fmt: skip
    write_rows(kept_file(folder), table.take(pa.array(np.lexsort((keys, rows.index[kept])))))


def _write_groups(folder, rows, verdict, kept, keys, radius):
    """Apparitions of the same galaxy, with the key of the catalog's row, 0 for none."""
    key_of = np.zeros(len(rows), np.int32)
    key_of[kept] = keys
    winner = np.where(rows.chosen & (key_of[verdict.leader] > 0), verdict.leader, -1)
    tables = [groups_of(rows, "overlap", rows.chosen & (rows.depth > -MARGIN), verdict.leader, rows.possible, winner)]
    if (rows.partners > 0).any():
        spare = judge(rows, rows.partners > 0, rows.scan, (rows.chosen, rows.edge), of=rows.tile, radius=radius)
        tables.append(groups_of(rows, "spare", rows.partners > 0, spare.leader, rows.partners, winner))
    groups = pa.concat_tables(tables)
    place = {pair: row for row, pair in enumerate(zip(rows.scan.tolist(), rows.rank.tolist()))}
    winners = zip(groups["winner_scan"].to_pylist(), groups["winner_rank"].to_pylist())
    found = [int(key_of[place[pair]]) if pair[0] >= 0 else 0 for pair in winners]
    write_rows(groups_file(folder), groups.append_column("ext_key", pa.array(found, pa.int32())))


def _account(results, chosen, rejected, kept):
    """The steps with the rows of the release's scans that each rejected and left; SurveyError when rows were lost or
    came twice."""
    total = Counter(rejected)
    for one in (one for one in results if one.rows is not None):
        lost = {step: rows for step, rows in one.steps.items() if step != "read"}
        check(f"extended sources of scan {one.number}", one.steps["read"] - sum(lost.values()), one.rows)
        total.update(lost if one.number < chosen else {})
    rows = sum(one.steps["read"] for one in results[:chosen] if one.rows is not None)
    steps = [{"step": "read", "rows": rows}]
    for name, text in TEXTS.items():
        rows -= total[name]
        steps.append({"step": name, "rule": text, "rejected": total[name], "rows": rows})
    check("all steps of extended sources", rows, kept)
    return [*steps, {"step": "written", "rows": rows}]
