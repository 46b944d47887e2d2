"""The image's own PSF, from its own stars.

Starting from a round profile with the survey's wings, the spline surface is corrected until the residuals of the chosen
stars have no common pattern. The correction is a linear least-squares problem in the spline coefficients, with a prior
that the surface departs from that profile smoothly: where stars are many and bright the data decide, in the far wings
or with a handful of stars the profile does.
"""

import numba
import numpy as np
from scipy import sparse
from scipy.linalg import cho_solve_banded, cholesky_banded

from processing.photometry.spline_psf import KNOTS, SplinePSF, grid_size, weights


WINGS = (0.06, 6.3, 2.0)
"""Share of the light, FWHM (pixel) and exponent of the wings of an Atlas Image: with a core of exponent 12 within 15%
of the star images of f133-06 and ngc5273 (see processing.simulate.psf) out to 14 pixels."""

CORE_EXPONENT = 12.0


def first_psf(fwhm, radius=14):
    """A round profile with a core of ``fwhm`` pixels and the survey's wings, as a spline surface of unit sum."""
    m = grid_size(radius)
    y, x = (np.mgrid[:m, :m] - (m - 1) / 2) / KNOTS
    share, wide, exponent = WINGS
    profile = (1 - share) * _moffat(x**2 + y**2, fwhm, CORE_EXPONENT) + share * _moffat(x**2 + y**2, wide, exponent)
    return SplinePSF(profile, radius).normalised()


def _moffat(r2, fwhm, beta):
    """Moffat's profile (1969) of unit integral at squared radii ``r2``."""
    alpha2 = fwhm**2 / 4 / (2 ** (1 / beta) - 1)
    return (beta - 1) / np.pi / alpha2 * (1 + r2 / alpha2) ** -beta


def corrected_psf(psf, residual, weight, stars, roughness=0.05, looseness=0.5):
    """One correction of the PSF from the residuals around some stars.

    Parameters
    ----------
    psf : SplinePSF
        The PSF with which ``residual`` was made.
    residual : ndarray, shape (ny, nx), DN
        Image minus background minus *all* stars.
    weight : ndarray, shape (ny, nx), DN**-2
        Inverse variance; 0 marks pixels to ignore.
    stars : Stars
        The stars to learn from: bright, unsaturated, well fitted.
    roughness, looseness : float
        One-sigma prior on the second differences, and on the size, of the fractional correction.

    Returns
    -------
    SplinePSF of unit sum
    """
    m = psf.coefficients.shape[0]
    matrix = np.zeros((m, m, 7, 7))
    vector = np.zeros((m, m))
    _accumulate(residual, weight, stars.x, stars.y, stars.flux, psf.radius, matrix, vector)
    change = surface_change(matrix, vector, psf.coefficients, KNOTS, roughness, looseness)
    return SplinePSF(psf.coefficients + change, psf.radius).normalised()


def surface_change(matrix, vector, coefficients, knots, roughness, looseness):
    """The correction (m, m) of a surface from its normal equations.

    ``matrix`` (m, m, 7, 7), ``vector`` (m, m): as ``_accumulate`` fills them; ``knots`` a pixel; ``roughness``,
    ``looseness``: one-sigma prior on the second differences, and on the size, of the fractional correction.
    """
    m = len(coefficients)
    shape = _floor(coefficients)
    data_term = sparse.diags(shape.ravel()) @ _sparse(matrix) @ sparse.diags(shape.ravel())
    prior = _smoothness(m) / roughness**2 + sparse.identity(m * m) / looseness**2
    solve = _solver(data_term + prior)
    return shape * _centred(solve, shape.ravel() * vector.ravel(), coefficients, shape, knots).reshape(m, m)


def _solver(matrix):
    """A function that solves the symmetric positive definite ``matrix`` (sparse, all near its diagonal) for vectors."""
    part = sparse.tril(matrix).tocoo()
    banded = np.zeros((int((part.row - part.col).max()) + 1, matrix.shape[0]))
    banded[part.row - part.col, part.col] = part.data
    factor = cholesky_banded(banded, overwrite_ab=True, lower=True)
    return lambda vector: cho_solve_banded((factor, True), vector)


def _centred(solve, vector, coefficients, shape, knots, window=2.0):
    """The fractional correction that solves the normal equations and leaves the PSF's centroid at 0 (Lagrange).

    A shift of the PSF and of all stars against it change nothing in the image, so the data cannot say where a PSF that
    is not symmetric has its middle: it is the centroid under a Gaussian of ``window`` pixels (one sigma).
    """
    m = coefficients.shape[0]
    grid = (np.arange(m) - (m - 1) / 2) / knots
    weight = np.exp(-(grid[:, None] ** 2 + grid**2) / (2 * window**2))
    moments = np.stack([(weight * grid).ravel(), (weight * grid[:, None]).ravel()], axis=1)
    free, step = solve(vector), solve(moments * shape.ravel()[:, None])
    wrong = moments.T @ (coefficients.ravel() + shape.ravel() * free)
    return free - step @ np.linalg.solve((moments * shape.ravel()[:, None]).T @ step, wrong)


def _floor(coefficients):
    """The scale of the prior: the surface itself, smoothed outward so that it is nowhere zero or negative."""
    peak = coefficients.max()
    return np.maximum(coefficients, 1e-5 * peak)


@numba.njit(cache=True)
def _accumulate(residual, weight, x, y, flux, radius, matrix, vector):
    """Normal equations of the coefficients: ``matrix[row, column, dj + 3, di + 3]`` couples two coefficients."""
    ny, nx = residual.shape
    wx, wy, unused = np.empty(4), np.empty(4), np.empty(4)
    for s in range(x.size):
        cx, cy = int(np.rint(x[s])), int(np.rint(y[s]))
        bx = weights(x[s] - cx, KNOTS, wx, unused) + 1
        by = weights(y[s] - cy, KNOTS, wy, unused) + 1
        for j in range(max(0, radius - cy), min(2 * radius + 1, ny - cy + radius)):
            for i in range(max(0, radius - cx), min(2 * radius + 1, nx - cx + radius)):
                w = weight[cy - radius + j, cx - radius + i]
                if w == 0.0:
                    continue
                r = residual[cy - radius + j, cx - radius + i]
                row, column = by + KNOTS * j, bx + KNOTS * i
                add_pixel(matrix, vector, row, column, wy, wx, flux[s], r, w)


@numba.njit(cache=True)
def add_pixel(matrix, vector, row, column, wy, wx, flux, r, w):
    """Add what a pixel of residual ``r`` and weight ``w`` says of the 4 x 4 coefficients from ``row``, ``column`` on."""
    m = vector.shape[0]
    for a in range(4):
        if not 0 <= row + a < m:
            continue
        for b in range(4):
            if not 0 <= column + b < m:
                continue
            basis = w * flux * wy[a] * wx[b]
            vector[row + a, column + b] += basis * r
            for c in range(4):
                if not 0 <= row + c < m:
                    continue
                for d in range(4):
                    if 0 <= column + d < m:
                        matrix[row + a, column + b, c - a + 3, d - b + 3] += basis * flux * wy[c] * wx[d]


def _sparse(matrix):
    m = matrix.shape[0]
    row, column = np.mgrid[:m, :m]
    rows, columns, values = [], [], []
    for dj in range(-3, 4):
        for di in range(-3, 4):
            ok = (row + dj >= 0) & (row + dj < m) & (column + di >= 0) & (column + di < m)
            rows.append((row * m + column)[ok])
            columns.append(((row + dj) * m + column + di)[ok])
            values.append(matrix[:, :, dj + 3, di + 3][ok])
    indices = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_array((np.concatenate(values), indices), shape=(m * m, m * m))


def _smoothness(m):
    """Sum of the squared second differences along both axes, as a quadratic form."""
    second = sparse.diags([1.0, -2.0, 1.0], [0, 1, 2], shape=(m - 2, m))
    form = second.T @ second
    one = sparse.identity(m)
    return sparse.kron(form, one) + sparse.kron(one, form)
