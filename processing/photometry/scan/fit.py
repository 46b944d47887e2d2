"""Fluxes and places of all stars of a scan in one band: one least-squares problem over all frames at once.

Each star has one flux and one place for all frames that see it; neighbours are coupled through every pixel that they
share on any frame (photometry.fit does the same on one image). The normal matrix is sparse and solved by conjugate
gradients.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from processing.photometry.fit import LARGEST_MOVE, Stars, block_matrix, solve
from processing.photometry.scan import kernels
from processing.photometry.scan.places import Apparitions, Mapping, apparitions
from processing.photometry.scan.psf import RADIUS, FramePSF

HOLD = 1.0
"""One sigma in arcsec of the prior that holds a star where it was found."""

FAR_LIGHT = 0.05
"""Stars are painted as far as their light exceeds this part of the noise of a pixel."""


@dataclass(frozen=True)
class Model:
    """What is known of the frames of one band.

    Attributes
    ----------
    data : ndarray, shape (n, ny, nx), float32, DN
        Frames minus sky; finite everywhere.
    usable : ndarray of bool, same shape
    noise : ndarray, shape (n,), DN
        One sigma of a pixel of sky.
    electrons : float
        A DN.
    mapping : Mapping
    psf : FramePSF
    stars : Stars
        Places on the strip (pixel), fluxes in DN of one frame.
    places : Apparitions
    profile_error : float
        Error of the PSF in units of itself.
    """

    data: np.ndarray
    usable: np.ndarray
    noise: np.ndarray
    electrons: float
    mapping: Mapping
    psf: FramePSF
    stars: Stars
    places: Apparitions
    profile_error: float

    @cached_property
    def moments(self):
        """Second moments of the PSF beyond its mean ones for each apparition (psf.cell_moments)."""
        return self.psf.cell_moments(self.places)

    @cached_property
    def image(self):
        """All stars: float32, (n, ny, nx), DN."""
        model = np.zeros(self.data.shape, np.float32)
        self.paint(model, self.stars.flux)
        return model

    def paint(self, images, flux):
        """Add the stars to ``images``, with other fluxes (DN, one a star)."""
        psf, places, each = self.psf, self.places, flux[self.places.star]
        profile, least = np.abs(psf.surface[len(psf.surface) // 2]), FAR_LIGHT * np.median(self.noise)
        bright, far = (np.abs(each) * max(profile[kernels.KNOTS * (RADIUS - edge)], 1e-5) > least
                       for edge in (kernels.FIT, kernels.CORE))  # fmt: skip
        kernels.paint(images, places.frame, places.x, places.y, each, places.key, self.moments, psf.planes,
                      psf.surface, RADIUS, bright | far, far)  # fmt: skip

    @cached_property
    def residual(self):
        """Frames minus sky minus stars, DN; anything where not usable."""
        return self.data - self.image

    @cached_property
    def weight(self):
        """Inverse variance for the fit, DN**-2; 0 where not usable."""
        weight = np.empty_like(self.data)
        kernels.weights(self.image, self.usable, self.noise, self.electrons, self.profile_error, weight)
        return weight

    @property
    def spread(self):
        """Squared weight times the variance of the noise, DN**-2: what the covariance of the fit is made of."""
        spread = np.empty_like(self.data)
        kernels.spreads(self.image, self.weight, self.noise, self.electrons, spread)
        return spread

    def with_stars(self, stars, places=None):
        """The Model with other stars; ``places``: their Apparitions where they are known."""
        places = apparitions(stars.x, stars.y, self.mapping) if places is None else places
        return replace(self, stars=stars, places=places)

    def without(self, rows):
        """The Model without the stars at ``rows`` (mask); their light is taken off the image of the others."""
        image = self.image.copy()
        self.paint(image, np.where(rows, -self.stars.flux, 0.0))
        other = self.with_stars(self.stars.select(~rows), self.places.select(~rows))
        other.__dict__.update(image=image, moments=self.moments[~rows[self.places.star]])
        return self._keeping(other, "weight")

    def moved(self, dx, dy, flux):
        """The Model with its stars moved (pixel of the strip) and with other fluxes."""
        stars = Stars(self.stars.x + dx, self.stars.y + dy, flux)
        return self._keeping(self.with_stars(stars, self.places.moved(dx, dy)), "moments")

    def with_psf(self, psf):
        return replace(self, psf=psf)

    def with_data(self, data):
        """The Model of the same stars with another sky taken off the frames."""
        return self._keeping(replace(self, data=data), "image", "weight", "moments")

    def with_profile_error(self, error):
        return self._keeping(replace(self, profile_error=error), "image", "residual", "moments")

    def _keeping(self, other, *names):
        """``other``, with what is worked out already and is the same for it."""
        other.__dict__.update({name: self.__dict__[name] for name in names if name in self.__dict__})
        return other


def fitted(model, steps=3):
    """The Model with fluxes and places of all stars fitted together (Gauss-Newton)."""
    start, weight, pairs = model.stars, model.weight, close_pairs(model.stars)
    for _ in range(steps):
        model = _step(model, weight, start, pairs)
    return model


def close_pairs(stars):
    """Pairs of stars whose fitted areas can meet: (k, 2)."""
    reach = 2.0 * (2 * kernels.FIT + 0.8)
    return cKDTree(np.column_stack([stars.x, stars.y])).query_pairs(reach, output_type="ndarray")


def _step(model, weight, start, pairs):
    stars, places, stamps = model.stars, model.places, derivative_stamps(model)
    gradient = np.zeros((len(stars), 3))
    kernels.gradients(model.data, model.image, weight, places.star, places.frame, places.x, places.y, stamps, gradient)
    gradient[:, 1] -= (stars.x - start.x) / HOLD**2
    gradient[:, 2] -= (stars.y - start.y) / HOLD**2
    step = solve(normal_matrix(weight, places, stamps, pairs), gradient)
    scale = np.minimum(1.0, LARGEST_MOVE / np.maximum(np.hypot(step[:, 1], step[:, 2]), 1e-9))
    return model.moved(scale * step[:, 1], scale * step[:, 2], stars.flux + step[:, 0])


def derivative_stamps(model):
    """Derivatives of the frames with flux, X and Y of each apparition: (n, 3, SIZE, SIZE) float32."""
    places = model.places
    stamps = np.empty((len(places.star), 3, kernels.SIZE, kernels.SIZE), np.float32)
    kernels.derivatives(places.frame, places.x, places.y, model.stars.flux[places.star], places.key,
                        model.moments, model.psf.planes, places.jacobian, stamps)  # fmt: skip
    return stamps


def normal_matrix(weight, places, stamps, pairs):
    """The normal matrix of all stars, (3 n, 3 n) in 3 x 3 blocks, with the prior on their places."""
    own, coupling = np.zeros((places.stars, 3, 3)), np.zeros((len(pairs), 3, 3))
    where = places.frame, places.x, places.y, stamps
    kernels.own_blocks(weight, places.star, *where, own)
    kernels.pair_blocks(weight, pairs, *places.by_star, *where, coupling)
    own += np.diag([0.0, HOLD**-2, HOLD**-2]) + 1e-6 * np.eye(3) * np.einsum("nii->ni", own)[:, :, None]
    return block_matrix(own + 1e-12 * np.eye(3), pairs, coupling)
