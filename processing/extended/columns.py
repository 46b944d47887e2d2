"""From what was measured of each extended source to the table of a field or scan, with all columns of the catalog."""

import numpy as np

from processing.bandmerge.names import designations, galactic, nearest_neighbours
from processing.formats.tables import make_table
from processing.schema import load_table


def extended_table(rows, plane, stage):
    """The table (pyarrow, processing/schema/xsc.yaml) of extended sources, from south to north.

    Parameters
    ----------
    rows : list of dict
        For each source its columns as far as its stamp tells them (None where not measured), ra and dec among them, and
        its place ``x``, ``y`` on the plane (pixel).
    plane : processing.bandmerge.plane.Plane
    stage : str
        What is said of missing columns, see ``formats.tables``.

    Numbers are rounded as the catalog prints them. Null stays what a scan cannot tell: keys, known galaxies, minor
    planets, duplicates, artifacts; and what nobody measures here: scores of background, banding and seeing tracking.
    """
    table = load_table("xsc")
    rows = sorted(rows, key=lambda row: (row["dec"], row["ra"]))
    columns = {column.name: _column([row.get(column.name) for row in rows], column) for column in table.columns}
    x, y = (np.array([row[name] for row in rows], float) for name in ("x", "y"))
    columns |= _places(columns["ra"], columns["dec"])
    columns |= _observation(plane, x, y)
    return make_table(columns, table, stage)


def _column(values, column):
    """Values of a column, rounded to the decimals it is printed with; floats with NaN for None."""
    if column.datatype not in ("float", "double"):
        return values
    values = np.array([np.nan if value is None else value for value in values], float)
    return np.round(values, decimals(column)) if "ascii" in column.extra else values


def decimals(column):
    """Decimals that a column of numbers is printed with (twomass: ascii, as in ".3f")."""
    return int(column.extra["ascii"].split(".")[1].rstrip("f"))


def _places(ra, dec):
    """What follows from the position: names, galactic coordinates, neighbours."""
    ra = np.mod(ra, 360.0)
    glon, glat = galactic(ra, dec)
    distance, angle, _ = nearest_neighbours(ra, dec)
    alone = ~np.isfinite(distance)
    whole = np.mod(np.rint(np.where(alone, 0, angle)), 360).astype(int)
    return {"ra": ra, "designation": designations(ra, dec), "glon": glon, "glat": glat, "prox": np.round(distance, 1),
            "pxpa": np.ma.masked_array(whole, alone | (distance == 0))}  # fmt: skip


def _observation(plane, x, y):
    """Night, scan, image, place in it, distances to the scan's edges, and a number of its own."""
    known, place = plane.observation(x, y), plane.image_position(x, y)
    names = ("hemis", "date", "scan", "coadd", "jdate")
    nothing = [None] * len(x)
    told = {name: nothing if known[name] is None else known[name] for name in names}
    return (told | plane.edges(x, y) | {"x_coadd": np.round(place[0], 1), "y_coadd": np.round(place[1], 1)}
            | {"id": _numbers(told["coadd"])})  # fmt: skip


def _numbers(images):
    """Numbers from 1 within each Atlas Image."""
    count, numbers = {}, []
    for image in images:
        count[image] = count.get(image, 0) + 1
        numbers.append(count[image])
    return numbers
