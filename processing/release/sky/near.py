"""Which places come near which sources, when each place has its own reach."""

import numpy as np
from scipy.spatial import cKDTree

from processing.sphere import chord


def candidates(sources, places, reach):
    """Pairs of sources and places that are closer than the place's ``reach``.

    Parameters
    ----------
    sources : ndarray, shape (n, 3), unit vectors
        Of one part of the sky: places far from all of them are put aside first.
    places : ndarray, shape (m, 3), unit vectors
    reach : ndarray, shape (m,), arcsec

    Returns
    -------
    source, place : ndarray of int, shape (pairs,)
    """
    if not len(sources) or not len(places):
        return np.zeros(0, int), np.zeros(0, int)
    middle = sources.mean(axis=0)
    middle /= np.linalg.norm(middle) or 1.0
    around = np.linalg.norm(sources - middle, axis=1).max()
    near = np.flatnonzero(np.linalg.norm(places - middle, axis=1) <= around + chord(reach))
    found = cKDTree(sources).query_ball_point(places[near], chord(reach[near]))
    counts = np.array([len(rows) for rows in found], int)
    return np.concatenate([np.zeros(0, int), *found]).astype(int), np.repeat(near, counts)
