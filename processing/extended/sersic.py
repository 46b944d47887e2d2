"""Sersic profiles behind the PSF, as elliptical rings see them: the survey's modified exponential with the PSF in it.

Section IV.5e fits f0 exp(-(r / alpha)**(1 / beta)) to the rings beyond 4 arcsec, where the PSF no longer shows. With
the profile and the PSF as sums of Gaussians (Hogg & Lang 2013, PASP 125, 719) their convolution is one
as well, whose means and second harmonics on an ellipse are Bessel functions: every ring counts, from the centre on, and
small galaxies have a total magnitude too. beta is the index n, alpha the half-light radius over b**n.
"""

from functools import cache

import numba
import numpy as np
from scipy.optimize import nnls
from scipy.special import gamma, gammaincinv

SIGMAS = np.geomspace(0.01, 6.0, 14)
"""Gaussians of a profile, in half-light radii."""

INDICES = np.geomspace(0.5, 8.0, 33)
"""Sersic indices whose Gaussians are worked out; between two of them the shares are interpolated in log n."""

PSF_SIGMAS = np.geomspace(0.6, 8.0, 8)
"""Gaussians of a PSF, pixel."""

EDGE = 8.0
"""Half-light radii out to which the Gaussians follow a profile; they end some way beyond and so hold all of a disc's
light, 98% of that which a de Vaucouleurs profile has to infinity, and 95% at an index of 6."""

PIXEL = 1 / 12
"""Variance per axis that summing flat pixels adds, pixel2."""


@cache
def shares():
    """Parts of the light in the Gaussians of SIGMAS for each of INDICES: (indices, sigmas), rows of sum 1."""
    radius = np.geomspace(0.01, EDGE, 200)
    gaussians = np.exp(-0.5 * (radius[:, None] / SIGMAS) ** 2) / (2 * np.pi * SIGMAS**2)
    rows = []
    for index in INDICES:
        b = gammaincinv(2 * index, 0.5)
        light = b ** (2 * index) / (2 * np.pi * index * gamma(2 * index)) * np.exp(-b * radius ** (1 / index))
        row, _ = nnls(gaussians * radius[:, None], light * radius, maxiter=10000)
        rows.append(row / row.sum())
    return np.array(rows)


def psf_gaussians(psf):
    """The PSF as round Gaussians, (2, m): variances with the pixel's, pixel2, and parts of the light (sum 1).

    ``psf``: (m, m), a star in the middle. Least squares on its pixels, the centre moved to that of the light.
    """
    m = psf.shape[0] // 2
    y, x = np.mgrid[-m:m + 1, -m:m + 1]
    core = np.where(np.hypot(x, y) < 4, np.maximum(psf, 0), 0)
    square = (x - (core * x).sum() / core.sum()) ** 2 + (y - (core * y).sum() / core.sum()) ** 2
    rings = np.minimum(np.sqrt(square) * 2, 2 * m).astype(int).ravel()
    count = np.maximum(np.bincount(rings), 1e-9)
    radius2, light = (np.bincount(rings, values.ravel()) / count for values in (square, psf))
    gaussians = np.exp(-0.5 * radius2[:, None] / PSF_SIGMAS**2) / (2 * np.pi * PSF_SIGMAS**2)
    weight = np.sqrt(np.where(count > 0.5, count, 0))
    parts, _ = nnls(gaussians * weight[:, None], light * weight)
    used = parts > 0
    return np.array([PSF_SIGMAS[used] ** 2 + PIXEL, parts[used] / parts[used].sum()])


@numba.njit(cache=True, nogil=True)
def bessel(x):
    """exp(-x) I0(x) and exp(-x) I1(x) for x >= 0 (Abramowitz & Stegun 9.8.1-4, better than 1e-6)."""
    if x < 3.75:
        t = (x / 3.75) ** 2
        i0 = 1.0 + t * (3.5156229 + t * (3.0899424 + t * (1.2067492 + t * (0.2659732 + t * (0.0360768
             + t * 0.0045813)))))  # fmt: skip
        i1 = 0.5 + t * (0.87890594 + t * (0.51498869 + t * (0.15084934 + t * (0.02658733 + t * (0.00301532
             + t * 0.00032411)))))  # fmt: skip
        e = np.exp(-x)
        return i0 * e, i1 * x * e
    t, root = 3.75 / x, 1 / np.sqrt(x)
    i0 = 0.39894228 + t * (0.01328592 + t * (0.00225319 + t * (-0.00157565 + t * (0.00916281 + t * (-0.02057706
         + t * (0.02635537 + t * (-0.01647633 + t * 0.00392377)))))))  # fmt: skip
    i1 = 0.39894228 + t * (-0.03988024 + t * (-0.00362018 + t * (0.00163801 + t * (-0.01031555 + t * (0.02282967
         + t * (-0.02895312 + t * (0.01787654 - t * 0.00420059)))))))  # fmt: skip
    return i0 * root, i1 * root


@numba.njit(cache=True, nogil=True)
def mixture(log_index, log_indices, table):
    """Shares of the Gaussians at an index, and their slope with log n."""
    step = log_indices[1] - log_indices[0]
    place = min(max((log_index - log_indices[0]) / step, 0.0), log_indices.size - 1.000001)
    k = int(place)
    share, slope = np.empty(table.shape[1]), np.empty(table.shape[1])
    for s in range(share.size):
        slope[s] = (table[k + 1, s] - table[k, s]) / step
        share[s] = table[k, s] + (place - k) * step * slope[s]
    return share, slope


@numba.njit(cache=True, nogil=True)
def on_ellipses(nodes, ratios, p, psf, log_indices, table, sigmas):
    """Mean and cos 2t amplitude of a profile on ellipses of its own centre and angle, with their slopes.

    Parameters
    ----------
    nodes, ratios : ndarray, (n,): semi-major axes of the ellipses, pixel, and their axis ratios
    p : ndarray, (4,): log of the light (DN), of the half-light radius along the major axis (pixel), of the index, of
        the axis ratio of the profile before the PSF
    psf : ndarray, (2, m): variances and parts of the PSF
    log_indices, table, sigmas : the profiles: log INDICES, shares(), SIGMAS

    Returns
    -------
    values : ndarray, (n, 2), DN a pixel
    slopes : ndarray, (n, 2, 4), with p
    """
    flux, size, flat = np.exp(p[0]), np.exp(2 * p[1]), np.exp(2 * p[3])
    share, by_index = mixture(p[2], log_indices, table)
    values, slopes = np.zeros((nodes.size, 2)), np.zeros((nodes.size, 2, 4))
    for s in range(sigmas.size):
        if share[s] == 0.0 and by_index[s] == 0.0:
            continue
        major, minor = size * sigmas[s] ** 2, size * flat * sigmas[s] ** 2
        for t in range(psf.shape[1]):
            sx, sy = major + psf[0, t], minor + psf[0, t]
            peak = flux * psf[1, t] / (2 * np.pi * np.sqrt(sx * sy))
            for n in range(nodes.size):
                u, v = 0.25 * nodes[n] ** 2 / sx, 0.25 * (nodes[n] * ratios[n]) ** 2 / sy
                d = v - u
                low = 2 * min(u, v)
                if low > 30.0:
                    continue
                i0, i1 = bessel(abs(d))
                e = peak * np.exp(-low)
                i0, i1 = i0 * e, i1 * e
                bend = 0.5 * i0 if abs(d) < 1e-6 else i0 - i1 / abs(d)
                if d < 0.0:
                    i1 = -i1
                # Slopes with log sx and log sy: of the mean, then of cos 2t.
                mean_x, mean_y = -0.5 * i0 + u * (i0 + i1), -0.5 * i0 + v * (i0 - i1)
                cos_x, cos_y = -0.5 * i1 + u * (i1 + bend), -0.5 * i1 + v * (i1 - bend)
                by_size_x, by_size_y = 2 * major / sx, 2 * minor / sy
                values[n, 0] += share[s] * i0
                values[n, 1] += 2 * share[s] * i1
                slopes[n, 0, 1] += share[s] * (mean_x * by_size_x + mean_y * by_size_y)
                slopes[n, 1, 1] += 2 * share[s] * (cos_x * by_size_x + cos_y * by_size_y)
                slopes[n, 0, 2] += by_index[s] * i0
                slopes[n, 1, 2] += 2 * by_index[s] * i1
                slopes[n, 0, 3] += share[s] * mean_y * by_size_y
                slopes[n, 1, 3] += 2 * share[s] * cos_y * by_size_y
    for n in range(nodes.size):
        slopes[n, 0, 0], slopes[n, 1, 0] = values[n, 0], values[n, 1]
    return values, slopes
