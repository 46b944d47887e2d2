"""Fluxes and positions of all stars of an image at once.

Gauss-Newton steps on the full least-squares problem: every star's flux, x and y together, neighbours coupled through
the pixels that they share. The normal matrix is never built; conjugate gradients apply it by painting the change and
projecting it back (the way of crowdsource, Schlafly et al. 2018, ApJS 234, 39, here with analytic derivatives).
"""

from dataclasses import dataclass

import numpy as np

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
    step = _solve(weight, stamps, corner, gradient, prior)
    scale = np.minimum(1.0, LARGEST_MOVE / np.maximum(np.hypot(step[:, 1], step[:, 2]), 1e-9))
    return Stars(stars.x + scale * step[:, 1], stars.y + scale * step[:, 2], stars.flux + step[:, 0])


def _solve(weight, stamps, corner, gradient, prior, tolerance=1e-4, rounds=60):
    """Conjugate gradients with each star's own 3 x 3 block as preconditioner."""
    blocks = kernels.own_blocks(weight, stamps, corner) + np.diag(prior)
    blocks += 1e-6 * np.eye(3) * np.einsum("nii->ni", blocks)[:, :, None] + 1e-12 * np.eye(3)
    inverse = np.linalg.inv(blocks)

    def matrix(v):
        image = np.zeros_like(weight)
        kernels.spread(image, v, stamps, corner)
        return kernels.project(image * weight, stamps, corner) + prior * v

    step = np.zeros_like(gradient)
    r = gradient.copy()
    z = np.einsum("nij,nj->ni", inverse, r)
    p, rz = z.copy(), float((r * z).sum())
    target = tolerance**2 * rz
    for _ in range(rounds):
        if rz <= target:
            break
        mp = matrix(p)
        alpha = rz / float((p * mp).sum())
        step += alpha * p
        r -= alpha * mp
        z = np.einsum("nij,nj->ni", inverse, r)
        rz, old = float((r * z).sum()), rz
        p = z + rz / old * p
    return step
