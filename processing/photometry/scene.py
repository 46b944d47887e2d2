"""An image taken apart: sky, stars, PSF and noise, improved in turn."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from processing.config import survey
from processing.detect.background import background, mean_level, noise_map
from processing.detect.noise import filled, passband_excess, summed_noise, whiten, whitening_kernel
from processing.detect.peaks import local_maxima, matched_filter
from processing.photometry.fit import Stars, fit_stars, model_image
from processing.photometry.psf import corrected_psf, moffat_psf
from processing.photometry.spline_psf import SplinePSF, whitened_psf

TEMPLATE_RADIUS = 6
"""Half-width in pixels of the matched filter: the whitened PSF is below 0.001 of its peak there."""


PROFILE_BLUR = 2.0
"""Sigma in pixels of the light around that counts for the error of the PSF; with it the fluxes of the brightest stars of
simulated fields scatter by 0.5%, without by 1.5-4%."""


@dataclass(frozen=True)
class Scene:
    """What is known of an image.

    Attributes
    ----------
    band : {"j", "h", "k"}
    data : ndarray, shape (ny, nx), DN
        The image, masked pixels filled from their neighbours.
    mask : ndarray of bool
        Not observed or saturated.
    cores : ndarray of bool
        Saturated.
    scale : float, arcsec/pixel
    electrons : float
        Electrons for each DN in all frames of the coadd together.
    sky : ndarray, DN
    stars : Stars
    psf : SplinePSF
    noise : float, DN
        Of one pixel of sky.
    model : ndarray, DN
        All stars.
    """

    band: str
    data: np.ndarray
    mask: np.ndarray
    cores: np.ndarray
    scale: float
    electrons: float
    sky: np.ndarray
    stars: Stars
    psf: SplinePSF
    noise: float
    model: np.ndarray

    @property
    def above_sky(self):
        """Image minus sky, the model in place of masked pixels (DN)."""
        return np.where(self.mask & (self.model > 0), self.model, self.data - self.sky)

    @property
    def residual(self):
        """Image minus sky minus stars, 0 where masked (DN)."""
        return np.where(self.mask, 0.0, self.data - self.sky - self.model)

    @property
    def variance(self):
        """Variance of a whitened pixel from sky and photons (DN**2)."""
        starlight = np.maximum(ndimage.gaussian_filter(self.above_sky, 1.0), 0.0)
        return self.noise**2 + starlight / (self.electrons * summed_noise() ** 2)

    @property
    def profile_variance(self):
        """Variance from the error of the PSF, which counts in bright stars (DN**2).

        The error on the flanks is a part of the light around (a shift or a change of width moves light), not of the
        little that is there: in units of the PSF it grows outward.
        """
        around = ndimage.gaussian_filter(self.model, PROFILE_BLUR)
        return (survey().extraction.profile_error * np.maximum(np.maximum(self.model, around), 0.0)) ** 2

    @property
    def weight(self):
        """Inverse variance for fits and filters on the whitened image; 0 where masked (DN**-2)."""
        variance = passband_excess() ** 2 * self.variance + self.profile_variance
        return np.where(self.near_unknown, 0.0, 1 / variance)

    @property
    def pixel_weight(self):
        """Inverse variance of single whitened pixels, for chi-square; 0 where masked (DN**-2)."""
        return np.where(self.near_unknown, 0.0, 1 / (self.variance + self.profile_variance))

    @property
    def near_unknown(self):
        """Masked, or next to a masked pixel, so that its whitened value rests on what was filled in."""
        return ndimage.binary_dilation(self.mask)

    @property
    def sharp_psf(self):
        return whitened_psf(self.psf, whitening_kernel())


def first_look(data, band, scale, electrons, fwhm):
    """A scene with the saturated stars only: sky and noise of the raw image, and a Moffat profile of ``fwhm`` arcsec."""
    unknown = ~np.isfinite(data)
    whole = filled(data, unknown)
    cores = saturated_cores(whole - np.median(whole[~unknown]))
    mask = unknown | cores
    sky = background(whole, mask)
    psf = moffat_psf(fwhm / scale)
    stars = core_stars(whole - sky, cores, mask, psf)
    scene = Scene(band, whole, mask, cores, scale, electrons, sky, stars, psf, 1.0, np.zeros_like(whole))
    return measured_noise(with_model(scene))


def core_stars(above_sky, cores, mask, psf):
    """A star in each saturated core: at its middle, with the flux that explains the light just around it."""
    labels, count = ndimage.label(cores)
    middle = np.array(ndimage.center_of_mass(cores, labels, np.arange(1, count + 1))).reshape(count, 2)
    stars = Stars(middle[:, 1], middle[:, 0], np.ones(count))
    for k in range(count):
        rim = ndimage.binary_dilation(labels == k + 1, iterations=2) & ~mask
        shape = model_image(cores.shape, stars.select([k]), psf)
        stars.flux[k] = (above_sky * shape)[rim].sum() / max((shape**2)[rim].sum(), 1e-30)
    return stars.select(stars.flux > 0)


def saturated_cores(above_sky):
    """True in the cores of stars that are clipped: above the limit, their holes, and two pixels around."""
    clipped = above_sky > survey().extraction.saturation
    return ndimage.binary_dilation(ndimage.binary_fill_holes(ndimage.binary_closing(clipped, iterations=2)), iterations=2)


def measured_noise(scene):
    """The scene with the noise of what is left in the whitened image."""
    left = whiten(scene.above_sky) - whiten(scene.model)
    return replace(scene, noise=float(np.median(noise_map(left, scene.mask))))


def find_stars(scene, threshold):
    """The scene with more stars: peaks of the matched filter in what the model leaves.

    A peak must reach ``threshold`` sigma and the part ``extraction.share`` of the modelled light at its place, since
    errors of the PSF leave peaks too; it must not be a star that is there already.
    """
    template = scene.sharp_psf.stamp(0.0, 0.0, TEMPLATE_RADIUS)
    modelled = whiten(scene.model)
    flux, significance = matched_filter(whiten(scene.above_sky) - modelled, scene.weight, template)
    crowd, _ = matched_filter(modelled, scene.weight, template)
    avoid = scene.mask | ndimage.binary_dilation(scene.cores, iterations=3)
    if len(scene.stars):
        avoid |= ndimage.binary_dilation(scene.mask, iterations=3)
    significance[avoid | (flux <= survey().extraction.share * crowd)] = 0.0
    x, y, pixel = local_maxima(significance, threshold)
    new = Stars(x, y, flux[pixel])
    if len(scene.stars):
        tree = cKDTree(np.column_stack([scene.stars.x, scene.stars.y]))
        distance, _ = tree.query(np.column_stack([x, y])) if len(new) else (np.zeros(0), None)
        new = new.select(distance > 1.0)
    return replace(scene, stars=scene.stars.joined(new))


def fit(scene, steps=4):
    """The scene with fluxes and positions of all stars fitted together on the whitened image."""
    if not len(scene.stars):
        return scene
    radius = round(survey().extraction.fit_radius / scene.scale)
    stars = fit_stars(whiten(scene.above_sky), scene.weight, scene.stars, scene.sharp_psf, radius, steps, hold=1.0)
    return with_model(replace(scene, stars=stars))


def with_model(scene):
    return replace(scene, model=model_image(scene.data.shape, scene.stars, scene.psf))


def learn_psf(scene, largest=150):
    """The scene with the PSF corrected by its brightest clean stars; unchanged where there is none."""
    chosen = clean_stars(scene, largest)
    chosen = chosen[_alike(scene, chosen)]
    if not len(chosen):
        return scene
    psf = corrected_psf(scene.psf, scene.residual, scene.weight, scene.stars.select(chosen))
    return with_model(replace(scene, psf=psf))


def clean_stars(scene, largest, significance=20.0, neighbours=0.15, reach=5.0):
    """Indices of the brightest stars with whole, unsaturated, hardly blended images, brightest first."""
    stars = scene.stars
    peak = scene.psf.stamp(0.0, 0.0).max() * stars.flux
    order = np.argsort(-stars.flux)[: 4 * largest]
    order = order[(peak[order] > significance * scene.noise) & _whole(scene, stars.x[order], stars.y[order])]
    if not len(order):
        return order
    tree = cKDTree(np.column_stack([stars.x, stars.y]))
    near = tree.query_ball_point(tree.data[order], reach / scene.scale)
    blended = np.array([stars.flux[members].sum() for members in near]) / stars.flux[order] - 1
    return order[blended < neighbours][:largest]


def _alike(scene, chosen, factor=3.0):
    """True for the stars that the PSF misses by about as much as the others: what it misses by far more is no star.

    The measure is the rms of the residual in the core over the peak; ``factor`` times its median is the limit. One
    false component in the halo of a saturated star can outweigh all stars of an image.
    """
    if not len(chosen):
        return np.zeros(0, bool)
    half = round(survey().extraction.fit_radius / scene.scale)
    mean_square = ndimage.uniform_filter(scene.residual**2, 2 * half + 1)
    x, y = np.rint(scene.stars.x[chosen]).astype(int), np.rint(scene.stars.y[chosen]).astype(int)
    excess = np.maximum(mean_square[y, x] - scene.noise**2, 0.0)
    misfit = np.sqrt(excess) / scene.stars.flux[chosen]
    return misfit <= factor * np.median(misfit)


def _whole(scene, x, y):
    """True where no masked pixel and no edge is within the PSF's core."""
    size = 2 * TEMPLATE_RADIUS + 1
    touched = ndimage.maximum_filter(scene.mask, size=size, mode="constant", cval=True)
    ny, nx = scene.mask.shape
    return ~touched[np.clip(np.rint(y).astype(int), 0, ny - 1), np.clip(np.rint(x).astype(int), 0, nx - 1)]


def improve_sky(scene):
    """The scene with the sky under the stars: what the image has left on average with the model taken away."""
    return replace(scene, sky=scene.sky + mean_level(scene.residual, scene.mask))


def prune(scene):
    """The scene without components that are too faint, too close to a brighter one, or off the image."""
    stars, limits = scene.stars, survey().extraction
    if not len(stars):
        return scene
    ny, nx = scene.data.shape
    keep = (stars.x > -1) & (stars.y > -1) & (stars.x < nx) & (stars.y < ny)
    keep &= stars.flux > limits.keep * _faint_error(scene)
    keep[_fainter_twins(stars, keep, limits.same / scene.scale)] = False
    return with_model(replace(scene, stars=stars.select(keep)))


def _faint_error(scene):
    """One-sigma error of the flux of each star, were it alone (DN)."""
    template = scene.sharp_psf.stamp(0.0, 0.0, TEMPLATE_RADIUS)
    norm = ndimage.correlate(scene.weight, template**2, mode="constant")
    ny, nx = norm.shape
    x, y = np.rint(scene.stars.x).astype(int), np.rint(scene.stars.y).astype(int)
    here = norm[np.clip(y, 0, ny - 1), np.clip(x, 0, nx - 1)]
    return 1 / np.sqrt(np.maximum(here, 1e-30))


def _fainter_twins(stars, keep, distance):
    """Indices of stars with a brighter kept one within ``distance`` pixels; pairs are judged from the brightest down."""
    pairs = cKDTree(np.column_stack([stars.x, stars.y])).query_pairs(distance, output_type="ndarray")
    ordered = sorted(pairs.tolist(), key=lambda pair: -max(stars.flux[pair[0]], stars.flux[pair[1]]))
    dropped = set()
    for a, b in ordered:
        bright, faint = (a, b) if stars.flux[a] >= stars.flux[b] else (b, a)
        if keep[bright] and bright not in dropped:
            dropped.add(faint)
    return np.array(sorted(dropped), dtype=int)
