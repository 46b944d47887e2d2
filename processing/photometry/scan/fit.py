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
from processing.photometry.scan.drawing import Drawing, images, residuals
from processing.photometry.scan.equations import frame_pairs, normal_equations
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
    def drawing(self):
        """The stars as the compiled loops draw them."""
        return self.drawing_of(self.stars.flux)

    def drawing_of(self, flux):
        """The Drawing of the stars with other fluxes (DN, one a star)."""
        psf, places, each = self.psf, self.places, flux[self.places.star]
        profile, least = np.abs(psf.surface[len(psf.surface) // 2]), FAR_LIGHT * np.median(self.noise)
        reach = sum((np.abs(each) * max(profile[kernels.KNOTS * (RADIUS - edge)], 1e-5) > least).astype(np.int8)
                    for edge in (kernels.FIT, kernels.CORE))  # fmt: skip
        return Drawing(places.begins(len(self.data)), places.x, places.y, each, places.cell, reach, *psf.tables, RADIUS)

    @cached_property
    def image(self):
        """All stars: float32, (n, ny, nx), DN."""
        model = np.zeros(self.data.shape, np.float32)
        images(self.drawing, model)
        return model

    def paint(self, out, flux):
        """Add the stars to ``out``, with other fluxes (DN, one a star)."""
        images(self.drawing_of(flux), out)

    @cached_property
    def residual(self):
        """Frames minus sky minus stars, DN; anything where not usable."""
        left = np.empty_like(self.data)
        residuals(self.drawing, self.data, left)
        return left

    @cached_property
    def weight(self):
        """Inverse variance for the fit, DN**-2; 0 where not usable."""
        weight = np.empty_like(self.data)
        kernels.weights(self.image, self.usable, self.noise, self.electrons, self.profile_error, weight)
        return weight

    @cached_property
    def information(self):
        """Inverse variance of the flux of each star, were it alone and in a known place, DN**-2: (n,); of a fitted
        Model as it was before the last step."""
        return equations(self, np.zeros((0, 2), int))[1][0, :, 0, 0]

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
        """The Model without the stars at ``rows`` (mask)."""
        other = self.with_stars(self.stars.select(~rows), self.places.select(~rows))
        if "information" in self.__dict__:
            other.__dict__["information"] = self.information[~rows]
        return other

    def moved(self, dx, dy, flux):
        """The Model with its stars moved (pixel of the strip) and with other fluxes."""
        return self.with_stars(Stars(self.stars.x + dx, self.stars.y + dy, flux), self.places.moved(dx, dy))

    def with_psf(self, psf):
        return replace(self, psf=psf)

    def with_data(self, data):
        """The Model of the same stars with another sky taken off the frames."""
        return self._keeping(replace(self, data=data), "drawing", "information")

    def with_profile_error(self, error):
        return self._keeping(replace(self, profile_error=error), "drawing", "information")

    def _keeping(self, other, *names):
        """``other``, with what is worked out already and is the same for it."""
        other.__dict__.update({name: self.__dict__[name] for name in names if name in self.__dict__})
        return other


def fitted(model, steps=3):
    """The Model with fluxes and places of all stars fitted together (Gauss-Newton)."""
    start, pairs = model.stars, close_pairs(model.stars)
    together = meetings(model, pairs)
    for _ in range(steps):
        model = _step(model, start, pairs, together)
    return model


def close_pairs(stars):
    """Pairs of stars whose fitted areas can meet: (k, 2)."""
    reach = 2.0 * (2 * kernels.FIT + 0.8)
    return cKDTree(np.column_stack([stars.x, stars.y])).query_pairs(reach, output_type="ndarray")


def meetings(model, pairs):
    """The frames on which the stars of ``pairs`` meet, see equations.frame_pairs."""
    return frame_pairs(len(model.data), pairs, *model.places.by_star, model.places.frame)


def _step(model, start, pairs, together):
    stars = model.stars
    gradient, own, coupling = equations(model, pairs, together)
    gradient[:, 1] -= (stars.x - start.x) / HOLD**2
    gradient[:, 2] -= (stars.y - start.y) / HOLD**2
    step = solve(normal_matrix(own[0], pairs, coupling[0]), gradient)
    scale = np.minimum(1.0, LARGEST_MOVE / np.maximum(np.hypot(step[:, 1], step[:, 2]), 1e-9))
    better = model.moved(scale * step[:, 1], scale * step[:, 2], stars.flux + step[:, 0])
    better.__dict__["information"] = own[0, :, 0, 0].copy()
    return better


def equations(model, pairs, together=None, kinds=1):
    """The sums of equations.normal_equations: gradient (stars, 3), own (kinds, stars, 3, 3), coupling (kinds, pairs, 3,
    3)."""
    together = meetings(model, pairs) if together is None else together
    gradient = np.zeros((len(model.stars), 3))
    own, coupling = (np.zeros((kinds, n, 3, 3)) for n in (len(model.stars), len(pairs)))
    normal_equations(model.data, model.usable, model.noise, model.electrons, model.profile_error, model.drawing,
                     model.places.jacobian, model.places.star, together, gradient, own, coupling)  # fmt: skip
    return gradient, own, coupling


def normal_matrix(own, pairs, coupling):
    """The normal matrix of all stars, (3 n, 3 n) in 3 x 3 blocks, with the prior on their places."""
    own = own + np.diag([0.0, HOLD**-2, HOLD**-2]) + 1e-6 * np.eye(3) * np.einsum("nii->ni", own)[:, :, None]
    return block_matrix(own + 1e-12 * np.eye(3), pairs, coupling)
