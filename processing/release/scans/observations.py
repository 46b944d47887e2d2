"""The tables of scans and of Atlas Images of a release, and where its images lie."""

from pathlib import PurePosixPath

import numpy as np

from processing.config import survey
from processing.errors import SurveyError
from processing.formats.parquet import write_parquet_parts
from processing.formats.tables import make_table
from processing.release.scans.fields import night_name, scan_label
from processing.release.scans.footprint import CORNERS
from processing.release.sky.keys import with_column
from processing.release.plan import scan_file
from processing.release.rows import open_rows
from processing.sphere import galactic, unit_vectors
from processing.schema import BANDS, load_table

MANY = 100
"""Coverage maps that are joined at a time."""

SAME = ("hemis", "date", "scan", "tile", "direction")
"""Columns in which all parts of a scan must agree."""


def image_name(image):
    """Path of an image in the release: ``atlas/990810s/s049/ji209.fits``."""
    night = night_name(image["date"], image["hemis"])
    return f"atlas/{night}/s{image['scan']:03d}/{PurePosixPath(image['file']).name}"


def atlas_rows(coadds, scan_key, coadd_keys, before):
    """Rows of the table of images of one scan, with no sources yet.

    ``coadds``: number of a coadd (None when unknown) -> its images in band order; ``coadd_keys``: the same -> key;
    ``before``: images of the scans before.
    """
    rows = []
    for coadd in sorted(coadds, key=coadd_keys.get):
        keys = {"scan_key": scan_key, "coadd_key": coadd_keys[coadd], "points": 0}
        rows += [{**image, **keys, "atlas_key": before + len(rows) + n, "file": image_name(image)}
                 for n, image in enumerate(coadds[coadd], start=1)]
    return rows


def scans_table(scans, counts, extended=None):
    """The table of scans (``scan_choice.Scan``); ``counts`` the sources of each in the catalog, ``extended`` the same
    of extended ones (a list, None for a scan in which none were looked for)."""
    table, rows, nights = load_table("scans"), [], night_keys(scans)
    for number, (scan, points) in enumerate(zip(scans, counts.tolist())):
        first = scan.fields[0]
        known = {"score": first.score, **{f"{band.letter}_psp": first.psp.get(band.letter) for band in BANDS},
                 "scan_key": number + 1, "night_key": nights[scan.scan_id[:2]], "points": points,
                 "extended": extended[number] if extended else None}  # fmt: skip
        rows.append({**join_scan([one.scan for one in scan.fields]), **known})
    return make_table({column: [row[column] for row in rows] for column in table.names}, table)


def night_keys(scans):
    """(date, hemis) -> key of the night, from 1 in the order of nights."""
    return {night: key for key, night in enumerate(sorted({scan.scan_id[:2] for scan in scans}), start=1)}


def join_scan(parts):
    """One row for a scan that was extracted in several ``parts`` (rows, each of a piece along the scan).

    Corners are the outer ones, the centre is theirs, the start is the earliest, and measured numbers are means of those
    that are known. SurveyError when the parts do not agree on what the scan is.
    """
    if len(parts) == 1:
        return parts[0]
    for name in SAME:
        if len({part[name] for part in parts}) > 1:
            found = ", ".join(str(part[name]) for part in parts)
            raise SurveyError(f"{scan_label(tuple(parts[0][n] for n in ('date', 'hemis', 'scan')))}: "
                              f"its fields do not agree on {name}: {found}")
    shape = _outline(parts)
    known = {*SAME, *shape, "jdate"}
    rest = {name: _mean([part[name] for part in parts]) for name in parts[0] if name not in known}
    first = min((part["jdate"] for part in parts if part["jdate"] is not None), default=None)
    return {**{name: parts[0][name] for name in SAME}, **shape, **rest, "jdate": first}


def _outline(parts):
    """Corners of the whole: the southern two of the southernmost part, the northern two of the northernmost."""
    south, north = (choose(parts, key=lambda part: part["dec"]) for choose in (min, max))
    corners = {f"{way}_{n}": (south if n <= 2 else north)[f"{way}_{n}"] for n in CORNERS for way in ("ra", "dec")}
    tips = unit_vectors([corners[f"ra_{n}"] for n in CORNERS], [corners[f"dec_{n}"] for n in CORNERS])
    x, y, z = tips.sum(axis=0) / np.linalg.norm(tips.sum(axis=0))
    ra, dec = float(np.degrees(np.arctan2(y, x)) % 360.0), float(np.degrees(np.arcsin(z)))
    glon, glat = galactic(ra, dec)
    return {**corners, "ra": ra, "dec": dec, "glon": float(glon), "glat": float(glat)}


def _mean(values):
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def write_atlas(folder, scans, in_coadd):
    """Write atlas.parquet from what each of the ``scans`` (their number) left; the number of images.

    ``in_coadd``: sources of each coadd in the catalog.
    """
    atlas = load_table("atlas")

    def parts():
        for number in range(scans):
            table = open_rows(scan_file(folder, number, "atlas"))
            yield with_column(table, "points", in_coadd[table["coadd_key"].to_numpy() - 1])

    return write_parquet_parts(folder / "atlas.parquet", parts(), atlas)


def write_coverage(folder, scans):
    """Write coverage.fits, the union of what each of the ``scans`` (their number) left."""
    from mocpy import MOC

    total = MOC.new_empty(survey().release.coverage_order)
    for first in range(0, scans, MANY):
        files = [scan_file(folder, number, "coverage", "fits") for number in range(first, min(first + MANY, scans))]
        total = total.union(*(MOC.from_fits(str(file)) for file in files))
    total.save(str(folder / "coverage.fits"), format="fits")
