"""The edges of scans, recovered from the edge distances that the sources of a published catalog carry.

An edge of a scan is a great circle between two of its corners (Explanatory Supplement II.2a, dist_edge_ns). A source in
the direction x at the distance d from the circle with the pole n has x n = sin d, so the pole follows by least squares
from the sources that name this edge. Only sums are kept: memory grows with the scans, not with the sources.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import brentq

from processing.sphere import ARCSEC, unit_vectors

SIDES = "senw"
CORNER_SIDES = (("s", "e"), ("w", "s"), ("n", "w"), ("e", "n"))
"""Of the corners SE, SW, NW, NE two sides each: the vector product of their poles in this order is the corner."""

FEWEST = 5
"""Sources that must name an edge; its pole has three components."""


@dataclass
class ScanEdges:
    """Sums over the sources of each scan and side: ``normal`` x x', ``right`` x sin d, ``count``, in dictionaries."""

    normal: dict = field(default_factory=dict)
    right: dict = field(default_factory=dict)
    count: dict = field(default_factory=dict)

    def add(self, scan, ra, dec, north_south, east_west, flag):
        """Add sources: ``scan``, any labels, shape (n,); positions, degrees; dist_edge_ns and _ew, arcsec, and _flg.

        Sources with an unknown distance (NaN) are left out.
        """
        scan, flag, vectors = np.asarray(scan), np.asarray(flag, "U2"), unit_vectors(ra, dec)
        letters = flag.view("U1").reshape(-1, 2)
        for column, distance in enumerate((north_south, east_west)):
            known = np.isfinite(np.asarray(distance, float))
            for side in np.unique(letters[known, column]):
                rows = known & (letters[:, column] == side)
                self._add_side(str(side), scan[rows], vectors[rows], np.asarray(distance, float)[rows])

    def merge(self, other):
        """Add the sums of another ScanEdges."""
        for mine, its in ((self.normal, other.normal), (self.right, other.right), (self.count, other.count)):
            for key, value in its.items():
                mine[key] = mine.get(key, 0) + value

    def _add_side(self, side, scan, vectors, distance):
        labels, which = np.unique(scan, return_inverse=True)
        normal, right = np.zeros((len(labels), 3, 3)), np.zeros((len(labels), 3))
        np.add.at(normal, which, vectors[:, :, None] * vectors[:, None, :])
        np.add.at(right, which, vectors * np.sin(distance / ARCSEC)[:, None])
        for n, (label, count) in enumerate(zip(labels.tolist(), np.bincount(which).tolist())):
            key = label, side
            self.normal[key] = self.normal.get(key, 0.0) + normal[n]
            self.right[key] = self.right.get(key, 0.0) + right[n]
            self.count[key] = self.count.get(key, 0) + count

    def pole(self, scan, side):
        """Pole (unit vector, shape (3,), towards the inside) of an edge; NaN where too few sources name it.
        """
        if self.count.get((scan, side), 0) < FEWEST:
            return np.full(3, np.nan)
        return _unit_solution(self.normal[scan, side], self.right[scan, side])

    def corners(self, scan):
        """Corners SE, SW, NW, NE, shape (4, 2), degrees; NaN where an edge is not known."""
        poles = {side: self.pole(scan, side) for side in SIDES}
        tips = np.array([np.cross(poles[one], poles[other]) for one, other in CORNER_SIDES])
        ra, dec = np.arctan2(tips[:, 1], tips[:, 0]), np.arctan2(tips[:, 2], np.hypot(tips[:, 0], tips[:, 1]))
        return np.stack([np.degrees(ra) % 360.0, np.degrees(dec)], axis=1)

    def depth(self, scan, ra, dec):
        """Distance (arcsec, shape (n,)) of positions from the nearest known edge; negative outside, NaN if none is."""
        poles = np.array([pole for side in SIDES if np.isfinite(pole := self.pole(scan, side)).all()])
        if not len(poles):
            return np.full(len(np.atleast_1d(ra)), np.nan)
        return np.arcsin(np.clip(unit_vectors(ra, dec) @ poles.T, -1.0, 1.0)).min(axis=1) * ARCSEC


def _unit_solution(normal, right):
    """The unit vector n with the least |X n - s|, from X'X and X's: (X'X + t)^-1 X's with the t that makes it one."""
    values, vectors = np.linalg.eigh(normal)
    parts = vectors.T @ right
    low, high = 0.5 * abs(parts[0]) - values[0], np.linalg.norm(parts) - values[0]
    shift = brentq(lambda t: np.linalg.norm(parts / (values + t)) - 1.0, low, high, xtol=1e-300, rtol=1e-14)
    return vectors @ (parts / (values + shift))
