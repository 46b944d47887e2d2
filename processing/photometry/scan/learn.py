"""The PSF of the frames from the stars on them."""

from dataclasses import replace

import numba
import numpy as np

from processing.photometry.psf import surface_change
from processing.photometry.scan.kernels import CORE, CORE_SIZE, FIT, KNOTS, SIZE, mix, spline_weights, stamp
from processing.photometry.scan.psf import normalised

MOMENT_PRIOR = 0.03
"""One sigma of a change of a second moment, pixel**2: a tenth of the seeing's own, twice."""

NODE_PRIOR = 0.01
"""One sigma of what it changes by from node to node, pixel**2."""


def learned(psf, cut, places, flux):
    """The PSF corrected by stars.

    Parameters
    ----------
    psf : FramePSF
        With which the residuals were made.
    cut : Cutouts
        Of ``places``, ``RADIUS`` pixels about them.
    places : Apparitions
        Of the stars to learn from: bright, unsaturated, hardly blended.
    flux : ndarray, shape (apparitions,), DN
    """
    psf = centred(with_moments(psf, cut, places, flux), places)
    return with_surface(psf, cut, places, flux)


def centred(psf, places):
    """The PSF with moments that are 0 on the mean of ``places``: the mean width is the surface's, which would otherwise
    be corrected twice for the same residual, and swing."""
    mean = psf.moments(places.frame, places.x, places.y).mean(axis=0)
    return replace(psf, time=psf.time - mean)


def with_moments(psf, cut, places, flux):
    """The PSF with its second moments corrected: one linear least-squares step.

    Each apparition's own flux and place are free beside the moments, so that a star that was fitted with a wrong width
    still shows it.
    """
    matrices, vectors = _moment_equations(cut.residual, cut.weight, places.x, places.y, flux, psf.cell_moments(places),
                                          psf.planes)  # fmt: skip
    basis = psf.basis(places.frame, places.x, places.y)
    width = basis.shape[1]
    normal = np.einsum("na,nij,nb->aibj", basis, matrices, basis).reshape(3 * width, 3 * width)
    right = np.einsum("na,ni->ai", basis, vectors).ravel()
    before = np.concatenate([psf.time, psf.field])
    prior = np.kron(_prior(len(psf.nodes), width), np.eye(3))
    step = np.linalg.solve(normal + prior, right - prior @ before.ravel()).reshape(width, 3)
    time, field = np.split(before + step, [len(psf.nodes)])
    return replace(psf, time=time, field=field)


def _prior(nodes, width):
    change = np.diff(np.eye(nodes), axis=0) / NODE_PRIOR
    prior = np.eye(width) / MOMENT_PRIOR**2
    prior[:nodes, :nodes] += change.T @ change
    return prior


def with_surface(psf, cut, places, flux, roughness=0.06, looseness=0.5):
    """The PSF with its surface corrected; it keeps its centre and unit light in the total aperture.

    ``roughness``, ``looseness``: one-sigma prior on the second differences, and on the size, of the fractional change.
    """
    m, beyond = len(psf.surface), KNOTS
    matrix, vector = np.zeros((m + 2 * beyond, m + 2 * beyond, 7, 7)), np.zeros((m + 2 * beyond,) * 2)
    _accumulate(cut.residual, cut.weight, places.x, places.y, flux, beyond, matrix, vector)
    inside = np.s_[beyond:beyond + m, beyond:beyond + m]
    matrix, vector = _cut_off(matrix[inside].copy()), vector[inside]
    change = surface_change(matrix, vector, psf.surface, KNOTS, roughness, looseness)
    return psf.with_surface(normalised(psf.surface + change))


def _cut_off(matrix):
    """``matrix`` (m, m, 7, 7) without what couples coefficients of the surface to others beyond its rim."""
    m, step = len(matrix), np.arange(-3, 4)
    inside = (np.arange(m)[:, None] + step >= 0) & (np.arange(m)[:, None] + step < m)
    return matrix * inside[:, None, :, None] * inside[None, :, None, :]


@numba.njit(cache=True)
def _moment_equations(residual, weight, x, y, flux, delta, planes):
    """Normal equations of the three moments for each apparition, flux and place eliminated: (n, 3, 3), (n, 3)."""
    count, edge = x.size, residual.shape[1] // 2 - FIT
    matrices, vectors = np.zeros((count, 3, 3)), np.zeros((count, 3))
    core = np.empty((CORE_SIZE, CORE_SIZE))
    rows = 2 * KNOTS * FIT + 4
    star, part, value, slope = (np.empty((3, SIZE, SIZE)), np.empty((3, SIZE, SIZE)), np.empty((rows, SIZE)),
                                np.empty((rows, SIZE)))  # fmt: skip
    columns = np.empty((6, SIZE, SIZE))
    for a in range(count):
        mix(planes, delta[a], core)
        dx, dy = x[a] - np.rint(x[a]), y[a] - np.rint(y[a])
        stamp(core, CORE, dx, dy, FIT, star, value, slope, True)
        columns[:3] = star
        for k in range(3):
            stamp(planes[1 + k], CORE, dx, dy, FIT, part, value, slope, False)
            columns[3 + k] = flux[a] * part[0]
        normal, right = np.zeros((6, 6)), np.zeros(6)
        for j in range(SIZE):
            for i in range(SIZE):
                w, r = weight[a, edge + j, edge + i], residual[a, edge + j, edge + i]
                if w == 0.0:
                    continue
                for p in range(6):
                    v = w * columns[p, j, i]
                    right[p] += v * r
                    for q in range(6):
                        normal[p, q] += v * columns[q, j, i]
        nuisance = normal[:3, :3].copy()
        for p in range(3):
            if nuisance[p, p] <= 0.0:
                nuisance[p, p] = 1.0
            nuisance[p, p] *= 1.0 + 1e-9
        if not abs(np.linalg.det(nuisance)) > 0.0:
            continue
        mixed = np.ascontiguousarray(normal[3:, :3]) @ np.linalg.inv(nuisance)
        matrices[a] = normal[3:, 3:] - mixed @ np.ascontiguousarray(normal[:3, 3:])
        vectors[a] = right[3:] - mixed @ right[:3]
    return matrices, vectors


@numba.njit(cache=True)
def _accumulate(residual, weight, x, y, flux, beyond, matrix, vector):
    """Normal equations of the coefficients: ``matrix[row, column, dj + 3, di + 3]`` couples two coefficients.

    ``beyond``: coefficients on each side that the surface does not have. The 16 that weigh a pixel of a star are those
    of no other, and their products are the same for all pixels.
    """
    wx, wy, unused = np.empty(4), np.empty(4), np.empty(4)
    light, product = np.empty((4, 4)), np.empty((4, 4, 4, 4))
    for a in range(x.size):
        column = spline_weights(x[a] - np.rint(x[a]), KNOTS, wx, unused) + 1 + beyond
        row = spline_weights(y[a] - np.rint(y[a]), KNOTS, wy, unused) + 1 + beyond
        for p in range(4):
            for q in range(4):
                light[p, q] = flux[a] * wy[p] * wx[q]
        for p in range(4):
            for q in range(4):
                for s in range(4):
                    for t in range(4):
                        product[p, q, s, t] = light[p, q] * light[s, t]
        for j in range(residual.shape[1]):
            for i in range(residual.shape[2]):
                w = weight[a, j, i]
                if w == 0.0:
                    continue
                r = residual[a, j, i]
                for p in range(4):
                    for q in range(4):
                        here = matrix[row + KNOTS * j + p, column + KNOTS * i + q]
                        vector[row + KNOTS * j + p, column + KNOTS * i + q] += w * r * light[p, q]
                        for s in range(4):
                            for t in range(4):
                                here[s - p + 3, t - q + 3] += w * product[p, q, s, t]
