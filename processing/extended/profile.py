"""The radial profile of an object in one band: its rings, and the Sersic profiles behind the PSF that they show.

One profile does for most. A bright galaxy with a bulge in a disc is no Sersic profile: one fitted to it follows the
centre, where the light is, and runs too high outside, where the total magnitude needs it; such get a second profile.
"""

from dataclasses import dataclass

import numpy as np

from processing.config import survey
from processing.extended import sersic, sersic_fit
from processing.extended.rings import Rings, quadrature

TABLE = np.log(sersic.INDICES), sersic.SIGMAS

COSINE_ERROR = 3.0
"""Error of a second harmonic in units of that of a mean: in thin rings flat pixels are not the smooth image."""

PART_INDEX_SPREAD = 0.1, 0.05
"""Scatter of the log index of a bulge (about 2) and a disc (about 1) that are fitted together: with more freedom the
bulge takes the disc's outskirts (on IC 494), where the total magnitude is decided."""

LEGENDRE = np.polynomial.legendre.leggauss(32)
"""Nodes and weights of the integral over the radius."""


@dataclass(frozen=True, eq=False)
class Profile:
    """A fit of one or two profiles.

    ``p`` (m,), four for each profile: log of light (DN), half-light radius (pixel), index, axis ratio before the PSF;
    ``covariance`` (m, m): of its scatter from noise; ``misfit``: chi-square of the rings; ``chi2``: that over what is
    expected of it; ``model`` (n,), DN a pixel, and ``slopes`` (n, m) of the rings; ``gain`` (m, n): how p follows the
    rings' means; ``rest`` (m, m): covariance from all but those.
    """

    rings: Rings
    psf: np.ndarray
    p: np.ndarray
    covariance: np.ndarray
    misfit: float
    chi2: float
    model: np.ndarray
    slopes: np.ndarray
    gain: np.ndarray
    rest: np.ndarray

    @property
    def parts(self):
        """Parameters of each profile: (profiles, 4)."""
        return self.p.reshape(-1, 4)

    @property
    def flux(self):
        """All light, DN."""
        return float(np.exp(self.parts[:, 0]).sum())

    @property
    def flux_slopes(self):
        """How ``flux`` goes with p: (m,)."""
        slopes = np.zeros(self.parts.shape)
        slopes[:, 0] = np.exp(self.parts[:, 0])
        return slopes.ravel()

    def brightness(self, radii, ratios):
        """Mean on ellipses of given semi-major axes and axis ratios, DN a pixel: (n,)."""
        radii = np.asarray(radii, float)
        ratios = np.broadcast_to(np.asarray(ratios, float), radii.shape).copy()
        return sum(sersic.on_ellipses(radii, ratios, part, self.psf, TABLE[0], sersic.shares(), TABLE[1])[0][:, 0]
                   for part in self.parts)  # fmt: skip

    def inside(self, radius, ratio):
        """Light within an ellipse, DN."""
        nodes, weights = LEGENDRE
        radii = 0.5 * radius * (nodes + 1)
        return float(np.pi * ratio * radius * (weights * radii * self.brightness(radii, ratio)).sum())


def fitted(rings, psf, best=None):
    """The Profile of Rings; None when they hold no light.

    ``psf``: (2, m), of ``sersic.psf_gaussians``. ``best``: the Profile of the band that shows the object best: sizes,
    indices and axis ratios are held to its own within the colour gradients of galaxies (``band_spread``).
    """
    light = float((rings.mean * rings.area).sum())
    if not light > 0:
        return None
    if best is not None:
        return _fit(rings, psf, *_as_in(best, light), best)
    one = _fit(rings, psf, *_expected(rings, light))
    if one.chi2 < survey().extended_measures.two_profiles:
        return one
    known, inverse = _bulge_and_disc(one)
    two = _fit(rings, psf, known, inverse)
    gain = one.misfit - two.misfit - float(inverse @ (two.p - known) ** 2)
    return two if gain > survey().extended_measures.second_price else one


def _fit(rings, psf, start, inverse, best=None):
    """Least squares about ``start`` (m,), which is known with the inverse variances ``inverse`` (m,).

    Weights are those of the noise with the error that a profile and the PSF have in the bright core; errors come from
    the whole covariance of the rings.
    """
    floor = (survey().extended_measures.profile_error * np.maximum(rings.mean, 0)) ** 2
    noise = rings.noise + floor[:, None] * (1, COSINE_ERROR**2)
    data = np.column_stack([rings.mean, rings.cosine])
    weight = 1 / (noise + (rings.level**2, 0))
    nodes, weights = quadrature(rings.edges)
    p, model, slopes = sersic_fit.fit(data, weight, nodes, weights, rings.ratio, start, inverse, psf,
                                      TABLE[0], sersic.shares(), TABLE[1])  # fmt: skip
    normal = np.linalg.inv(np.einsum("nca,nc,ncb->ab", slopes, weight, slopes) + np.diag(inverse))
    gain = np.einsum("ab,ncb,nc->can", normal, slopes, weight)
    waves = np.sqrt(rings.noise[:, 1] / rings.noise[:, 0])
    rest = (gain[1] * waves) @ rings.covariance @ (gain[1] * waves).T
    if best is not None:
        rest += (normal * inverse) @ best.covariance @ (normal * inverse).T
    covariance = gain[0] @ (rings.covariance + rings.level**2) @ gain[0].T + rest
    expected = (weight * noise).sum() - np.trace(np.linalg.solve(normal, covariance))
    misfit = float((weight * (data - model) ** 2).sum())
    return Profile(rings, psf, p, covariance, misfit, float(misfit / max(expected, 1)), model[:, 0], slopes[:, 0],
                   gain[0], rest)  # fmt: skip


def _expected(rings, light):
    """First guess of one profile and its inverse variances."""
    index, scatter = survey().extended_measures.index_prior
    return np.log([light, _half(rings), index, rings.ratio]), np.r_[0.0, 1 / np.square([1.5, scatter, 0.7])]


def _as_in(best, light):
    """The same from another band: its profiles, as bright as this one is."""
    known = best.parts.copy()
    known[:, 0] += np.log(light / best.flux)
    rules, noise = survey().extended_measures, np.diag(best.covariance).reshape(known.shape)
    inverse = np.zeros(known.shape)
    inverse[:, 1:] = 1 / (noise[:, 1:] + np.square(rules.band_spread))
    if len(known) > 1:
        inverse[:, 0], inverse[:, 2] = 1 / rules.share_spread**2, 1 / np.square(PART_INDEX_SPREAD)
    return known.ravel(), inverse.ravel()


def _bulge_and_disc(one):
    """The same of a round small bulge and an exponential disc of the isophote's shape, from the profile that alone is
    too bad."""
    light, _, _, ratio = one.p
    disc = np.log(1.2 * _half(one.rings))
    start = np.r_[light - 1.0, disc - 1.5, np.log(2.0), 0.5 * ratio, light - 0.5, disc, 0.0, np.log(one.rings.ratio)]
    bulge_index, disc_index = PART_INDEX_SPREAD
    return start, 1 / np.square([1.5, 0.7, bulge_index, 0.4, 1.5, 0.4, disc_index, 0.15])


def _half(rings):
    """Semi-major axis that holds half of the light of Rings, pixel."""
    grown = np.cumsum(np.maximum(rings.mean, 0) * rings.area)
    return float(np.interp(0.5 * grown[-1], grown, rings.edges[1:]))
