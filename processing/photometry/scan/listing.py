"""From the fitted components of one band to its list of sources."""

import numpy as np

from processing.config import survey
from processing.photometry.errors import blend_numbers
from processing.photometry.scan import kernels
from processing.photometry.scan.apertures import apertures
from processing.photometry.scan.components import distance_to_brighter
from processing.photometry.scan.detection import coadd_psf
from processing.photometry.scan.errors import covariances
from processing.photometry.scan.psf import enclosed
from processing.photometry.scan.psf_stars import clean_stars
from processing.photometry.scan.saturated import in_glare_of, joined, on_fit_scale
from processing.photometry.sources import BandSources


def band_sources(work, model):
    """The BandSources of a fitted Model; ``work``: the Frames (see measure)."""
    stars, settings, rules = model.stars, survey().simulate, survey().scan_photometry
    covariance = covariances(model)
    flux_err = np.sqrt(covariance[:, 0, 0])
    standard, scale = apertures(model, survey().aperture.radius), total_over_fit(model)
    inside = enclosed(model.psf.surface, survey().aperture.radius / settings.frame_pixel)
    keep = np.isfinite(flux_err) & listed(model, flux_err, work)
    flux = unbiased(stars.flux, flux_err)
    field = work.strip(model.residual)
    sources = BandSources(
        band=work.band, x=stars.x, y=stars.y,
        x_var=covariance[:, 1, 1], y_var=covariance[:, 2, 2], xy_cov=covariance[:, 1, 2],
        flux=scale * flux, flux_err=scale * np.hypot(flux_err, rules.flux_floor * stars.flux),
        chi2=chi_squares(model), blend=blend_numbers(stars, 5.0), method=np.full(len(stars), 2),
        aperture_flux=scale * (flux + standard.left / inside), aperture_flux_err=scale * standard.error / inside,
        saturated=np.zeros(len(stars), bool), fwhm=fwhm(model.psf), sky=float(np.median(work.level)),
        noise=float(np.nanmedian(field.noise)), flux_noise=scale * faint_noise(model),
        aperture_correction=1 / inside, residual=np.where(np.isfinite(field.data), field.data, np.nan),
        ndet=np.stack([standard.seen, standard.frames], axis=1),
    ).select(keep)  # fmt: skip
    bright = on_fit_scale(work.bright, work.scan.frames[work.band], model, scale)
    return joined(sources, bright, work.bright_x, work.bright_y)


def listed(model, flux_err, work):
    """True for the components that are sources: significant with their neighbours free, apart, in no star's glare."""
    stars, rules = model.stars, survey().scan_photometry
    snr = stars.flux / flux_err
    near = distance_to_brighter(stars, 10.0) < rules.split_separation * fwhm(model.psf)
    shown = snr > np.where(near, rules.split_significance, rules.listed)
    return shown & ~in_glare_of(work, stars)


def unbiased(flux, flux_err):
    """Fluxes without the bias of a fit that looks for the place with most light: 1 / snr**2 for the two coordinates.

    Portillo, Speagle & Finkbeiner 2020, AJ 159, 165.
    """
    snr2 = np.maximum(flux / flux_err, 3.0) ** 2
    return flux * (1 - 1 / snr2)


def chi_squares(model, radius=2.0):
    """Reduced chi-square of the fit within ``radius`` frame pixels of each star, all frames together: (n,)."""
    p, n = model.places, len(model.stars)
    total, pixels = np.zeros(n), np.zeros(n)
    kernels.chi_squares(model.residual, model.weight, p.star, p.frame, p.x, p.y, radius, total, pixels)
    return np.where(pixels >= 6, total / np.maximum(pixels - 3, 1), np.nan)


def total_over_fit(model, most=200):
    """Light in the total aperture over that of the fit: what the residuals of bright clean stars hold."""
    chosen = clean_stars(model, most)
    if len(chosen) < 5:
        return 1.0
    left = apertures(model, survey().extraction.growth_radius, chosen).left[chosen] / model.stars.flux[chosen]
    return 1.0 + float(np.nanmedian(left)) if np.isfinite(left).any() else 1.0


def faint_noise(model):
    """Flux error of a faint lone star that six frames see (DN)."""
    core = model.psf.planes[0]
    stamp = np.empty((3, kernels.SIZE, kernels.SIZE))
    rows = 2 * kernels.KNOTS * kernels.FIT + 4
    value, total, phases = np.zeros((2, rows, kernels.SIZE)), 0.0, (-0.375, -0.125, 0.125, 0.375)
    for dx in phases:
        for dy in phases:
            kernels.stamp(core, kernels.CORE, dx, dy, kernels.FIT, stamp, value[0], value[1], False)
            total += (stamp[0] ** 2).sum() / len(phases) ** 2
    return float(np.median(model.noise) / np.sqrt(total * survey().instrument.frames_per_coadd))


def fwhm(psf):
    """Full width at half maximum on the strip, arcsec: the circle with the area above half the peak."""
    light = coadd_psf(psf, half=30, step=0.2)
    return float(2 * np.sqrt((light > light.max() / 2).sum() * 0.2**2 / np.pi))
