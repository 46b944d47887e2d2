"""Extended sources for the folders of scans that ``scan_folders`` makes."""

import json

import numpy as np

from processing.formats.parquet import read_parquet, write_parquet
from processing.formats.tests.extended_rows import XSC, made_up_galaxies
from processing.release.scans.footprint import CORNERS, edge_distance
from processing.schema import load_table


def add_galaxies(folder, ra, dec, told=True, **columns):
    """Write ``extended.parquet`` into a scan's folder: galaxies at ``ra``, ``dec`` (deg); ``columns``: see
    ``made_up_galaxies``. Edge distances are those of the scan."""
    record = json.loads((folder / "scan.json").read_text())
    scan = record["scan"]
    ids = {name: scan[name] for name in ("hemis", "date", "scan")}
    corners = np.array([(scan[f"ra_{n}"], scan[f"dec_{n}"]) for n in CORNERS])
    inside = edge_distance(ra, dec, corners) if len(ra) else np.empty(0)
    edges = {"dist_edge_ew": np.round(inside), "dist_edge_ns": np.full(len(ra), 9999)}
    table = made_up_galaxies(ra, dec, ids=ids, **edges, **columns)
    write_parquet(folder / "extended.parquet", table, XSC, "extract")
    if told:
        (folder / "scan.json").write_text(json.dumps(record | {"extended": {"rows": len(table)}}))
    return table


def points_of(folder):
    """Positions (deg) of the point sources of a scan's folder that are bright and single in all bands."""
    table = read_parquet(folder / "points.parquet", load_table("psc"), "extract")
    good = np.array([flag == "AAA" for flag in table["ph_qual"].to_pylist()])
    return table["ra"].to_numpy()[good], table["dec"].to_numpy()[good]
