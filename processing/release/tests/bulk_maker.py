"""Releases for tests from bulk files, and catalogs of whole scans whose edges the sources tell."""

import numpy as np
import pyarrow as pa

from processing.formats.bulk_ascii import write_bulk_ascii
from processing.formats.tests.real_rows import real_points
from processing.release.published.from_bulk import release_from_bulk
from processing.release.sky.keys import with_column
from processing.schema import load_table
from processing.sphere import ARCSEC, unit_vectors

PSC = load_table("psc")


def bulk_release(root, name, data, parts=1, **how):
    """The Release of ``data`` (pyarrow), written as so many bulk files first."""
    size = -(-len(data) // parts)
    files = [root / f"{name}_{n}.gz" for n in range(parts)]
    for n, file in enumerate(files):
        write_bulk_ascii(file, data.slice(n * size, size), PSC)
    return release_from_bulk(files, root / name, **how)


def changed(data, rows, **columns):
    """``data`` with ``column=function of the old value`` in some rows (a boolean or index array)."""
    chosen = set(np.arange(len(data))[rows].tolist())
    for column, new in columns.items():
        values = data[column].to_pylist()
        data = with_column(data, column, [new(value) if n in chosen else value for n, value in enumerate(values)])
    return data


def scan_of_rows(box, rows, scan_key, scan, southward=False, seed=0):
    """Real rows strewn over a scan with corners ``box``, shape (4, 2), SE SW NW NE: edges and times belong to it."""
    rng = np.random.default_rng(seed)
    data = real_points().take(np.arange(rows) % 683)
    (east, south), (west, north) = box[0], box[2]
    ra, dec = (np.round(rng.uniform(low, high, rows), 6) for low, high in ((west, east), (south, north)))
    distance, flag = edge_columns(ra, dec, box)
    way = (north - dec) if southward else (dec - south)
    known = {"ra": ra, "dec": dec, "dist_edge_ns": np.round(distance[0]).astype(int), "dist_edge_flg": flag.tolist(),
             "dist_edge_ew": np.round(distance[1]).astype(int), "scan_key": np.full(rows, scan_key),
             "scan": np.full(rows, scan), "jdate": np.round(2451574.7 + way * 3600 / 57 / 86400, 4),
             "pts_key": scan_key * 100_000 + np.arange(rows)}  # fmt: skip
    for name, values in known.items():
        data = with_column(data, name, values)
    return data


def edge_columns(ra, dec, box):
    """dist_edge_ns and _ew, shape (2, n), arcsec, and dist_edge_flg of places in a box of corners SE SW NW NE."""
    tips, places = unit_vectors(box[:, 0], box[:, 1]), unit_vectors(ra, dec)
    sides = (("s", 1, 0), ("w", 2, 1), ("n", 3, 2), ("e", 0, 3))
    poles = {side: np.cross(tips[one], tips[two]) for side, one, two in sides}
    depth = {side: np.arcsin(np.abs(places @ pole) / np.linalg.norm(pole)) * ARCSEC for side, pole in poles.items()}
    pairs = [("s", "n"), ("e", "w")]
    distance = np.array([np.minimum(depth[a], depth[b]) for a, b in pairs])
    flag = [np.where(depth[a] < depth[b], a, b) for a, b in pairs]
    return distance, np.char.add(*flag)


def joined(*parts):
    return pa.concat_tables(parts)
