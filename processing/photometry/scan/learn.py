"""The PSF of the frames from the stars on them."""

from dataclasses import replace

import numba
import numpy as np

from processing.photometry.psf import add_pixel, surface_change
from processing.photometry.scan.kernels import CORE, CORE_SIZE, FIT, KNOTS, SIZE, mix, spline_weights, stamp
from processing.photometry.scan.psf import RADIUS, normalised

MOMENT_PRIOR = 0.03
"""One sigma of a change of a second moment, pixel**2: a tenth of the seeing's own, twice."""

NODE_PRIOR = 0.01
"""One sigma of what it changes by from node to node, pixel**2."""


def learned(psf, residual, weight, places, flux):
    """The PSF corrected by stars.

    Parameters
    ----------
    psf : FramePSF
        With which ``residual`` was made.
    residual, weight : ndarray, shape (n, ny, nx), DN and DN**-2
        Frames minus sky minus *all* stars; 0 weight where not usable.
    places : Apparitions
        Of the stars to learn from: bright, unsaturated, hardly blended.
    flux : ndarray, shape (apparitions,), DN
    """
    psf = centred(with_moments(psf, residual, weight, places, flux), places)
    return with_surface(psf, residual, weight, places, flux)


def centred(psf, places):
    """The PSF with moments that are 0 on the mean of ``places``: the mean width is the surface's, which would otherwise
    be corrected twice for the same residual, and swing."""
    mean = psf.moments(places.frame, places.x, places.y).mean(axis=0)
    return replace(psf, time=psf.time - mean)


def with_moments(psf, residual, weight, places, flux):
    """The PSF with its second moments corrected: one linear least-squares step.

    Each apparition's own flux and place are free beside the moments, so that a star that was fitted with a wrong width
    still shows it.
    """
    matrices, vectors = _moment_equations(residual, weight, places.frame, places.x, places.y, flux, places.key,
                                          psf.cell_moments(places), psf.planes)  # fmt: skip
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


def with_surface(psf, residual, weight, places, flux, roughness=0.06, looseness=0.5):
    """The PSF with its surface corrected; it keeps its centre and unit light in the total aperture.

    ``roughness``, ``looseness``: one-sigma prior on the second differences, and on the size, of the fractional change.
    """
    m = len(psf.surface)
    matrix, vector = np.zeros((m, m, 7, 7)), np.zeros((m, m))
    _accumulate(residual, weight, places.frame, places.x, places.y, flux, matrix, vector)
    change = surface_change(matrix, vector, psf.surface, KNOTS, roughness, looseness)
    return psf.with_surface(normalised(psf.surface + change))


@numba.njit(cache=True)
def _moment_equations(residual, weight, frame, x, y, flux, key, delta, planes):
    """Normal equations of the three moments for each apparition, flux and place eliminated: (n, 3, 3), (n, 3)."""
    count = frame.size
    _, ny, nx = residual.shape
    matrices, vectors = np.zeros((count, 3, 3)), np.zeros((count, 3))
    core, first = np.empty((CORE_SIZE, CORE_SIZE)), np.empty((3, CORE_SIZE, CORE_SIZE))
    rows = 2 * KNOTS * FIT + 4
    star, part, value, slope = (np.empty((3, SIZE, SIZE)), np.empty((3, SIZE, SIZE)), np.empty((rows, SIZE)),
                                np.empty((rows, SIZE)))  # fmt: skip
    columns = np.empty((6, SIZE, SIZE))
    for a in range(count):
        mix(planes, delta[a], core)
        for k in range(3):
            first[k] = planes[1 + k]
        cx, cy = int(np.rint(x[a])), int(np.rint(y[a]))
        stamp(core, CORE, x[a] - cx, y[a] - cy, FIT, star, value, slope, True)
        columns[:3] = star
        for k in range(3):
            stamp(first[k], CORE, x[a] - cx, y[a] - cy, FIT, part, value, slope, False)
            columns[3 + k] = flux[a] * part[0]
        normal, right = np.zeros((6, 6)), np.zeros(6)
        for j in range(max(0, FIT - cy), min(SIZE, ny - cy + FIT)):
            for i in range(max(0, FIT - cx), min(SIZE, nx - cx + FIT)):
                w = weight[frame[a], cy - FIT + j, cx - FIT + i]
                if w == 0.0:
                    continue
                r = residual[frame[a], cy - FIT + j, cx - FIT + i]
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
def _accumulate(residual, weight, frame, x, y, flux, matrix, vector):
    """Normal equations of the coefficients: ``matrix[row, column, dj + 3, di + 3]`` couples two coefficients."""
    _, ny, nx = residual.shape
    wx, wy, unused = np.empty(4), np.empty(4), np.empty(4)
    for a in range(frame.size):
        cx, cy = int(np.rint(x[a])), int(np.rint(y[a]))
        bx = spline_weights(x[a] - cx, KNOTS, wx, unused) + 1
        by = spline_weights(y[a] - cy, KNOTS, wy, unused) + 1
        for j in range(max(0, RADIUS - cy), min(2 * RADIUS + 1, ny - cy + RADIUS)):
            for i in range(max(0, RADIUS - cx), min(2 * RADIUS + 1, nx - cx + RADIUS)):
                w = weight[frame[a], cy - RADIUS + j, cx - RADIUS + i]
                if w == 0.0:
                    continue
                r = residual[frame[a], cy - RADIUS + j, cx - RADIUS + i]
                row, column = by + KNOTS * j, bx + KNOTS * i
                add_pixel(matrix, vector, row, column, wy, wx, flux[a], r, w)
