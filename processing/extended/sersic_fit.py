"""Sums of Sersic profiles fitted to the light of elliptical rings (Levenberg-Marquardt)."""

import numba
import numpy as np

from processing.extended.equations import solve
from processing.extended.sersic import on_ellipses


@numba.njit(cache=True, nogil=True)
def in_rings(nodes, weights, ratio, p, psf, log_indices, table, sigmas):
    """Means and cos 2t amplitudes over rings, (n, 2), of the sum of profiles, and their slopes, (n, 2, 4 profiles).

    ``nodes`` (n k,) and ``weights`` (k,): of ``rings.quadrature``; ``p``: (4 profiles,)
    """
    k = weights.size
    n = nodes.size // k
    ratios, mean, slope = np.full(nodes.size, ratio), np.zeros((n, 2)), np.zeros((n, 2, p.size))
    for first in range(0, p.size, 4):
        values, slopes = on_ellipses(nodes, ratios, p[first:first + 4], psf, log_indices, table, sigmas)
        for i in range(n):
            for j in range(k):
                for c in range(2):
                    mean[i, c] += weights[j] * values[i * k + j, c]
                    for a in range(4):
                        slope[i, c, first + a] += weights[j] * slopes[i * k + j, c, a]
    return mean, slope


@numba.njit(cache=True, nogil=True)
def fit(data, weight, nodes, weights, ratio, start, start_weight, psf, log_indices, table, sigmas):
    """Levenberg-Marquardt fit of the sum of profiles to rings.

    Parameters
    ----------
    data, weight : ndarray, (n, 2): means and cos 2t amplitudes, DN a pixel, and their weights, DN**-2
    start, start_weight : ndarray, (m,): first guess of p, four for each profile, which is all that is known of it
        beforehand, and its inverse variances

    Returns
    -------
    p : ndarray, (m,); model : (n, 2); slopes : (n, 2, m)
    """
    p, damping, m = start.copy(), 1e-2, start.size
    model, slope = in_rings(nodes, weights, ratio, p, psf, log_indices, table, sigmas)
    cost = _cost(data, weight, model, p, start, start_weight)
    normal, right = np.empty((m, m)), np.empty(m)
    for _ in range(60):
        for a in range(m):
            right[a] = start_weight[a] * (start[a] - p[a])
            for b in range(m):
                normal[a, b] = 0.0
            normal[a, a] = start_weight[a]
        for i in range(data.shape[0]):
            for c in range(2):
                w, miss = weight[i, c], data[i, c] - model[i, c]
                for a in range(m):
                    right[a] += w * slope[i, c, a] * miss
                    for b in range(m):
                        normal[a, b] += w * slope[i, c, a] * slope[i, c, b]
        for a in range(m):
            normal[a, a] *= 1 + damping
        if not solve(normal, right):
            break
        trial = np.empty(m)
        for a in range(m):
            trial[a] = p[a] + min(max(right[a], -0.7), 0.7)
        for first in range(0, m, 4):
            trial[first + 2] = min(max(trial[first + 2], log_indices[0]), log_indices[-1])
            trial[first + 3] = min(max(trial[first + 3], -3.0), 0.25)
        new, new_slope = in_rings(nodes, weights, ratio, trial, psf, log_indices, table, sigmas)
        new_cost = _cost(data, weight, new, trial, start, start_weight)
        if new_cost < cost:
            gain = cost - new_cost
            p, model, slope, cost, damping = trial, new, new_slope, new_cost, 0.2 * damping
            if gain < 1e-3:
                break
        else:
            damping *= 8
            if damping > 1e8:
                break
    return p, model, slope


@numba.njit(cache=True, nogil=True)
def _cost(data, weight, model, p, start, start_weight):
    total = 0.0
    for i in range(data.shape[0]):
        for c in range(2):
            total += weight[i, c] * (data[i, c] - model[i, c]) ** 2
    for a in range(p.size):
        total += start_weight[a] * (p[a] - start[a]) ** 2
    return total
