"""From what a fit or an aperture holds to the total flux: the curve of growth of the image's own bright stars.

The profile fit knows the PSF only as well as its wings; the zero point belongs to the total flux of the standards. So
profile-fit fluxes are normalised to aperture fluxes of bright unconfused stars, and these to total by the curve of
growth (Explanatory Supplement, sections IV.4c and IV.4d).
"""

from dataclasses import dataclass

import numpy as np

from processing.config import survey
from processing.photometry.aperture import annulus_medians, aperture_sums


@dataclass(frozen=True)
class Growth:
    """``total_over_aperture``: total flux over that in the standard aperture; ``total_over_fit``: over the fitted one;
    ``stars``: how many bright stars it rests on (0: the PSF itself was integrated)."""

    total_over_aperture: float
    total_over_fit: float
    stars: int


def standard_aperture(residual, good, stars, psf, scale):
    """Flux of each star in the standard aperture above the sky of its annulus, all other stars subtracted.

    ``residual``: image minus background minus all stars, DN. Returns flux (DN), area (pixel) and number of sky pixels,
    arrays of shape (n,); NaN where the aperture is not whole.
    """
    sizes = survey().aperture
    radius = sizes.radius / scale
    sums, areas = aperture_sums(residual, good, stars.x, stars.y, radius)
    sky, count = annulus_medians(residual, good, stars.x, stars.y, sizes.sky_inner / scale, sizes.sky_outer / scale)
    return sums - np.where(count > 0, sky, 0.0) * areas + stars.flux * enclosed(psf, radius), areas, count


def curve_of_growth(residual, good, stars, psf, chosen, scale):
    """The normalisation of one image.

    Parameters
    ----------
    residual : ndarray, shape (ny, nx), DN
        Image minus background minus all stars.
    good : ndarray of bool
    stars : Stars
    psf : SplinePSF
    chosen : ndarray of int
        Bright, unsaturated, unconfused stars. With fewer than five the PSF is integrated instead.
    scale : float, arcsec/pixel
    """
    radius, total_radius = survey().aperture.radius / scale, survey().extraction.growth_radius / scale
    if len(chosen) < 5:
        inner, outer = enclosed(psf, radius), enclosed(psf, total_radius)
        return Growth(outer / inner, outer, 0)
    fluxes = np.array([_two_apertures(residual, good, stars, psf, k, radius, total_radius, scale) for k in chosen])
    growth = np.nanmedian(fluxes[:, 1] / fluxes[:, 0])
    fit = np.nanmedian(fluxes[:, 0] / stars.flux[chosen])
    return Growth(float(growth), float(growth * fit), len(chosen))


def enclosed(psf, radius):
    """Part of the PSF's flux within ``radius`` pixels."""
    stamp = psf.stamp(0.0, 0.0)
    centre = np.array([float(psf.radius)])
    return float(aperture_sums(stamp, np.ones(stamp.shape, bool), centre, centre, float(radius))[0][0])


def _two_apertures(residual, good, stars, psf, k, radius, total_radius, scale):
    """Fluxes of star ``k`` in the standard aperture and in the one called total, all other stars subtracted."""
    half = int(np.ceil(survey().aperture.sky_outer / scale)) + 1
    cx, cy = int(np.rint(stars.x[k])), int(np.rint(stars.y[k]))
    ny, nx = residual.shape
    if not (half <= cx < nx - half and half <= cy < ny - half):
        return np.nan, np.nan
    window = np.s_[cy - half:cy + half + 1, cx - half:cx + half + 1]
    x, y = np.array([stars.x[k] - cx + half]), np.array([stars.y[k] - cy + half])
    alone = residual[window].copy()
    middle = np.s_[half - psf.radius:half + psf.radius + 1]
    alone[middle, middle] += stars.flux[k] * psf.stamp(stars.x[k] - cx, stars.y[k] - cy)
    fine = good[window]
    sizes = survey().aperture
    sky = annulus_medians(alone, fine, x, y, sizes.sky_inner / scale, sizes.sky_outer / scale)[0]
    alone -= sky[0]
    return tuple(aperture_sums(alone, fine, x, y, r)[0][0] for r in (radius, total_radius))
