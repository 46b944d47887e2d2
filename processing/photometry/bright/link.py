"""Which apparitions on single frames are one star, and where on the sky it is."""

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from processing.astrometry.plane import basis, to_plane
from processing.sphere import unit_vectors

LINK = 1.7
"""Apparitions closer than this many arcsec are one star; two stars of a frame are never so close."""


def linked(apparitions, solution, band):
    """Which star each of the Apparitions is, and where on the sky it was seen.

    Returns ``star`` (n,), numbers from 0, ``ra``, ``dec`` (n,), deg.
    """
    ra, dec = solution.sky(band, apparitions.frame, apparitions.x, apparitions.y)
    vectors = unit_vectors(ra, dec).reshape(-1, 3)
    pairs = cKDTree(vectors).query_pairs(np.radians(LINK / 3600), output_type="ndarray").reshape(-1, 2)
    n = len(vectors)
    graph = sparse.coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return sparse.csgraph.connected_components(graph, directed=False)[1], ra, dec


def mean_places(star, ra, dec, error, count):
    """Weighted mean place of ``count`` stars from apparitions at ra, dec (deg) with ``error`` (arcsec, each axis).

    Returns ra, dec (deg) and covariance (count, 2, 2), arcsec2 east and north, raised where the apparitions scatter
    more than their errors say.
    """
    weight = error**-2.0
    first = np.zeros(count, int)
    first[star[::-1]] = np.arange(len(star))[::-1]
    centre = basis(ra[first], dec[first])
    plane = np.stack(to_plane(centre[star], unit_vectors(ra, dec).reshape(-1, 3)), axis=1)
    total = np.bincount(star, weight, count)
    mean = np.stack([np.bincount(star, weight * plane[:, axis], count) / total for axis in (0, 1)], axis=1)
    chi2 = np.bincount(star, weight * ((plane - mean[star]) ** 2).sum(axis=1), count)
    free = 2 * (np.bincount(star, minlength=count) - 1)
    spread = np.where(free > 0, np.maximum(chi2 / np.maximum(free, 1), 1.0), 1.0)
    covariance = np.eye(2) * (spread / total)[:, None, None]
    return centre, mean, covariance
