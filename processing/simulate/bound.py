"""How well a star of a simulated image can be measured at best: the bound of Cramer and Rao for the frames themselves.

The frames are what was observed: pixels of 2 arcsec with independent noise. Six of them see each place, at phases
spread over a pixel, so sums over pixels are integrals over the star's image on a frame (seeing and pixel, before
resampling).
"""

from dataclasses import dataclass

import numpy as np

from processing.config import survey
from processing.simulate.coadd import kernel_variance
from processing.simulate.psf import CORE_VARIANCE, core_of_shape, point_spread, seeing_shape


@dataclass(frozen=True)
class Bound:
    """``flux``: DN, one sigma of a faint lone star on the sky; ``position``: arcsec times DN, divide by the flux."""

    flux: float
    position: float


def faint_star_bound(band, seeing=None):
    """The Bound for a simulated image in ``band`` (j, h, k), sky as in etc/survey.yaml; ``seeing`` FWHM, arcsec."""
    settings, instrument = survey().simulate, survey().instrument
    shares, variances = star_on_coadd(seeing, coadd=False)
    sums = np.add.outer(variances, variances)
    light = np.outer(shares, shares) / (2 * np.pi * sums)
    area = settings.frame_pixel**2
    electrons = settings.sky["jhk".index(band)] * area * instrument.gain + settings.read_noise**2
    noise = np.sqrt(electrons) / instrument.gain / np.sqrt(instrument.frames_per_coadd * area)
    return Bound(float(noise / np.sqrt(light.sum())), float(noise / np.sqrt((light / sums).sum())))


def star_on_coadd(seeing=None, coadd=True):
    """A simulated star in the coadd or a frame, as round Gaussians: shares of the light, variances (arcsec2 an
    axis)."""
    settings = survey().simulate
    kernel = kernel_variance(settings.frame_pixel, settings.kernel_box)
    psf = point_spread(core_of_shape(seeing_shape(seeing or settings.seeing), kernel))
    return psf.shares, psf.sigmas**2 + CORE_VARIANCE + (kernel if coadd else 0.0)


def light_within(radius, seeing=None):
    """Part of a simulated star's light within ``radius`` arcsec in the coadd."""
    shares, variances = star_on_coadd(seeing)
    return float((shares * (1 - np.exp(-(radius**2) / 2 / variances))).sum())
