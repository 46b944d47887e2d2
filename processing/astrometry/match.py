"""The same star in several frames and bands, and in the reference catalog."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from processing.sphere import chord

BIN = 1.0
"""Of the vote, arcsec; the peak is sought in boxes of three bins."""


def voted_shift(xi, eta, reach):
    """The most frequent difference (xi, eta), arcsec, within ``reach``, and how many differences have it.

    Pairs of unrelated stars differ by anything, pairs of the same star by the same; (0, 0) and 0 when no difference is
    much more frequent than the others.
    """
    edges = np.arange(-reach - BIN, reach + 1.5 * BIN, BIN)
    count, _, _ = np.histogram2d(eta, xi, bins=(edges, edges))
    boxes = sum(count[j : count.shape[0] - 2 + j, i : count.shape[1] - 2 + i] for j in range(3) for i in range(3))
    row, column = np.unravel_index(np.argmax(boxes), boxes.shape)
    usual = boxes.mean()
    if boxes[row, column] < max(3.0, usual + 5 * np.sqrt(usual)):
        return 0.0, 0.0, 0
    near = np.hypot(xi - edges[column] - 1.5 * BIN, eta - edges[row] - 1.5 * BIN) < 2 * BIN
    return float(np.median(xi[near])), float(np.median(eta[near])), int(near.sum())


def same_frame_pairs(one, other):
    """Rows of all pairs of detections of two bands (their ``frame`` arrays, sorted) that are in the same frame."""
    first, last = (np.searchsorted(other, one, side=side) for side in ("left", "right"))
    count = last - first
    rows = np.repeat(np.arange(len(one)), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return rows, np.repeat(first, count) + within


def linked(direction, image, reach):
    """Number of the star that each detection belongs to; -1 for one that is alone or doubtful.

    Friends of friends: detections closer than ``reach`` (arcsec) belong together. A star that would be twice in the
    same image is a blend, or two stars: none of its detections is used.

    ``direction``: unit vectors (n, 3); ``image``: int, which frame and band, shape (n,).
    """
    n = len(direction)
    if n < 2:
        return np.full(n, -1)
    pairs = cKDTree(direction).query_pairs(chord(reach), output_type="ndarray")
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    count, star = connected_components(graph, directed=False)
    order = np.lexsort((image, star))
    again = (np.diff(star[order]) == 0) & (np.diff(image[order]) == 0)
    good = np.bincount(star, minlength=count) > 1
    good[star[order][1:][again]] = False
    number = np.where(good, np.cumsum(good) - 1, -1)
    return number[star]


def neighbours(direction, others, reach):
    """Rows (in ``direction``, in ``others``) of all pairs within ``reach`` (arcsec)."""
    if not len(direction) or not len(others):
        return np.zeros(0, int), np.zeros(0, int)
    found = cKDTree(others).query_ball_point(direction, chord(reach))
    count = np.array([len(rows) for rows in found])
    return np.repeat(np.arange(len(direction)), count), np.array([row for rows in found for row in rows], int)


def counterparts(direction, others, reach):
    """The pairs within ``reach`` in which each is the other's nearest."""
    if not len(direction) or not len(others):
        return np.zeros(0, int), np.zeros(0, int)
    distance, there = cKDTree(others).query(direction)
    _, back = cKDTree(direction).query(others)
    rows = np.arange(len(direction))
    good = (distance < chord(reach)) & (back[there] == rows)
    return rows[good], there[good]
