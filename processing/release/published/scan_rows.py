"""The table of scans as far as the sources of a published catalog tell it: what was observed, where, how it went.

The corners come from the edge distances of the sources (``scan_edges``), the direction from how their times go with
declination. A scan of which the sources do not name all four edges has no corners, so it gets no row.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from processing.errors import SurveyError
from processing.formats.tables import make_table
from processing.release.scans.footprint import CORNERS
from processing.release.published.scan_edges import ScanEdges
from processing.schema import load_table
from processing.sphere import directions, galactic, unit_vectors

EPOCH = 2451000.0
"""Julian Date from which times are counted, so that sums of them stay exact enough."""


@dataclass
class ScanSums:
    """Sums over the sources of each scan, by scan_key: ``edges``; ``names``: (date, hemis, scan); ``sums``: ndarray of
    sources, and of those with a time: their number, times, declinations and the products of the two; ``extended``:
    extended sources.
    """

    edges: ScanEdges = field(default_factory=ScanEdges)
    names: dict = field(default_factory=dict)
    sums: dict = field(default_factory=dict)
    extended: Counter = field(default_factory=Counter)

    def add(self, data):
        """Add the sources of a pyarrow Table of the catalog; SurveyError when a scan_key stands for two scans."""
        key, ra, dec = (data[name].to_numpy() for name in ("scan_key", "ra", "dec"))
        distance = (_floats(data, name) for name in ("dist_edge_ns", "dist_edge_ew"))
        self.edges.add(key, ra, dec, *distance, data["dist_edge_flg"].fill_null("").to_numpy())
        self._add_names(data)
        numbers, which = np.unique(key, return_inverse=True)
        time = (_floats(data, "jdate") - EPOCH) * 86400.0
        known = np.isfinite(time)
        parts = (np.ones(len(key)), known, np.where(known, time, 0), np.where(known, dec, 0),
                 np.where(known, time * dec, 0))  # fmt: skip
        sums = np.stack([np.bincount(which, part, len(numbers)) for part in parts], axis=1)
        for number, row in zip(numbers.tolist(), sums):
            self.sums[number] = self.sums.get(number, 0.0) + row

    def count_extended(self, data):
        """Count the extended sources of a pyarrow Table."""
        numbers, counts = np.unique(data["scan_key"].to_numpy(), return_counts=True)
        self.extended.update(dict(zip(numbers.tolist(), counts.tolist())))

    def merge(self, other):
        """Add the sums of another ScanSums."""
        self.extended.update(other.extended)
        self._name(other.names)
        self.edges.merge(other.edges)
        for number, row in other.sums.items():
            self.sums[number] = self.sums.get(number, 0.0) + row

    def _name(self, names):
        for key, name in names.items():
            if self.names.setdefault(key, name) != name:
                raise SurveyError(f"scan_key {key} stands for two scans: {self.names[key]} and {name}")

    def _add_names(self, data):
        for row in data.group_by(["scan_key", "date", "hemis", "scan"]).aggregate([]).to_pylist():
            self._name({row["scan_key"]: (row["date"], row["hemis"], row["scan"])})


def scan_rows(scans):
    """The table of scans (pyarrow) of a ScanSums, and how many scans have no row in it."""
    table = load_table("scans")
    rows = [row for key in sorted(scans.names) if (row := _row(scans, key))]
    columns = {name: [row.get(name) for row in rows] for name in table.names}
    return make_table(columns, table), len(scans.names) - len(rows)


def _row(scans, key):
    """A row as a dict of what is known; None without corners."""
    corners = scans.edges.corners(key)
    if np.isnan(corners).any():
        return None
    ra, dec = (float(value[0]) for value in directions(unit_vectors(*corners.T).sum(axis=0, keepdims=True)))
    glon, glat = (float(value) for value in galactic(ra, dec))
    date, hemis, scan = scans.names[key]
    places = {f"{way}_{n}": float(corners[n - 1, k]) for n in CORNERS for k, way in enumerate(("ra", "dec"))}
    return {"scan_key": key, "date": date, "hemis": hemis, "scan": scan, "ra": ra, "dec": dec, "glon": glon,
            "glat": glat, "points": int(scans.sums[key][0]),
            "extended": scans.extended[key] if scans.extended else None,
            "direction": _direction(*scans.sums[key][1:]), **places}


def _direction(count, time, dec, product):
    """n when declination grew with time, s when it fell, None when times do not tell."""
    trend = product - time * dec / count if count > 1 else 0.0
    return None if trend == 0.0 else "n" if trend > 0 else "s"


def _floats(data, name):
    return data[name].cast(pa.float64()).to_numpy()
