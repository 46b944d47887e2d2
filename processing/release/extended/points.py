"""Who is whose point source: ext_key and gal_contam of the points of a cell, and pts_key of the extended sources.

An extended source and the point source nearest to it belong together when each is the other's nearest and they are no
farther apart than ``extended_release.point_radius``. One of low surface brightness has no point source.
"""

import numpy as np
import pyarrow as pa
from scipy.spatial import cKDTree

from processing.config import survey
from processing.release.extended.decide import kept_file
from processing.release.extended.pieces import inside_ellipses
from processing.release.plan import WORK, key_plan
from processing.release.rows import open_rows
from processing.sphere import chord, unit_vectors

LOOKED_FOR = "looked_for.npy"
"""For each scan in the plan whether extended sources were looked for in it (bool)."""

REACH = 1800.0
"""arcsec: no K20 ellipse is larger; objects that large are mosaics of their own (20 arcmin)."""


def associate(folder, number, own, around):
    """Columns ``ext_key`` and ``gal_contam`` (pyarrow) of the points ``own`` of a cell (``cell_rows.read_kept``), and
    pairs: the matched ext_key and rows of ``own``, each (m,).

    ``around``: the points in a ring around the cell, that may be nearer to an extended source than its own ones.
    """
    galaxies, n = near_cell(folder, number), len(own["ra"])
    galaxy, row = matches(galaxies, own, around)
    key, contam = np.zeros(n, np.int32), np.zeros(n, np.int16)
    large = np.flatnonzero(galaxies["axis"] > survey().extended_release.contaminates)
    of_large = {name: values[large] for name, values in galaxies.items()}
    inside, _, _ = inside_ellipses(own["ra"], own["dec"], of_large, survey().extended_release.enlarged)
    contam[inside] = 2
    contam[row[np.isin(galaxy, large)]] = 1
    key[row] = galaxies["ext_key"][galaxy]
    unknown = ~np.load(folder / WORK / LOOKED_FOR)[own["scan"]] & (contam == 0)
    return (pa.array(key, pa.int32(), mask=key == 0), pa.array(contam, pa.int16(), mask=unknown),
            (galaxies["ext_key"][galaxy], row))  # fmt: skip


def matches(galaxies, own, around):
    """Rows of ``galaxies`` and of ``own`` that are the same object."""
    ra, dec = (np.concatenate([own[name], around[name]]) for name in ("ra", "dec"))
    some = np.flatnonzero(~galaxies["hidden"])
    if not len(some) or not len(ra):
        return np.empty(0, int), np.empty(0, int)
    radius = chord(survey().extended_release.point_radius)
    places, points = unit_vectors(galaxies["ra"][some], galaxies["dec"][some]), unit_vectors(ra, dec)
    distance, point = cKDTree(points).query(places)
    back = cKDTree(places).query(points[point])[1]
    same = (distance <= radius) & (back == np.arange(len(some))) & (point < len(own["ra"]))
    return some[same], point[same]


def near_cell(folder, number):
    """The extended sources whose ellipse may hold points of a cell, or whose own point source may be one of them: dict
    of arrays (see ``kept_file``)."""
    table, plan = open_rows(kept_file(folder)), key_plan(folder)
    names = ("ext_key", "ra", "dec", "axis", "ratio", "angle", "hidden")
    columns = {name: table[name].to_numpy(zero_copy_only=False) for name in names}
    places = unit_vectors(columns["ra"], columns["dec"])
    wide = np.minimum(columns["axis"] * survey().extended_release.enlarged, REACH) + 60.0
    near = np.linalg.norm(places - plan.middle[number], axis=1) <= plan.reach[number] + chord(wide)
    return {name: values[near] for name, values in columns.items()}


def write_looked_for(folder, results):
    """For ``LOOKED_FOR``; ``results``: ExtendedScans of all scans in the plan."""
    np.save(folder / WORK / LOOKED_FOR, np.array([one.rows is not None for one in results], bool))
