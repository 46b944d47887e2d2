"""The unit of work of a release that is done once for each scan: its rows to a file, its images to the release.

Nothing in it needs another scan's rows, but the outlines and the bright stars of those around it.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from processing.config import survey
from processing.formats.parquet import read_columns
from processing.formats.tables import make_table
from processing.formats.whole import whole_file
from processing.release.scans.artifact_rows import keep_artifacts
from processing.release.sky.cells import histogram
from processing.release.scans.fields import (
    POINTS_FILE, SCAN_FILE, images_of, provenance, read_record, read_whole, settings_key,
)  # fmt: skip
from processing.release.scans.footprint import coverage
from processing.release.scans.images import place_images
from processing.release.scans.observations import atlas_rows
from processing.release.plan import scan_file
from processing.release.rows import write_rows
from processing.release.scans.scan_choice import Scan
from processing.release.scans.scan_table import INDEX, clean_part, finish_table, join_parts, with_keys
from processing.release.scans.selection import unknown
from processing.schema import load_table

PARENT_COLUMNS = ["ra", "dec", "rd_flg", "cc_flg", *(f"{band}_{name}" for band in "jhk" for name in ("m", "psfchi"))]
"""What decides whether a source is a bright star that leaves artifacts."""


@dataclass(frozen=True, eq=False)
class ScanTask:
    """``number`` in the plan; ``scan``; ``first_coadd``, ``first_image``: coadds and images of the scans before, None
    for a spare scan, of which nothing gets a key; ``others``: outlines of other scans of the release that may touch it;
    ``partners``: of the other scans of its tile; ``bright``: numbers of the scans whose bright stars may reach it."""

    number: int
    scan: Scan
    first_coadd: int | None
    first_image: int | None
    others: list
    partners: list
    bright: list

    @property
    def in_release(self):
        return self.first_coadd is not None


@dataclass(frozen=True, eq=False)
class ScanResult:
    """``rows``: how many the file holds; ``steps``: rows read, and rejected by each step; ``artifacts``: what was
    dropped and touched, by kind; ``unknown``: rows that a rule could not judge; ``pixels`` and ``counts``: histogram of
    the rows; ``inputs``: for release.json; ``settings``: of the inputs, by key; ``files``: fingerprints of its images
    by their name in the release."""

    number: int
    rows: int
    steps: dict
    artifacts: dict
    unknown: Counter
    pixels: np.ndarray
    counts: np.ndarray
    inputs: list
    settings: dict
    files: dict = field(default_factory=dict)


def write_parents(folder, number, scan):
    """Write the bright stars of a scan to its file ``parents``."""
    from processing.artifacts import parents_of

    found = [parents_of(read_columns(one.path / POINTS_FILE, PARENT_COLUMNS), read_record(one.path / SCAN_FILE))
             for one in scan.fields]
    with whole_file(scan_file(folder, number, "parents", "npy")) as partial, partial.open("wb") as stream:
        np.save(stream, np.concatenate(found))


def write_known(folder, stars):
    """Write more bright stars (as ``parents_of`` gives them), for all scans; none when ``stars`` is None."""
    if stars is not None:
        with whole_file(_known_file(folder)) as partial, partial.open("wb") as stream:
            np.save(stream, stars)


def known_stars(folder):
    """What ``write_known`` wrote: a list with one array, or an empty one."""
    path = _known_file(folder)
    return [np.load(path)] if path.exists() else []


def _known_file(folder):
    return scan_file(folder, 0, "known", "npy")


def write_scan(folder, task):
    """Write the files of one scan; the ScanResult."""
    scan = task.scan
    whole = [read_whole(one) for one in scan.fields]
    bright = bright_stars_near(folder, task.bright)
    parts = [clean_part(points, record, one.outline, scan.outline, bright)
             for one, (record, points) in zip(scan.fields, whole)]
    table, steps = join_parts(parts)
    table = finish_table(table, scan.goes_south, scan.outline, task.others, task.partners)
    records = [record for record, _ in whole]
    files = {}
    if task.in_release:
        keys = {coadd: task.first_coadd + n for n, coadd in enumerate(scan.coadds, start=1)}
        table = with_keys(table, task.number + 1, keys)
        files = _place_observations(folder, task, records, keys)
        keep_artifacts(folder, task.number, [part.dropped for part in parts])
    write_rows(scan_file(folder, task.number), table)
    pixels, counts = histogram(table[INDEX].to_numpy(), survey().release.partition_order)
    return ScanResult(
        task.number, len(table), steps, _by_kind(part.artifacts for part in parts),
        sum((Counter(unknown(points)) for _, points in whole), Counter()), pixels, counts,
        [provenance(one, record) for one, record in zip(scan.fields, records)],
        {settings_key(record): record["settings"] for record in records}, files)  # fmt: skip


def bright_stars_near(folder, numbers):
    """The bright stars that scans with these ``numbers`` left, and those of the list."""
    found = [np.load(scan_file(folder, number, "parents", "npy")) for number in numbers]
    return np.concatenate(found + known_stars(folder))


def _by_kind(several):
    """The sums of dicts of dicts of counts."""
    total = {}
    for found in several:
        for what, kinds in found.items():
            total[what] = Counter(total.get(what, {})) + Counter(kinds)
    return total


def _place_observations(folder, task, records, coadd_keys):
    """Images, their rows and their coverage; the fingerprints of the images."""
    coadds = {coadd: images for record in records for coadd, images in images_of(record).items()}
    rows = atlas_rows(coadds, task.number + 1, coadd_keys, task.first_image)
    atlas = load_table("atlas")
    write_rows(scan_file(folder, task.number, "atlas"),
               make_table({name: [row[name] for row in rows] for name in atlas.names}, atlas))
    moc = coverage([image for images in coadds.values() for image in images], survey().release.coverage_order)
    with whole_file(scan_file(folder, task.number, "coverage", "fits")) as partial:
        moc.save(str(partial), format="fits")
    images = [(one.path, image) for one, record in zip(task.scan.fields, records) for image in record["images"]]
    return place_images(folder, images)
