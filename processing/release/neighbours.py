"""prox, pxpa and pxcntr: each source's nearest neighbour in the finished catalog."""

import numpy as np

from processing.sphere import nearest_others, position_angle


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
    distance, other = nearest_others(ra, dec)
    prox = np.round(distance, 1)
    pxpa = np.round(position_angle(ra, dec, ra[other], dec[other])).astype(int) % 360
    return np.ma.MaskedArray(prox), np.ma.MaskedArray(pxpa, prox == 0.0), np.ma.MaskedArray(numbers[other])

