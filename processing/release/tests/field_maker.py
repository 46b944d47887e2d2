"""WORK folders for tests, as ``twomass extract`` writes them, from rows that a test chooses."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
from astropy.io import fits

from processing.formats.checksum import fingerprint
from processing.formats.parquet import write_parquet
from processing.formats.tables import make_table
from processing.formats.tests.real_rows import real_points
from processing.formats.work_record import IMAGE_COLUMNS, SCAN_COLUMNS
from processing.schema import load_table

PSC = load_table("psc")
UNKNOWN = ("pts_key", "pxcntr", "scan_key", "coadd_key", "use_src", "dup_src", "prox", "pxpa")

EDGES = {
    56: (127.24812, 127.38845), 57: (127.36860, 127.50891), 58: (127.48852, 127.62880), 59: (127.60900, 127.74939),
}
"""West and east edges (degrees of RA near Dec 1.5) of the four real scans, from the dist_edge_ew of their own rows."""


def corners(west, east, south, north):
    """Corner columns of a box in degrees, SE SW NW NE."""
    places = ((east, south), (west, south), (west, north), (east, north))
    return {f"{way}_{n}": place[k] for n, place in enumerate(places, 1) for k, way in enumerate(("ra", "dec"))}


def scan_corners(scan):
    """Corners of one of the four real scans; they reach a degree farther south and north than the rows."""
    return corners(*EDGES[scan], 0.5, 2.5)


def real_scan(scan, **changes):
    """The real rows of one scan as extract would leave them: what only a release knows is null."""
    data = real_points()
    chosen = data.filter(pa.compute.equal(data["scan"], scan))
    return as_extracted({name: chosen[name] for name in PSC.names} | changes)


def as_extracted(columns):
    rows = len(columns["ra"])
    columns = columns | {name: pa.nulls(rows) for name in UNKNOWN}
    return make_table(columns, PSC, stage="extract")


def write_field(folder, points, box, bands=("J", "H", "Ks"), **changes):
    """Write a WORK folder of ``points`` (one scan) whose images all cover ``box``; ``changes`` go into scan.json."""
    folder = Path(folder)
    (folder / "atlas").mkdir(parents=True)
    ids = changes.pop("ids", None) or {name: points[name][0].as_py() for name in ("date", "hemis", "scan")}
    coadds = changes.pop("coadds", None) or sorted(set(points["coadd"].to_pylist()))
    images = [write_image(folder, ids, band, coadd, box) for coadd in coadds for band in bands]
    record = {
        "version": "0.1", "stage": "extract", "created": "2026-11-22T12:00:00+00:00", "settings": {},
        "rows": len(points),
        "inputs": [{"file": Path(i["file"]).name, "band": i["band"], "sha256": i["sha256"]} for i in images],
        "scan": scan_row(ids, box), "images": images,
    }
    write_parquet(folder / "points.parquet", points, PSC, stage="extract")
    (folder / "scan.json").write_text(json.dumps(record | changes))
    return folder


def write_image(folder, ids, band, coadd, box):
    """A small FITS image and its row for the table of images."""
    name = f"atlas/{band[0].lower()}i{coadd:02d}.fits"
    hdu = fits.PrimaryHDU(np.full((4, 4), coadd, np.float32))
    hdu.header["BAND"] = band
    hdu.writeto(folder / name)
    row = dict.fromkeys(IMAGE_COLUMNS)
    centre = {"ra": (box["ra_1"] + box["ra_2"]) / 2, "dec": (box["dec_1"] + box["dec_3"]) / 2}
    return row | ids | box | centre | fingerprint(folder / name) | {
        "band": band, "coadd": coadd, "naxis1": 4, "naxis2": 4, "pixel_scale": 1.0, "magzp": 20.0, "file": name}


def scan_row(ids, box):
    row = dict.fromkeys(SCAN_COLUMNS)
    centre = {"ra": (box["ra_1"] + box["ra_2"]) / 2, "dec": (box["dec_1"] + box["dec_3"]) / 2}
    return row | ids | box | centre | {"glon": 223.0, "glat": 22.0}
