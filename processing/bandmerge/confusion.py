"""Photometric confusion (``cc_flg`` c): a neighbour too near for its brightness.

The survey gives no formula. The flags of 4,100 real measurements in a crowded field (W44) follow a sharp line: the
radius inside which a neighbour confuses grows by a constant factor for each magnitude that it is brighter, and shrinks
for fainter ones. The two numbers of each band are in ``survey.yaml`` (confusion).
"""

import numpy as np
from scipy.spatial import cKDTree

from processing.config import survey


def confusion_radius(difference, band):
    """Radius (arcsec) inside which a neighbour confuses that is ``difference`` mag brighter (negative: fainter).

    ``band`` is 0, 1, 2 for J, H, Ks.
    """
    rules = survey().confusion
    return np.minimum(rules.radius[band] * 10 ** (rules.growth[band] * np.asarray(difference, float)), rules.reach)


def is_confused(xy, magnitude, band):
    """Which sources of one band have a confusing neighbour in the same band.

    Parameters
    ----------
    xy : ndarray, shape (n, 2), arcsec
    magnitude : ndarray, shape (n,)
        NaN = no magnitude: such a source neither confuses nor is confused.
    band : int
        0, 1, 2 for J, H, Ks.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    result = np.zeros(len(xy), bool)
    known = np.flatnonzero(np.isfinite(magnitude))
    if len(known) < 2:
        return result
    tree = cKDTree(xy[known])
    reach = confusion_radius(magnitude[known].max() - magnitude[known], band)
    neighbours = tree.query_ball_point(xy[known], reach)
    star = np.repeat(known, [len(found) for found in neighbours])
    near = known[np.concatenate(neighbours).astype(int)]
    star, near = star[star != near], near[star != near]
    distance = np.hypot(*(xy[near] - xy[star]).T)
    result[near[distance < confusion_radius(magnitude[near] - magnitude[star], band)]] = True
    return result
