"""95% upper limits where a band does not detect what another band does (Explanatory Supplement, section II.2a: band fill).

A 4" aperture at the position, on the image from which all fitted stars are subtracted, sky from the annulus 14"-20":
L95 = F + 2 noise for F >= 0, 2 noise for F < 0. The original takes the noise from the sky pixels as if they were independent;
in an Atlas Image they are not, so here the noise of an aperture is scaled by what a grid of empty apertures over the same
image shows.
"""

from dataclasses import dataclass

import numpy as np

from processing.config import survey

GRID_STEP = 12.0
"""Distance of the empty apertures, arcsec: more than an aperture, so that they are independent."""

LEAST_OBSERVED = 0.8
"""Share of the aperture, and half that of the annulus, that must be observed."""

AT_ONCE = 500
"""Apertures measured together (memory)."""


@dataclass(frozen=True, eq=False)
class ApertureSums:
    """Sky-subtracted sums in the standard aperture, DN, and their noise if pixels were independent; NaN: not observed."""

    flux: np.ndarray
    white_noise: np.ndarray


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
    ndarray, DN (total flux); NaN where the aperture is not observed.
    """
    sums = aperture_sums(sources.residual, x, y, pixel_scale)
    rules = survey().instrument
    electrons = rules.gain * rules.frames_per_coadd
    white = sums.white_noise * noise_factor(sources.residual, pixel_scale)
    flux = sums.flux + blended_flux / sources.aperture_correction
    noise = np.sqrt(white**2 + np.maximum(flux, 0) / electrons)
    return (np.maximum(flux, 0) + 2 * noise) * sources.aperture_correction


def noise_factor(residual, pixel_scale):
    """Noise of an empty aperture over what independent pixels would give; 1 when the image has room for too few."""
    ny, nx = residual.shape
    step = GRID_STEP / pixel_scale
    x, y = np.meshgrid(np.arange(step, nx - step, step), np.arange(step, ny - step, step))
    sums = aperture_sums(residual, x.ravel(), y.ravel(), pixel_scale)
    ratio = sums.flux / sums.white_noise
    ratio = ratio[np.isfinite(ratio)]
    if len(ratio) < 30:
        return 1.0
    low, high = np.percentile(ratio, [15.87, 84.13])
    return max((high - low) / 2, 1.0)


def aperture_sums(image, x, y, pixel_scale):
    """``ApertureSums`` of an image (ny, nx; NaN = not observed) at 0-based pixel positions."""
    reach = int(np.ceil(survey().aperture.sky_outer / pixel_scale)) + 1
    padded = np.pad(np.asarray(image, float), reach, constant_values=np.nan)
    x, y = np.asarray(x, float), np.asarray(y, float)
    parts = [_sums(padded, x[k:k + AT_ONCE], y[k:k + AT_ONCE], reach, pixel_scale) for k in range(0, len(x), AT_ONCE)]
    flux, noise = np.concatenate(parts, axis=1) if parts else np.empty((2, 0))
    return ApertureSums(flux, noise)


def _sums(padded, x, y, reach, pixel_scale):
    ny, nx = (n - 2 * reach for n in padded.shape)
    column = np.clip(np.rint(x).astype(int), 0, nx - 1)
    row = np.clip(np.rint(y).astype(int), 0, ny - 1)
    offset = np.arange(-reach, reach + 1)
    stamps = padded[(row[:, None] + offset + reach)[:, :, None], (column[:, None] + offset + reach)[:, None, :]]
    distance = np.hypot((row - y)[:, None, None] + offset[:, None], (column - x)[:, None, None] + offset) * pixel_scale
    return _measure(stamps, distance, pixel_scale)


def _measure(stamps, distance, pixel_scale):
    """Flux and white noise of each stamp (n, m, m), given each pixel's distance (arcsec) from the position."""
    rules = survey().aperture
    seen = np.isfinite(stamps)
    weight = np.clip((rules.radius - distance) / pixel_scale + 0.5, 0, 1)
    annulus = (distance >= rules.sky_inner) & (distance <= rules.sky_outer)
    sky_pixels = (annulus & seen).sum(axis=(1, 2))
    sky, scatter = _median_and_scatter(np.where(annulus & seen, stamps, np.nan), sky_pixels)
    size, observed = weight.sum(axis=(1, 2)), (weight * seen).sum(axis=(1, 2))
    total = np.where(seen, stamps * weight, 0).sum(axis=(1, 2))
    usable = (observed >= LEAST_OBSERVED * size) & (sky_pixels >= LEAST_OBSERVED / 2 * annulus.sum(axis=(1, 2)))
    with np.errstate(invalid="ignore", divide="ignore"):
        flux = total * size / observed - sky * size
        noise = scatter * np.sqrt(size + size**2 / sky_pixels)
    return np.where(usable, [flux, noise], np.nan)


def _median_and_scatter(values, counts):
    """Median and robust standard deviation over the stamps; NaN is left out, and comes back where nothing is left."""
    filled = np.where(counts[:, None, None] > 0, values, 0).reshape(len(values), -1)
    median = np.nanmedian(filled, axis=1)
    return median, 1.4826 * np.nanmedian(np.abs(filled - median[:, None]), axis=1)
