"""The unit of work of a release that is done once for each scan: its extended sources to a file of their own.

The columns of ``scan_table`` follow those of the catalog, as for the points.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from processing.artifacts.galaxies import find_extended_artifacts
from processing.config import survey
from processing.errors import SurveyError
from processing.formats.checksum import sha256_of
from processing.formats.parquet import read_parquet
from processing.release.extended.selection import AFTER_DUPLICATES, BEFORE_DUPLICATES
from processing.release.plan import scan_file
from processing.release.rows import write_rows
from processing.release.scans.fields import SCAN_FILE, check_column, read_record
from processing.release.scans.footprint import outline_distance
from processing.release.scans.points import Points
from processing.release.scans.scan_table import Part, finish_table, join_parts, neighbour, scan_edge, with_keys
from processing.release.scans.scan_unit import bright_stars_near
from processing.release.scans.selection import first_failed
from processing.release.sky.keys import with_column
from processing.schema import load_table
from processing.sphere import unit_vectors

EXTENDED_FILE = "extended.parquet"
ROWS = "extended"
"""What the file of a scan's extended sources is called in ``plan.scan_file``."""


@dataclass(frozen=True, eq=False)
class ExtendedScan:
    """``rows``: how many the scan's file holds, None for a scan in which none were looked for; ``steps``: rows read,
    and rejected by each step; ``artifacts``: what was dropped and touched; ``inputs``: scan and folder -> SHA-256."""

    number: int
    rows: int | None
    steps: dict
    artifacts: dict
    inputs: dict


def write_extended(folder, task):
    """Write the file of a scan's extended sources (``task``: scan_unit.ScanTask); the ExtendedScan."""
    scan = task.scan
    fields = [one for one in scan.fields if (one.path / EXTENDED_FILE).is_file()]
    if not fields:
        return ExtendedScan(task.number, None, {}, {}, {})
    bright = bright_stars_near(folder, task.bright)
    parts = [clean_part(*read_extended(one), one.outline, scan.outline, bright) for one in fields]
    table, steps = join_parts(parts, survey().extended_release.match_radius)
    table = finish_table(table, scan.goes_south, scan.outline, task.others, task.partners,
                         survey().extended_release.border, first_failed(Points(table), AFTER_DUPLICATES))  # fmt: skip
    if task.in_release:
        keys = {coadd: task.first_coadd + n for n, coadd in enumerate(scan.coadds, start=1)}
        table = with_keys(table, task.number + 1, keys)
    write_rows(scan_file(folder, task.number, ROWS), table)
    marks = {f"{scan.label}, {one.path.resolve().name}": sha256_of(one.path / EXTENDED_FILE) for one in fields}
    return ExtendedScan(task.number, len(table), steps, _summed([part.artifacts for part in parts]), marks)


def read_extended(field):
    """The extended sources of a field (pyarrow, the columns of xsc) and its ``scan.json``; SurveyError when they
    contradict each other."""
    record, rows = read_record(field.path / SCAN_FILE), read_parquet(Path(field.path) / EXTENDED_FILE,
                                                                      load_table("xsc"), "extract")  # fmt: skip
    for column, value in zip(("date", "hemis", "scan"), field.scan_id):
        check_column(field, rows, column, {value}, EXTENDED_FILE)
    check_column(field, rows, "coadd", set(field.coadds), EXTENDED_FILE)
    told = (record.get("extended") or {}).get("rows", len(rows))
    if told != len(rows):
        raise SurveyError(f"{field.path}: {SCAN_FILE} says {told} extended sources, {EXTENDED_FILE} holds {len(rows)}")
    return rows, record


def clean_part(rows, record, outline, scan_outline, bright):
    """The Part (``scan_table``) of a field without artifacts and border; arguments as of ``scan_table.clean_part``."""
    found = find_extended_artifacts(rows, bright, record)
    table = with_column(rows, "cc_flg", pa.array(found.cc_flg.tolist(), pa.string()))
    places = unit_vectors(table["ra"].to_numpy(), table["dec"].to_numpy())
    inside = outline_distance(places, outline) if len(table) else np.empty(0)
    edge = scan_edge(table, places, scan_outline) if len(table) else np.empty(0)
    table = table.append_column("_edge", pa.array(edge, pa.float64())).append_column("_neighbour", neighbour(table))
    stays, steps = np.ones(len(table), bool), {"read": len(table)}
    for rule in BEFORE_DUPLICATES:
        kept = rule.keeps(Points(table))
        steps[rule.name] = int((stays & ~kept).sum())
        stays &= kept
    counts = {"dropped": found.artifacts, "touched": found.touched}
    return Part(Points(table)[stays].table, inside[stays], steps, counts, Points(table)[~stays].table)


def _summed(several):
    """The sums of dicts of dicts of counts."""
    total = {}
    for found in several:
        for what, kinds in found.items():
            for kind, count in kinds.items():
                total.setdefault(what, {}).setdefault(kind, 0)
                total[what][kind] += count
    return total
