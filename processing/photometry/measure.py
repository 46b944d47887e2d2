"""All point sources of one band of one field: the sentence that the rest of this room spells out."""

import numpy as np

from processing.config import survey
from processing.detect.noise import passband_excess, summed_noise
from processing.photometry.aperture import aperture_noise
from processing.photometry.components import find_stars, prune
from processing.photometry.errors import blend_numbers, covariances, reduced_chi2
from processing.photometry.fit import model_image
from processing.photometry.growth import curve_of_growth, standard_aperture
from processing.photometry.listing import listed
from processing.photometry.psf_stars import clean_stars, learn_psf
from processing.photometry.saturation import in_core
from processing.photometry.scene import TEMPLATE_RADIUS, first_look, fit, fit_cores, improve_sky, measured_noise
from processing.photometry.sources import BandSources

USUAL_FWHM = 2.6
"""First guess of the seeing (arcsec) where the header has none; the PSF is then learnt from the stars."""


def measure_band(image, progress=lambda step: None):
    """The point sources of an Atlas Image.

    Parameters
    ----------
    image : processing.formats.atlas_image.AtlasImage
        Its ``data`` (DN, NaN = not observed), ``band``, ``pixel_scale`` and ``seeing`` are used.
    progress : callable
        Called with the name of each step as it begins: see ``STEPS``.

    Returns
    -------
    BandSources
    """
    return measure(image.data, image.band, image.pixel_scale, image.seeing or USUAL_FWHM, progress)


STEPS = ("sky and noise", "stars", "PSF", "blends", "final fit", "apertures")


def measure(data, band, scale=1.0, fwhm=USUAL_FWHM, progress=lambda step: None):
    """As ``measure_band``, for an array of shape (ny, nx) in DN with pixels of ``scale`` arcsec."""
    limits, instrument = survey().extraction, survey().instrument
    electrons = instrument.gain * instrument.frames_per_coadd

    progress(STEPS[0])
    scene = first_look(np.asarray(data, float), band, scale, electrons, fwhm)
    progress(STEPS[1])
    scene = find_stars(scene, limits.detect)
    progress(STEPS[2])
    for _ in range(2):
        scene = measured_noise(fit_cores(learn_psf(fit(scene))))
    scene = measured_noise(improve_sky(scene))
    scene = measured_noise(fit(prune(scene)))
    progress(STEPS[3])
    scene = find_stars(scene, limits.detect_again)
    scene = fit_cores(learn_psf(fit(scene)))
    progress(STEPS[4])
    scene = measured_noise(improve_sky(fit(scene)))
    for _ in range(2):
        scene = fit(prune(scene))
    progress(STEPS[5])
    return _sources(scene, band)


def _sources(scene, band):
    """Errors, apertures, normalisation and the choice of what is listed."""
    stars, scale = scene.stars, scene.scale
    radius = round(survey().extraction.fit_radius / scale)
    covariance = covariances(scene.weight, scene.smooth_variance, stars, scene.sharp_psf, radius)
    flux_err = np.sqrt(covariance[:, 0, 0])
    growth = curve_of_growth(scene.residual, ~scene.mask, stars, scene.psf, clean_stars(scene, 100), scale)
    aperture, aperture_err = _apertures(scene)
    core = in_core(scene)
    keep = listed(scene, stars.flux / flux_err) & np.isfinite(flux_err)
    shown = model_image(scene.data.shape, stars.select(keep), scene.psf)
    return BandSources(
        band=band,
        x=stars.x, y=stars.y,
        x_var=covariance[:, 1, 1], y_var=covariance[:, 2, 2], xy_cov=covariance[:, 1, 2],
        flux=growth.total_over_fit * stars.flux,
        flux_err=growth.total_over_fit * np.hypot(flux_err, survey().extraction.flux_floor * stars.flux),
        chi2=np.where(core, np.nan, _chi_square(scene)),
        blend=blend_numbers(stars, 5.0 / scale),
        method=np.where(core, 3, 2),
        aperture_flux=growth.total_over_aperture * aperture,
        aperture_flux_err=growth.total_over_aperture * aperture_err,
        saturated=core,
        fwhm=scene.psf.fwhm() * scale,
        sky=float(np.median(scene.sky)),
        noise=scene.noise,
        flux_noise=growth.total_over_fit * _faint_noise(scene),
        aperture_correction=growth.total_over_aperture,
        residual=np.where(scene.mask, np.nan, scene.data - scene.sky - shown),
        psf=scene.psf.scaled(1 / growth.total_over_fit),
    ).select(keep)


def _chi_square(scene, radius=2.5):
    """Reduced chi-square of the fit within ``radius`` arcsec of each star: (n,)."""
    stars, left = scene.stars, scene.sharp_residual
    return reduced_chi2(left, scene.pixel_weight, stars.x, stars.y, radius / scene.scale, passband_excess() ** 2)


def _apertures(scene):
    """Standard aperture flux and its error for every star, not yet corrected to total: two arrays (n,), DN."""
    flux, area, sky = standard_aperture(scene.residual, ~scene.mask, scene.stars, scene.psf, scene.scale)
    return flux, aperture_noise(flux, area, sky, scene.noise, scene.electrons, summed_noise())


def _faint_noise(scene):
    """Flux error of a faint lone star in the middle of the sky (DN): the mode of the error distribution, since most
    sources are faint and lone."""
    template = scene.sharp_psf.stamp(0.0, 0.0, TEMPLATE_RADIUS)
    return float(passband_excess() * scene.noise / np.sqrt((template**2).sum()))
