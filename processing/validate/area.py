"""Areas on the sky: what scans cover, in HEALPix cells whose centres lie inside."""

from functools import reduce

import numpy as np

from processing.config import survey
from processing.release.scans.footprint import corners_of, edge_distance
from processing.sphere import chord, unit_vectors

SKY = 4 * np.pi * np.degrees(1.0) ** 2
"""Square degrees of the whole sky."""


def in_one_scan(scans, ra, dec, margin):
    """Which places (deg) are in just one of ``scans`` (rows with corners), and there by more than ``margin`` arcsec."""
    count, deep, places = np.zeros(len(ra), int), np.zeros(len(ra), bool), unit_vectors(ra, dec)
    for row in scans:
        corners = corners_of(row)
        tips = unit_vectors(*corners.T)
        middle = tips.mean(axis=0)
        reach = np.linalg.norm(tips - middle, axis=1).max() + chord(60.0)
        near = np.flatnonzero(np.linalg.norm(places - middle, axis=1) < reach)
        distance = edge_distance(ra[near], dec[near], corners)
        count[near] += distance > 0
        deep[near] |= distance > margin
    return deep & (count == 1)


def covered(scans, margin):
    """The MOC of cells with their centres inside one of ``scans`` by more than ``margin`` arcsec; None without any."""
    parts = [part for part in (_cells(row, margin) for row in scans) if part is not None]
    while len(parts) > 1:
        parts = [reduce(lambda one, other: one.union(other), parts[n:n + 2]) for n in range(0, len(parts), 2)]
    return parts[0] if parts else None


def square_degrees(moc):
    """Area of a MOC; 0 for None."""
    return 0.0 if moc is None else float(moc.sky_fraction) * SKY


def _cells(row, margin):
    from astropy import units
    from cdshealpix import nested
    from mocpy import MOC

    corners, order = corners_of(row), survey().validate.coverage_order
    cells = nested.polygon_search(*(corners.T * units.deg), order, flat=True)[0]
    lon, lat = nested.healpix_to_lonlat(cells, order)
    cells = cells[edge_distance(lon.deg, lat.deg, corners) > margin]
    if not len(cells):
        return None
    return MOC.from_healpix_cells(cells, np.full(len(cells), order, np.uint8), max_depth=order)
