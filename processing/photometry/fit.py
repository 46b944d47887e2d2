"""Fluxes and positions of all stars of an image at once.

Gauss-Newton steps on the full least-squares problem: every star's flux, x and y together, neighbours coupled through
the pixels that they share (as DAOPHOT does in groups, Stetson 1987, PASP 99, 191, and crowdsource in whole images,
Schlafly et al. 2018, ApJS 234, 39). The normal matrix is sparse and solved by conjugate gradients.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from processing.photometry import kernels
from processing.photometry.spline_psf import SplinePSF

LARGEST_MOVE = 0.5
"""Pixels a star may move in one step: beyond it the linearisation says nothing."""


@dataclass
class Stars:
    """Positions (0-based pixel) and fluxes (DN) of point sources; arrays of one length."""

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray

    def __len__(self):
        return len(self.x)

    def select(self, keep):
        return Stars(self.x[keep], self.y[keep], self.flux[keep])

    def joined(self, other):
        return Stars(*(np.concatenate([getattr(self, k), getattr(other, k)]) for k in ("x", "y", "flux")))


def model_image(shape, stars, psf: SplinePSF, faintest=0.02):
    """The stars as they would appear, shape (ny, nx), DN. Each is painted out to where it falls below ``faintest`` DN
    a pixel, at least 6 pixels and at most the PSF's radius."""
    image = np.zeros(shape)
    kernels.paint(image, stars.x, stars.y, stars.flux, _reach(stars.flux, psf, faintest), psf.coefficients, psf.radius)
    return image


def _reach(flux, psf, faintest):
    profile = psf.stamp(0.0, 0.0)[psf.radius, psf.radius:]
    outward = np.maximum.accumulate(np.abs(profile[::-1]))[::-1]
    reach = len(outward) - np.searchsorted(outward[::-1], faintest / np.maximum(np.abs(flux), 1e-6))
    return np.clip(reach, 6, psf.radius).astype(np.int64)


def fit_stars(data, weight, stars, psf, radius=5, steps=6, hold=None):
    """Least-squares fluxes and positions of all stars together.

    Parameters
    ----------
    data : ndarray, shape (ny, nx), DN
        Background-subtracted image; values where ``weight`` is 0 are ignored and must be finite.
    weight : ndarray, shape (ny, nx), DN**-2
        Inverse variance; 0 marks a pixel to ignore.
    stars : Stars
        First guess.
    psf : SplinePSF, unit sum
    radius : int, pixel
        Radius of each star's fit area.
    steps : int
        Gauss-Newton steps.
    hold : float or None, pixel
        One-sigma width of a prior that holds each star at its first position; None for none.

    Returns
    -------
    Stars
    """
    start = stars
    for _ in range(steps):
        residual = data - model_image(data.shape, stars, psf)
        stars = _step(residual, weight, stars, start, psf, radius, hold)
    return stars


def _step(residual, weight, stars, start, psf, radius, hold):
    stamps, corner = kernels.derivatives(stars.x, stars.y, stars.flux, radius, psf.coefficients, psf.radius)
    gradient = kernels.project(residual * weight, stamps, corner)
    prior = np.zeros(3)
    if hold is not None:
        prior[1:] = hold**-2
        gradient[:, 1] -= prior[1] * (stars.x - start.x)
        gradient[:, 2] -= prior[2] * (stars.y - start.y)
    step = solve(normal_matrix(weight, stamps, corner, prior), gradient)
    scale = np.minimum(1.0, LARGEST_MOVE / np.maximum(np.hypot(step[:, 1], step[:, 2]), 1e-9))
    return Stars(stars.x + scale * step[:, 1], stars.y + scale * step[:, 2], stars.flux + step[:, 0])


def solve(matrix, gradient, tolerance=1e-4, rounds=60):
    """Conjugate gradients with each star's own 3 x 3 block as preconditioner; ``gradient`` and the result (n, 3)."""
    inverse = np.linalg.inv(_own_blocks(matrix))
    step = np.zeros_like(gradient)
    r = gradient.copy()
    z = np.einsum("nij,nj->ni", inverse, r)
    p, rz = z.copy(), float((r * z).sum())
    target = tolerance**2 * rz
    for _ in range(rounds):
        if rz <= target:
            break
        mp = (matrix @ p.ravel()).reshape(p.shape)
        alpha = rz / float((p * mp).sum())
        step += alpha * p
        r -= alpha * mp
        z = np.einsum("nij,nj->ni", inverse, r)
        rz, old = float((r * z).sum()), rz
        p = z + rz / old * p
    return step


def normal_matrix(weight, stamps, corner, prior):
    """The normal matrix of all stars, (3 n, 3 n) in 3 x 3 blocks: only stars whose fit areas meet are coupled.

    ``prior`` (3,) is added to every star's diagonal, and so little of its own that no star is without constraint.
    """
    pairs = cKDTree(corner).query_pairs(stamps.shape[-1] - 1, p=np.inf, output_type="ndarray")
    own = kernels.own_blocks(weight, stamps, corner)
    own += np.diag(prior) + 1e-6 * np.eye(3) * np.einsum("nii->ni", own)[:, :, None] + 1e-12 * np.eye(3)
    return block_matrix(own, pairs, kernels.pair_blocks(weight, stamps, corner, pairs))


def block_matrix(own, pairs, coupling):
    """The symmetric sparse matrix with ``own`` (n, 3, 3) on its diagonal and ``coupling`` (k, 3, 3) at ``pairs``."""
    n = len(own)
    rows = np.concatenate([np.arange(n), pairs[:, 0], pairs[:, 1]])
    columns = np.concatenate([np.arange(n), pairs[:, 1], pairs[:, 0]])
    blocks = np.concatenate([own, coupling, coupling.transpose(0, 2, 1)])
    order = np.lexsort((columns, rows))
    starts = np.searchsorted(rows[order], np.arange(n + 1))
    return sparse.bsr_array((blocks[order], columns[order], starts), shape=(3 * n, 3 * n))


def _own_blocks(matrix):
    """The 3 x 3 blocks on the diagonal of a block matrix with sorted columns: (n, 3, 3)."""
    rows = np.repeat(np.arange(len(matrix.indptr) - 1), np.diff(matrix.indptr))
    return matrix.data[rows == matrix.indices]
