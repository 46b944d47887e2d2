"""Errors of fluxes and places from the normal matrix of all stars."""

import numba
import numpy as np

from processing.photometry.scan.fit import close_pairs, equations, normal_matrix

NEIGHBOURS = 8
"""At most so many neighbours enter the error of a star: those coupled to it most."""


def covariances(model):
    """Covariance of flux (DN), X and Y (pixel of the strip) of each star, its neighbours free as well: (n, 3, 3).

    The weights of the fit hold back the middles of bright stars for fear of the PSF's errors, so the covariance is
    A^-1 B A^-1 with A the normal matrix and B the same with weight**2 variance for weight (see photometry.errors). inf
    where nothing constrains a star.
    """
    pairs = close_pairs(model.stars)
    _, own, coupling = equations(model, pairs, kinds=2)
    normal, noise = (normal_matrix(*part) for part in ((own[0], pairs, coupling[0]), (own[1], pairs, coupling[1])))
    return _covariances(normal.indptr, normal.indices, normal.data, noise.data)


@numba.njit(cache=True)
def _covariances(indptr, indices, normal, noise):
    n = len(indptr) - 1
    out = np.full((n, 3, 3), np.inf)
    for s in range(n):
        members = _members(indptr, indices, normal, s)
        matrix = _gathered(indptr, indices, normal, members)
        if min(matrix[0, 0], matrix[1, 1], matrix[2, 2]) <= 1e-11:
            continue
        size = np.empty(len(matrix))
        for a in range(len(matrix)):
            size[a] = 1.0 / np.sqrt(max(matrix[a, a], 1e-30))
        scale = np.outer(size, size)
        inverse = np.linalg.inv(matrix * scale + 1e-9 * np.eye(len(matrix)))
        found = (inverse @ (_gathered(indptr, indices, noise, members) * scale) @ inverse) * scale
        out[s] = found[:3, :3]
    return out


@numba.njit(cache=True)
def _members(indptr, indices, blocks, s):
    """The star itself, then its neighbours in order of what they share with it."""
    low, high = indptr[s], indptr[s + 1]
    shared = np.empty(high - low)
    for k in range(low, high):
        shared[k - low] = np.inf if indices[k] == s else abs(blocks[k, 0, 0])
    order = np.argsort(-shared)[:NEIGHBOURS + 1]
    return indices[low:high][order]


@numba.njit(cache=True)
def _gathered(indptr, indices, blocks, members):
    """The dense matrix (3 k, 3 k) of a few stars."""
    k = len(members)
    out = np.zeros((3 * k, 3 * k))
    for a in range(k):
        low, high = indptr[members[a]], indptr[members[a] + 1]
        for b in range(k):
            place = low + np.searchsorted(indices[low:high], members[b])
            if place < high and indices[place] == members[b]:
                out[3 * a:3 * a + 3, 3 * b:3 * b + 3] = blocks[place]
    return out
