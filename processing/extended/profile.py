"""The radial profile of an object in one band: its rings, and the Sersic profile behind the PSF that they show."""

from dataclasses import dataclass

import numpy as np

from processing.config import survey
from processing.extended import sersic
from processing.extended.rings import Rings, quadrature

TABLE = np.log(sersic.INDICES), sersic.SIGMAS

LEGENDRE = np.polynomial.legendre.leggauss(32)
"""Nodes and weights of the integral over the radius."""


@dataclass(frozen=True, eq=False)
class Profile:
    """A fit.

    ``p`` (4,): log of light (DN), half-light radius (pixel), index, axis ratio before the PSF; ``covariance`` (4, 4):
    of its scatter from noise; ``chi2``: of the rings over its expectation; ``model`` (n,), DN a pixel, and ``slopes``
    (n, 4) of the rings; ``gain`` (4, n): how p follows the rings' means; ``rest`` (4, 4): covariance from all but
    those.
    """

    rings: Rings
    psf: np.ndarray
    p: np.ndarray
    covariance: np.ndarray
    chi2: float
    model: np.ndarray
    slopes: np.ndarray
    gain: np.ndarray
    rest: np.ndarray

    @property
    def flux(self):
        """All light of the profile, DN."""
        return float(np.exp(self.p[0]))

    def brightness(self, radii, ratios):
        """Mean on ellipses of given semi-major axes and axis ratios, DN a pixel: (n,)."""
        radii = np.asarray(radii, float)
        ratios = np.broadcast_to(np.asarray(ratios, float), radii.shape).copy()
        return sersic.on_ellipses(radii, ratios, self.p, self.psf, TABLE[0], sersic.shares(), TABLE[1])[0][:, 0]

    def inside(self, radius, ratio):
        """Light within an ellipse, DN."""
        nodes, weights = LEGENDRE
        radii = 0.5 * radius * (nodes + 1)
        return float(np.pi * ratio * radius * (weights * radii * self.brightness(radii, ratio)).sum())


def fitted(rings, psf, prior=None):
    """The Profile of Rings; None when they hold no light.

    ``psf``: (2, m), of ``sersic.psf_gaussians``. ``prior``: the Profile of the band that shows the object best: size,
    index and axis ratio are held to its own within the colour gradients of galaxies (``band_spread``). Weights are
    those of the noise with the error that a profile and the PSF have in the bright core; errors come from the whole
    covariance of the rings.
    """
    light = float((rings.mean * rings.area).sum())
    if not light > 0:
        return None
    start, known, inverse = _expected(rings, light, prior)
    floor = (survey().extended_measures.profile_error * np.maximum(rings.mean, 0)) ** 2
    noise = rings.noise + floor[:, None]
    data = np.column_stack([rings.mean, rings.cosine])
    weight = 1 / (noise + (rings.level**2, 0))
    nodes, weights = quadrature(rings.edges)
    p, model, slopes, _ = sersic.fit(data, weight, nodes, weights, rings.ratio, start, known, inverse, psf, TABLE[0],
                                     sersic.shares(), TABLE[1])  # fmt: skip
    normal = np.linalg.inv(np.einsum("nca,nc,ncb->ab", slopes, weight, slopes) + np.diag(inverse))
    gain = np.einsum("ab,ncb,nc->can", normal, slopes, weight)
    waves = np.sqrt(rings.noise[:, 1] / rings.noise[:, 0])
    rest = (gain[1] * waves) @ rings.covariance @ (gain[1] * waves).T
    if prior is not None:
        rest += (normal * inverse) @ prior.covariance @ (normal * inverse).T
    covariance = gain[0] @ (rings.covariance + rings.level**2) @ gain[0].T + rest
    expected = (weight * noise).sum()
    expected -= np.trace(np.linalg.solve(normal, covariance))
    chi2 = float((weight * (data - model) ** 2).sum() / max(expected, 1))
    return Profile(rings, psf, p, covariance, chi2, model[:, 0], slopes[:, 0], gain[0], rest)


def _expected(rings, light, prior):
    """First guess of p, its prior and the inverse variances of that."""
    rules = survey().extended_measures
    if prior is not None:
        known = np.r_[np.log(light), prior.p[1:]]
        spread = np.sqrt(np.diag(prior.covariance)[1:] + np.square(rules.band_spread))
        return known.copy(), known, np.r_[0.0, 1 / spread**2]
    grown = np.cumsum(np.maximum(rings.mean, 0) * rings.area)
    half = float(np.interp(0.5 * grown[-1], grown, rings.edges[1:]))
    known = np.log([light, half, rules.index_prior[0], rings.ratio])
    spread = np.array([1.5, rules.index_prior[1], 0.7])
    return known.copy(), known, np.r_[0.0, 1 / spread**2]
