"""The same source seen twice: in two images of one scan, or in two scans that overlap.

Explanatory Supplement V.4: sources of different scans within 2" are one source; the apparition farthest from the edges
of its scan wins, whatever its quality. A source alone where another scan should have seen it stays, flagged.
"""

import numpy as np
from scipy.spatial import cKDTree

from processing.release.scans.footprint import bounding_circle, outline_distance
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
    pairs, _ = pairs_between(ra, dec, group, radius)
    return losers(pairs, precedence(edge)), np.bincount(pairs.ravel(), minlength=len(ra))


def pairs_between(ra, dec, group, radius, of=None):
    """Rows of different groups within ``radius`` (arcsec): pairs, shape (m, 2), and their distances as chords.

    ``of``: only rows with the same number in this array can be the same source.
    """
    places = unit_vectors(ra, dec)
    tree = cKDTree(places, balanced_tree=False, compact_nodes=False) if len(places) else None
    pairs = tree.query_pairs(chord(radius), output_type="ndarray") if tree else np.empty((0, 2), int)
    wanted = group[pairs[:, 0]] != group[pairs[:, 1]]
    if of is not None:
        wanted &= of[pairs[:, 0]] == of[pairs[:, 1]]
    pairs = pairs[wanted]
    return pairs, np.linalg.norm(places[pairs[:, 0]] - places[pairs[:, 1]], axis=1)


def precedence(*keys):
    """Place of each row, 0 first, in the order in which it may win: by the largest of the first of the ``keys`` (equal
    lengths), then of the next, then as they come."""
    order = np.lexsort([-np.asarray(key, float) for key in reversed(keys)])
    place = np.empty(len(order), int)
    place[order] = np.arange(len(order))
    return place


def losers(pairs, place):
    """Which rows have a winner among their ``pairs`` when, in the order of ``place``, each row wins unless a winner is
    paired with it already; boolean, shape (n,).

    All rows that no undecided one precedes win at once, their partners lose, and again with the rest.
    """
    better, worse = np.where(place[pairs[:, 0]] < place[pairs[:, 1]], pairs.T, pairs.T[::-1])
    lost = np.zeros(len(place), bool)
    while len(better):
        waits = np.zeros(len(place), bool)
        waits[worse] = True
        lost[worse[~waits[better]]] = True
        undecided = waits[better] & ~lost[better] & ~lost[worse]
        better, worse = better[undecided], worse[undecided]
    return lost


def leaders(pairs, distance, lost, place):
    """Row of the winner to which each row belongs, shape (n,): itself, or of a loser's winners the nearest."""
    leader = np.arange(len(place))
    rows, others = np.concatenate([pairs, pairs[:, ::-1]]).T
    wins = lost[rows] & ~lost[others]
    rows, others, far = rows[wins], others[wins], np.tile(distance, 2)[wins]
    order = np.lexsort((place[others], far, rows))
    first = order[np.unique(rows[order], return_index=True)[1]]
    leader[rows[first]] = others[first]
    return leader


def components(pairs, n):
    """Number of the set of rows that pairs connect to each other, shape (n,)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(pairs), np.int8), pairs.T), shape=(n, n))
    return connected_components(links, directed=False)[1]


def depth_elsewhere(ra, dec, scan, outlines):
    """Distance (arcsec, shape (n,)) of each source from the edge of the other scan in which it lies deepest.

    ``scan``, shape (n,), is each source's own place in the list ``outlines`` (see ``footprint``); negative outside, and
    -inf far from all others.
    """
    depth, places = np.full(len(ra), -np.inf), unit_vectors(ra, dec)
    for number, outline in enumerate(outlines):
        rows = np.flatnonzero(scan != number)
        depth[rows] = np.maximum(depth[rows], depth_in(places[rows], outline))
    return depth


def depth_in(places, outline):
    """Distance (arcsec) of unit vectors from the edges of an outline; negative outside, -inf far outside."""
    middle, reach = bounding_circle(outline)
    near = np.flatnonzero(np.linalg.norm(places - middle, axis=1) <= reach + chord(60.0))
    depth = np.full(len(places), -np.inf)
    if len(near):
        depth[near] = outline_distance(places[near], outline)
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
