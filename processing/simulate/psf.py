"""The point spread function of the simulated camera: a mixture of round Gaussians, so that pixels integrate exactly.

Its core is the seeing, its wings are those of real Atlas Images (radial profiles of the isolated stars of the images
f133-06 and ngc5273: 94-95% of the light inside 4", the rest out to half an arcminute). The same mixture serves any
later simulation of raw frames: nothing in it knows about the coadd.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import least_squares, nnls
from scipy.special import gamma, gammaincinv

from processing.errors import SurveyError

WINGS = ((1.8, 0.060), (3.5, 0.030), (8.0, 0.013), (16.0, 0.009))
"""Gaussians of the wings: sigma in arcsec, share of the light. Measured on f133-06 (J, H) and ngc5273 (J)."""

FAR = 5.0
"""Gaussians wider than this many arcsec are drawn on a common plane, not star by star."""

CORE_VARIANCE = 2.0**2 / 12
"""Variance per axis that a square 2" pixel adds, arcsec2."""

SHAPE_OFFSET = 0.03
"""SEESH of a real image minus the shape that fitted_shape gives for its stars (f133-06, w44, ngc5273: 0.02-0.04)."""


@dataclass(frozen=True)
class PSF:
    """Round Gaussians: ``sigmas`` in arcsec, ``shares`` of the light, which sum to 1."""

    sigmas: np.ndarray
    shares: np.ndarray

    def near(self):
        """The Gaussians that are drawn star by star: sigmas, shares."""
        narrow = self.sigmas < FAR
        return self.sigmas[narrow], self.shares[narrow]

    def far(self):
        """The Gaussians that are drawn on the common plane: sigmas, shares."""
        wide = self.sigmas >= FAR
        return self.sigmas[wide], self.shares[wide]


def point_spread(core):
    """The PSF before pixel and coadd kernel, for a seeing core of ``core`` arcsec (sigma)."""
    sigmas, shares = np.array(WINGS).T
    return PSF(np.r_[core, sigmas], np.r_[1 - shares.sum(), shares])


def seeing_shape(fwhm):
    """Shape parameter sh (header SEESH) of a seeing FWHM in arcsec: FWHM = 3.13 sh - 0.46 (survey notes "seesum")."""
    return (fwhm + 0.46) / 3.13


def core_of_shape(shape, kernel_variance):
    """Sigma of the seeing core (arcsec) whose star images in the coadd have the shape parameter ``shape``.

    ``shape`` is the SEESH of the header: alpha * beta of ``f0 exp(-(r / alpha)**(1 / beta))`` (see SHAPE_OFFSET).
    ``kernel_variance`` per axis, arcsec2. SurveyError outside what the pixels allow.
    """
    cores, shapes = _shape_table(kernel_variance)
    if not shapes[0] <= shape <= shapes[-1]:
        low, high = (3.13 * s - 0.46 for s in (shapes[0], shapes[-1]))
        raise SurveyError(f"seeing {3.13 * shape - 0.46:.2f} arcsec: expected between {low:.1f} and {high:.1f}")
    return float(np.interp(shape, shapes, cores))


@cache
def _shape_table(kernel_variance):
    cores = np.linspace(0.2, 1.7, 16)
    return cores, np.array([fitted_shape(point_spread(core), kernel_variance) for core in cores]) + SHAPE_OFFSET


def fitted_shape(psf, kernel_variance):
    """alpha * beta of the exponential form fitted to the star image of the coadd within 5 arcsec."""
    radius = np.arange(0.1, 5, 0.2)
    variance = psf.sigmas**2 + CORE_VARIANCE + kernel_variance
    star = np.sum(psf.shares / variance * np.exp(-radius[:, None] ** 2 / 2 / variance), axis=1)
    star /= star[0]
    weight = np.sqrt(radius)

    def misfit(p):
        return weight * (p[0] * np.exp(-((radius / p[1]) ** (1 / p[2]))) - star)

    _, alpha, beta = least_squares(misfit, (1.0, 1.8, 0.55), bounds=((0.1, 0.3, 0.2), (3, 6, 2))).x
    return alpha * beta


@cache
def sersic_gaussians(index):
    """A Sersic profile of effective radius 1 as round Gaussians: sigmas, shares (which sum to 1).

    Non-negative least squares on the light in rings out to 8 effective radii (the idea of Hogg & Lang 2013, PASP
    125, 719). ``index`` between 0.5 and 6.
    """
    radius = np.geomspace(0.01, 8, 200)
    sigmas = np.geomspace(0.02, 6, 16)
    b = gammaincinv(2 * index, 0.5)
    norm = 2 * np.pi * index * gamma(2 * index) / b ** (2 * index)
    profile = np.exp(-b * radius ** (1 / index)) / norm
    gaussians = np.exp(-((radius[:, None] / sigmas) ** 2) / 2) / (2 * np.pi * sigmas**2)
    shares, _ = nnls(gaussians * radius[:, None], profile * radius)
    used = shares > 1e-4
    return sigmas[used], shares[used] / shares[used].sum()
