"""The tables of scans and of Atlas Images of a release, and where its images lie."""

from pathlib import PurePosixPath

import numpy as np

from processing.errors import SurveyError
from processing.formats.tables import make_table
from processing.release.fields import night_name, scan_label
from processing.release.footprint import CORNERS
from processing.sphere import galactic, unit_vectors
from processing.schema import load_table

SAME = ("hemis", "date", "scan", "tile", "direction")
"""Columns in which all parts of a scan must agree."""


def image_name(image):
    """Path of an image in the release: ``atlas/990810s/s049/ji209.fits``."""
    night = night_name(image["date"], image["hemis"])
    return f"atlas/{night}/s{image['scan']:03d}/{PurePosixPath(image['file']).name}"


def atlas_table(scans, counts):
    """The table of images; ``scans`` as ``scan_coadds`` gives it, ``counts`` the sources of each coadd."""
    rows = []
    coadds = ((scan_key, images) for scan_key, found in enumerate(scans.values(), start=1) for images in found.values())
    for coadd_key, (scan_key, images) in enumerate(coadds, start=1):
        keys = {"scan_key": scan_key, "coadd_key": coadd_key, "points": int(counts[coadd_key - 1])}
        rows += [{**image, **keys, "atlas_key": len(rows) + n, "file": image_name(image)}
                 for n, image in enumerate(images, start=1)]
    return _as_table(rows, "atlas")


def scans_table(fields, scans, counts):
    """The table of scans, one row for all fields of a scan; ``counts`` the sources of each scan."""
    rows = []
    for scan_key, scan_id in enumerate(scans, start=1):
        parts = [field.scan for field in fields if field.scan_id == scan_id]
        rows.append({**join_scan(parts), "scan_key": scan_key, "points": int(counts[scan_key - 1])})
    return _as_table(rows, "scans")


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


def _as_table(rows, name):
    table = load_table(name)
    return make_table({column: [row[column] for row in rows] for column in table.names}, table)
