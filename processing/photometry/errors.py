"""Errors of fitted fluxes and positions, goodness of fit, and who was fitted with whom."""

import numba
import numpy as np
from scipy.spatial import cKDTree

from processing.photometry import kernels

NEIGHBOURS = 8
"""At most so many neighbours enter the error of a star: the nearest ones carry the correlation."""


def covariances(weight, stars, psf, radius, reach=6.0):
    """Covariance of flux, x and y of each star, its neighbours within ``reach`` pixels free as well: (n, 3, 3).

    The inverse of the normal matrix, taken star by star for the star and its nearest neighbours. The noise must be
    independent from pixel to pixel (a whitened image). Units DN and pixel; inf where nothing constrains the star.
    """
    stamps, corner = kernels.derivatives(stars.x, stars.y, stars.flux, radius, psf.coefficients, psf.radius)
    position = np.column_stack([stars.x, stars.y])
    found = min(NEIGHBOURS + 1, max(len(stars), 1))
    distance, index = cKDTree(position).query(position, k=found, distance_upper_bound=reach)
    index = np.where(np.isfinite(distance), index, -1).reshape(len(stars), found)
    return _covariances(weight, stamps, corner, index)


@numba.njit(cache=True)
def _covariances(weight, stamps, corner, index):
    n, k = index.shape
    out = np.full((n, 3, 3), np.inf)
    block = np.empty((3, 3))
    for s in range(n):
        members = index[s][index[s] >= 0]
        size = 3 * members.size
        matrix = np.zeros((size, size))
        for a in range(members.size):
            for b in range(members.size):
                kernels.pair_block(weight, stamps, corner, members[a], members[b], block)
                matrix[3 * a:3 * a + 3, 3 * b:3 * b + 3] = block
        scale = np.empty(size)
        constrained = True
        for a in range(size):
            if matrix[a, a] <= 0.0:
                constrained = constrained and a >= 3
                matrix[a, a] = 1.0
            scale[a] = 1.0 / np.sqrt(matrix[a, a])
        if not constrained:
            continue
        for a in range(size):
            for b in range(size):
                matrix[a, b] *= scale[a] * scale[b]
            matrix[a, a] += 1e-9
        inverse = np.linalg.inv(matrix)
        for a in range(3):
            for b in range(3):
                out[s, a, b] = inverse[a, b] * scale[a] * scale[b]
    return out


@numba.njit(cache=True)
def reduced_chi2(residual, weight, x, y, radius):
    """Mean of the squared residual over its variance within ``radius`` pixels of each star: (n,), about 1.

    Two flux-and-position fits' worth of freedom are spread over the fit area; the three parameters of the star itself
    are taken off the number of pixels. NaN where fewer than five pixels are left.
    """
    ny, nx = residual.shape
    out = np.full(x.size, np.nan)
    for s in range(x.size):
        total, pixels = 0.0, 0
        for j in range(max(0, int(y[s] - radius)), min(ny, int(y[s] + radius) + 2)):
            for i in range(max(0, int(x[s] - radius)), min(nx, int(x[s] + radius) + 2)):
                if (i - x[s]) ** 2 + (j - y[s]) ** 2 <= radius**2 and weight[j, i] > 0:
                    total += weight[j, i] * residual[j, i] ** 2
                    pixels += 1
        if pixels >= 5:
            out[s] = total / (pixels - 3)
    return out


def blend_numbers(stars, reach=5.0, largest=7):
    """Number of components fitted together: the star and those within ``reach`` pixels; at most ``largest`` (bl_flg)."""
    if not len(stars):
        return np.zeros(0, int)
    tree = cKDTree(np.column_stack([stars.x, stars.y]))
    counts = tree.query_ball_point(tree.data, reach, return_length=True)
    return np.minimum(counts, largest)
