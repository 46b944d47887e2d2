"""prox, pxpa and pxcntr: each source's nearest neighbour in the finished catalog."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from processing.config import survey
from processing.release.sky.cell_rows import read_kept, read_kept_around
from processing.release.sky.cells import SMALLEST, is_inside
from processing.release.plan import key_plan, sky_plan
from processing.sphere import arc, chord, nearest_others, position_angle, unit_vectors


@dataclass(eq=False)
class Nearest:
    """Of each source its nearest neighbour, arrays of shape (n,): ``distance`` (arcsec, infinite where there is none),
    ``ra``, ``dec`` (degrees), and ``scan`` and ``rank``, which give its key."""

    distance: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    scan: np.ndarray
    rank: np.ndarray

    def improve(self, places, rows, others):
        """Take those of ``others`` (dict of arrays, see ``read_kept``) that are nearer to the ``rows`` at ``places``
        (unit vectors of all)."""
        if not len(rows) or not len(others["ra"]):
            return
        chords, found = cKDTree(unit_vectors(others["ra"], others["dec"])).query(places[rows])
        distance = arc(chords)
        nearer = distance < self.distance[rows]
        rows, found = rows[nearer], found[nearer]
        self.distance[rows] = distance[nearer]
        for name in ("ra", "dec", "scan", "rank"):
            getattr(self, name)[rows] = others[name][found]


def nearest_neighbours(ra, dec, numbers):
    """Distance, direction and number of the nearest other source (Explanatory Supplement II.2a).

    Parameters
    ----------
    ra, dec : ndarray, shape (n,), degrees
    numbers : ndarray of int, shape (n,)
        pts_key.

    Returns
    -------
    prox, pxpa, pxcntr : see ``neighbour_columns``
    """
    distance, other = nearest_others(ra, dec)
    if len(ra) < 2:
        return neighbour_columns(ra, dec, distance, ra, dec, numbers)
    return neighbour_columns(ra, dec, distance, ra[other], dec[other], numbers[other])


def neighbour_columns(ra, dec, distance, other_ra, other_dec, other_number):
    """The three columns from each source's neighbour; ``distance`` in arcsec, not finite for a source that is alone.

    Returns
    -------
    prox : masked array, arcsec, to 0.1
    pxpa : masked array of int, degrees from north through east; masked also where prox is 0
    pxcntr : masked array of int, the neighbour's number
        All masked for a source that is alone.
    """
    alone = ~np.isfinite(distance)
    prox = np.ma.MaskedArray(np.round(np.where(alone, 0.0, distance), 1), alone)
    pxpa = np.round(position_angle(ra, dec, other_ra, other_dec)).astype(int) % 360
    return prox, np.ma.MaskedArray(pxpa, alone | (prox.data == 0.0)), np.ma.MaskedArray(other_number, alone)


def nearest_in_catalog(folder, number, own):
    """The Nearest of the sources ``own`` (``read_kept``) of a cell, wherever in the catalog it lies.

    A neighbour in the cell is surely the nearest when a circle of its distance does not leave the cell. For the others
    the sources around the cell are looked at: in rings of ever larger pixels, as far as the distance found demands, and
    beyond them in every cell that comes near enough.
    """
    cells = sky_plan(folder).cells
    order, pixel = int(cells.order[number]), int(cells.pixel[number])
    places, nearest = unit_vectors(own["ra"], own["dec"]), _within(own)
    left = np.flatnonzero(~is_inside(own["index"], nearest.distance, order, pixel))
    for fine in range(survey().release.ring_order, order, -2):
        reached = nearest.distance[left] <= SMALLEST / 2**fine
        if reached.any():
            nearest.improve(places, left[reached], read_kept_around(folder, number, fine))
            left = left[~reached]
    _search_cells(folder, number, places, nearest, left)
    return nearest


def _within(own):
    """The Nearest among a cell's own sources."""
    distance, other = nearest_others(own["ra"], own["dec"])
    distance = np.where(other < 0, np.inf, distance)
    return Nearest(distance, *(own[name][other] for name in ("ra", "dec", "scan", "rank")))


def _search_cells(folder, number, places, nearest, rows):
    """Look for nearer neighbours of ``rows`` in all other cells, the closest first."""
    plan = key_plan(folder)
    if not len(rows):
        return
    middle = places[rows].mean(axis=0)
    gaps = np.linalg.norm(plan.middle - middle, axis=1) - plan.reach
    for cell in np.argsort(gaps, kind="stable").tolist():
        if cell != number and plan.kept[cell]:
            least = np.linalg.norm(places[rows] - plan.middle[cell], axis=1) - plan.reach[cell]
            near = least < chord(np.minimum(nearest.distance[rows], 648000.0))
            if near.any():
                nearest.improve(places, rows[near], read_kept(folder, cell))
