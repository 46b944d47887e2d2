"""Errors of fitted fluxes and positions, goodness of fit, and who was fitted with whom."""

import numba
import numpy as np
from scipy.spatial import cKDTree

from processing.photometry import kernels

NEIGHBOURS = 8
"""At most so many neighbours enter the error of a star: the nearest ones carry the correlation."""


def covariances(weight, variance, stars, psf, radius, reach=6.0):
    """Covariance of flux, x and y of each star, its neighbours within ``reach`` pixels free as well: (n, 3, 3).

    ``weight`` (ny, nx), DN**-2, is that of the fit; ``variance`` (ny, nx), DN**2, that of the noise, independent from
    pixel to pixel (a whitened image). A fit whose weights hold back bright pixels for fear of the PSF's errors has a
    covariance wider than the inverse of the normal matrix A that the noise alone would give: A^-1 B A^-1, B = A with
    weight**2 variance for weight. Taken star by star for the star and its nearest neighbours. Units DN and pixel; inf
    where nothing constrains the star.
    """
    stamps, corner = kernels.derivatives(stars.x, stars.y, stars.flux, radius, psf.coefficients, psf.radius)
    position = np.column_stack([stars.x, stars.y])
    found = min(NEIGHBOURS + 1, max(len(stars), 1))
    distance, index = cKDTree(position).query(position, k=found, distance_upper_bound=reach)
    index = np.where(np.isfinite(distance), index, -1).reshape(len(stars), found)
    return _covariances(weight, weight**2 * variance, stamps, corner, index)


@numba.njit(cache=True)
def _covariances(weight, spread, stamps, corner, index):
    out = np.full((len(index), 3, 3), np.inf)
    for s in range(len(index)):
        members = index[s][index[s] >= 0]
        matrix = _normal(weight, stamps, corner, members)
        if min(matrix[0, 0], matrix[1, 1], matrix[2, 2]) <= 0.0:
            continue
        scale = np.ones(len(matrix))
        for a in range(len(matrix)):
            if matrix[a, a] > 0.0:
                scale[a] = 1.0 / np.sqrt(matrix[a, a])
        size = np.outer(scale, scale)
        inverse = np.linalg.inv(matrix * size + 1e-9 * np.eye(len(matrix)))
        out[s] = ((inverse @ (_normal(spread, stamps, corner, members) * size) @ inverse) * size)[:3, :3]
    return out


@numba.njit(cache=True)
def _normal(weight, stamps, corner, members):
    """Normal matrix (3 k, 3 k) of the ``members`` (k,) alone."""
    matrix = np.zeros((3 * members.size, 3 * members.size))
    block = np.empty((3, 3))
    for a in range(members.size):
        for b in range(members.size):
            kernels.pair_block(weight, stamps, corner, members[a], members[b], block)
            matrix[3 * a:3 * a + 3, 3 * b:3 * b + 3] = block
    return matrix


@numba.njit(cache=True)
def reduced_chi2(residual, weight, x, y, radius, excess):
    """Mean of the squared residual over its variance within ``radius`` pixels of each star: (n,), about 1.

    The fit takes flux and position, three smooth patterns, out of the noise; on those scales a whitened image holds
    ``excess`` times the variance of a pixel (see ``passband_excess``). NaN where fewer than three pixels would be left.
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
        if pixels - 3 * excess >= 3:
            out[s] = total / (pixels - 3 * excess)
    return out


def blend_numbers(stars, reach=5.0, largest=7):
    """Components fitted together: the star and those within ``reach`` pixels; at most ``largest`` (bl_flg)."""
    if not len(stars):
        return np.zeros(0, int)
    tree = cKDTree(np.column_stack([stars.x, stars.y]))
    counts = tree.query_ball_point(tree.data, reach, return_length=True)
    return np.minimum(counts, largest)
