"""The unit of work of a release that is done once for each night: apparitions in the scans of calibration fields.

A visit to a field is six scans within ten minutes, 5 arcsec apart: what one of them measures the others do, too.
Nothing of these scans is in the catalog, unless the release was asked to hold them.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from processing.config import survey
from processing.release.sky.apparitions import FOLDER, row_columns, write_part
from processing.release.sky.duplicates import depth_in, leaders, losers, pairs_between, precedence
from processing.release.scans.fields import SCAN_FILE, provenance, read_record, read_whole, settings_key
from processing.release.sky.groups import KINDS
from processing.release.sky.key_book import KeyBook
from processing.release.plan import cell_file, scan_file, sky_plan
from processing.release.rows import open_rows, take
from processing.release.scans.scan_table import clean_part, finish_table, join_parts
from processing.release.scans.scan_unit import known_stars
from processing.sphere import unit_vectors

@dataclass(frozen=True, eq=False)
class NightResult:
    """``apparitions``: kind -> rows; ``files``: fingerprints by name in the release; ``inputs`` and ``settings``: of
    the scans that are not in the release, for release.json."""

    apparitions: dict
    files: dict
    inputs: list
    settings: dict


VISIT_SOURCES = 10**7
"""Numbers of sources that each visit may use."""


def write_night(folder, night, visits):
    """Write the apparitions of a night's ``visits``: a list of (number of the visit, Scans, their numbers in the plan
    or None for those that are not in the release); the NightResult."""
    apart = [(one, read_record(one.path / SCAN_FILE)) for _, scans, numbers in visits
             for scan, number in zip(scans, numbers) if number is None for one in scan.fields]  # fmt: skip
    inputs = [provenance(one, record) for one, record in apart]
    settings = {settings_key(record): record["settings"] for _, record in apart}
    parts = [part for visit in visits for part in [_of_visit(folder, *visit)] if len(part[0])]
    if not parts:
        return NightResult({}, {}, inputs, settings)
    source, keys, seen, possible, rows = (
        pa.concat_tables(some) if isinstance(some[0], pa.Table) else np.concatenate(some) for some in zip(*parts))
    name = f"{FOLDER}/cal-{night}.parquet"
    mark = write_part(folder / name, "cal", source, keys, seen, possible, rows)
    return NightResult({"cal": len(source)}, {name: mark}, inputs, settings)


def _of_visit(folder, visit, scans, numbers):
    """source, keys, seen, possible, shape (n,), and rows of the apparitions of a visit."""
    tables = _tables(folder, scans, numbers)
    counts = [len(table) for table in tables]
    scan = np.repeat(np.arange(len(scans)), counts)
    ra, dec = (np.concatenate([table[name].to_numpy() for table in tables]) for name in ("ra", "dec"))
    edge = np.concatenate([table["_edge"].to_numpy() for table in tables])
    pairs, distance = pairs_between(ra, dec, scan, survey().release.match_radius)
    place = precedence(edge)
    leader = leaders(pairs, distance, losers(pairs, place), place)
    possible = _possible(ra, dec, scan, [one.outline for one in scans])
    heads, source = np.unique(leader, return_inverse=True)
    seen = np.bincount(np.unique(source * len(scans) + scan) // len(scans), minlength=len(heads))
    could = np.maximum(possible[heads], seen)
    members = np.flatnonzero(could[source] >= 2)
    members = members[np.argsort(source[members], kind="stable")]
    keys = _keys(folder, tables, numbers)
    listed = np.zeros(len(heads), np.int32)
    np.maximum.at(listed, source, keys)
    head = source[members]
    rows = take([pa.concat_tables([table.select(row_columns()) for table in tables])], [members])
    return (visit * VISIT_SOURCES + head + 1, listed[head], seen[head].astype(np.int16),
            could[head].astype(np.int16), rows)  # fmt: skip


def _tables(folder, scans, numbers):
    """The rows of each scan: those that the release was made of, or made here in the same way."""
    bright = None
    tables = []
    for scan, number in zip(scans, numbers):
        if number is not None:
            tables.append(open_rows(scan_file(folder, number)))
            continue
        bright = _bright_stars(folder, scans) if bright is None else bright
        parts = [clean_part(points, record, one.outline, scan.outline, bright)
                 for one in scan.fields for record, points in [read_whole(one)]]
        tables.append(finish_table(join_parts(parts)[0], scan.goes_south, scan.outline, [], []))
    return tables


def _bright_stars(folder, scans):
    from processing.artifacts import parents_of

    fields = [read_whole(one) for scan in scans for one in scan.fields]
    return np.concatenate([parents_of(points, record) for record, points in fields] + known_stars(folder))


def _possible(ra, dec, scan, outlines):
    """Scans of the visit in which each place surely lies deeper than the border, its own among them."""
    places, sure = unit_vectors(ra, dec), survey().release.border + survey().release.edge_error
    count = np.ones(len(ra), int)
    for number, outline in enumerate(outlines):
        count += (depth_in(places, outline) > sure) & (scan != number)
    return count


def _keys(folder, tables, numbers):
    """pts_key of the catalog's row of each source, 0 where there is none or the scan is not in the release."""
    book, keys = KeyBook(folder), []
    for table, number in zip(tables, numbers):
        scan, rank = np.full(len(table), -1, np.int32), table["_rank"].to_numpy().copy()
        if number is not None:
            scan[:] = number
            for lost in _overlaps(folder, number):
                row = lost["row"].to_numpy()
                scan[row], rank[row] = lost["winner_scan"].to_numpy(), lost["winner_rank"].to_numpy()
        keys.append(book.keys(scan, rank))
    return np.concatenate(keys)


def _overlaps(folder, number):
    """Cell by cell the apparitions of a scan of the release in overlaps, with the row that the catalog lists."""
    for cell in sky_plan(folder).cells_of[number].tolist():
        groups = open_rows(cell_file(folder, cell, "groups"))
        yield groups.filter(pc.and_(pc.equal(groups["kind"], KINDS.index("overlap")), pc.equal(groups["scan"], number)))
