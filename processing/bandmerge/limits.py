"""95% upper limits where a band does not detect what another does (Explanatory Supplement, II.2a: band fill).

A 4" aperture at the position, on the image from which all fitted stars are subtracted, sky from the annulus 14"-20":
L95 = F + 2 noise for F >= 0, 2 noise for F < 0. The original takes the noise from the sky pixels as if they were
independent; in an Atlas Image they are not, so here it is scaled by what a grid of empty apertures over the same image
shows.
"""

import numpy as np

from processing.config import survey
from processing.photometry.aperture import annulus_medians, aperture_noise, aperture_sums

GRID_STEP = 12.0
"""Distance of the empty apertures, arcsec: more than an aperture, so that they are independent."""

MOST_EMPTY = 4000
"""Empty apertures that are enough to tell the noise of a whole scan: to 2%."""

FEWEST_EMPTY = 30
"""Empty apertures below which the pixels are taken as independent."""

SIGMA_OF_MEDIAN = 1.4826
"""Standard deviation of Gaussian noise over its median absolute value."""


def upper_limits(sources, x, y, pixel_scale, blended_flux):
    """Upper limits of flux in one band.

    Parameters
    ----------
    sources : BandSources
        Of the band: its ``residual`` image and aperture correction.
    x, y : ndarray, pixel (0-based)
    pixel_scale : float, arcsec
    blended_flux : ndarray, DN
        Total flux of the unresolved source that hides this one, 0 where nothing does: the star can have all of it.

    Returns
    -------
    ndarray, DN (total flux); NaN where part of the aperture is not observed.
    """
    rules = survey().instrument
    factor = noise_factor(sources.residual, pixel_scale)
    flux, noise, area, pixels = empty_apertures(sources.residual, x, y, pixel_scale)
    flux = np.maximum(flux + blended_flux / sources.aperture_correction, 0)
    noise = aperture_noise(flux, area, pixels, noise, rules.gain * rules.frames_per_coadd, factor)
    return (flux + 2 * noise) * sources.aperture_correction


def noise_factor(residual, pixel_scale):
    """Scatter of the sums of empty apertures over what independent pixels would give, at least 1."""
    ny, nx = residual.shape
    step = GRID_STEP / pixel_scale
    across, along = np.arange(step, nx - step, step), np.arange(step, ny - step, step)
    x, y = np.meshgrid(across, along[:: max(len(across) * len(along) // MOST_EMPTY, 1)])
    flux, noise, area, pixels = empty_apertures(residual, x.ravel(), y.ravel(), pixel_scale)
    usable = np.isfinite(flux) & (noise > 0)
    if usable.sum() < FEWEST_EMPTY:
        return 1.0
    ratio = flux[usable] / (noise * np.sqrt(area + area**2 / np.maximum(pixels, 1)))[usable]
    low, high = np.percentile(ratio, [15.87, 84.13])
    return max((high - low) / 2, 1.0)


def empty_apertures(residual, x, y, pixel_scale):
    """Standard aperture and sky annulus on an image with nothing but noise (shape (ny, nx); NaN = not observed).

    Returns
    -------
    flux : ndarray, DN
        Sum above the sky of the annulus; NaN where a pixel of the aperture or all of the annulus is not observed.
    noise : ndarray, DN
        Of one pixel, from the annulus.
    area, sky_pixels : ndarray
    """
    rules = survey().aperture
    good = np.isfinite(residual)
    image = np.where(good, residual, 0.0)
    x, y = np.ascontiguousarray(x, float), np.ascontiguousarray(y, float)
    sums, area = aperture_sums(image, good, x, y, rules.radius / pixel_scale)
    ring = rules.sky_inner / pixel_scale, rules.sky_outer / pixel_scale
    sky, pixels = annulus_medians(image, good, x, y, *ring)
    noise = SIGMA_OF_MEDIAN * annulus_medians(np.abs(image), good, x, y, *ring)[0]
    return sums - sky * area, noise, area, pixels
