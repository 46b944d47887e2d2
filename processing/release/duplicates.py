"""The same source seen twice: in two images of one scan, or in two scans that overlap.

Explanatory Supplement V.4: sources of different scans within 2" are one source; the apparition farthest from the edges
of its scan wins, whatever its quality. A source alone where another scan should have seen it stays, flagged.
"""

import numpy as np
from scipy.spatial import cKDTree

from processing.release.footprint import bounding_circle, scan_distance
from processing.sphere import chord, unit_vectors


def find_duplicates(ra, dec, group, edge, radius):
    """Which of the sources lose to an apparition in another group.

    Parameters
    ----------
    ra, dec : ndarray, shape (n,), degrees
    group : ndarray of int, shape (n,)
        What the sources were seen in; only those of different groups can be the same.
    edge : ndarray, shape (n,), arcsec
        Distance from the edge of what it was seen in; the largest wins, at a tie the earlier row.
    radius : float, arcsec

    Returns
    -------
    lost : ndarray of bool, shape (n,)
        A winner lies within the radius.
    matches : ndarray of int, shape (n,)
        Number of sources of other groups within the radius.
    """
    lost, matches = np.zeros(len(ra), bool), np.zeros(len(ra), int)
    neighbours = _neighbours(ra, dec, group, radius)
    winners = set()
    for row in sorted(neighbours, key=lambda row: (-edge[row], row)):
        matches[row] = len(neighbours[row])
        lost[row] = not winners.isdisjoint(neighbours[row])
        if not lost[row]:
            winners.add(row)
    return lost, matches


def depth_elsewhere(ra, dec, scan, outlines):
    """Distance (arcsec, shape (n,)) of each source from the edge of the other scan in which it lies deepest.

    ``scan``, shape (n,), is each source's own place in the list ``outlines`` (``Field.outlines`` of each scan); -inf
    where it is in no other scan.
    """
    depth, places = np.full(len(ra), -np.inf), unit_vectors(ra, dec)
    for number, outline in enumerate(outlines):
        middle, reach = bounding_circle(outline)
        others = np.flatnonzero((np.linalg.norm(places - middle, axis=1) <= reach) & (scan != number))
        if len(others):
            found = scan_distance(ra[others], dec[others], outline)
            depth[others] = np.maximum(depth[others], np.where(found < 0, -np.inf, found))
    return depth


def use_and_dup(lost, matches, edge, depth, border):
    """The columns use_src and dup_src.

    use_src 1, dup_src 0: outside overlaps; 1, 1 or more: winner; 0, 1 or more: loser; 0, 0: alone, though another scan
    holds the place deeper (``depth``, arcsec) than its own scan does (``edge``) and deeper than the ``border``, so that
    an apparition there would have won. That this is the survey's rule shows in its rows: those that are alone and lie
    deeper in their own scan have use_src 1.
    """
    alone = (matches == 0) & (depth > np.maximum(edge, border))
    return np.where(lost | alone, 0, 1), matches


def _neighbours(ra, dec, group, radius):
    """``{row: [rows of other groups within radius]}`` for the rows that have any."""
    found = {}
    if len(ra):
        pairs = cKDTree(unit_vectors(ra, dec)).query_pairs(chord(radius), output_type="ndarray")
        for one, other in pairs[group[pairs[:, 0]] != group[pairs[:, 1]]].tolist():
            found.setdefault(one, []).append(other)
            found.setdefault(other, []).append(one)
    return found
