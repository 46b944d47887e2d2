"""prox, pxpa and pxcntr: each source's nearest neighbour in the finished catalog."""

import numpy as np
from scipy.spatial import cKDTree

from processing.release.sphere import arc, position_angle, unit_vectors


def nearest_neighbours(ra, dec, numbers):
    """Distance, direction and number of the nearest other source (Explanatory Supplement II.2a).

    Parameters
    ----------
    ra, dec : ndarray, shape (n,), degrees
    numbers : ndarray of int, shape (n,)
        pts_key.

    Returns
    -------
    prox : masked array, arcsec, to 0.1
    pxpa : masked array of int, degrees from north through east; masked also where prox is 0
    pxcntr : masked array of int, the neighbour's number
        All masked for a source that is alone.
    """
    if len(ra) < 2:
        nothing = np.ma.masked_all(len(ra))
        return nothing, nothing.astype(int), nothing.astype(int)
    chords, other = _nearest(unit_vectors(ra, dec))
    prox = np.round(arc(chords), 1)
    pxpa = np.round(position_angle(ra, dec, ra[other], dec[other])).astype(int) % 360
    return np.ma.MaskedArray(prox), np.ma.MaskedArray(pxpa, prox == 0.0), np.ma.MaskedArray(numbers[other])


def _nearest(vectors):
    """Chord to and row of the nearest other row; of two at the same place each is the other's neighbour."""
    chords, rows = cKDTree(vectors).query(vectors, k=2)
    itself = np.arange(len(vectors))
    second = np.where(rows[:, 0] == itself, 1, 0)
    return chords[itself, second], rows[itself, second]
