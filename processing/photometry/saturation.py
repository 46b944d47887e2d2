"""Stars that are clipped in the middle: where, and how bright from the light around."""

import numpy as np
from scipy import ndimage

from processing.config import survey
from processing.photometry.fit import Stars, model_image

RIM = 3
"""Width in pixels of the ring around a core whose light gives the star's flux."""


def saturated_cores(above_sky):
    """True in the cores of stars that are clipped: above the limit, their holes, and two pixels around."""
    clipped = above_sky > survey().extraction.saturation
    whole = ndimage.binary_fill_holes(ndimage.binary_closing(clipped, iterations=2))
    return ndimage.binary_dilation(whole, iterations=2)


def core_stars(above_sky, cores, mask, psf):
    """A star in each saturated core: at its middle, with the flux that explains the light just around it (``Stars``).

    None where the core is so wide that nothing of the PSF lies beyond.
    """
    labels, count = ndimage.label(cores)
    middle = np.array(ndimage.center_of_mass(cores, labels, np.arange(1, count + 1))).reshape(count, 2)
    stars = Stars(middle[:, 1], middle[:, 0], np.zeros(count))
    for k, place in enumerate(ndimage.find_objects(labels)):
        stars.flux[k] = _rim_flux(above_sky, labels == k + 1, mask, place, stars.select([k]), psf)
    return stars.select(stars.flux > 0)


def core_fluxes(scene):
    """Fluxes of all stars, those in saturated cores anew from the light around with the present PSF: (n,), DN."""
    labels, _ = ndimage.label(scene.cores)
    places, flux = ndimage.find_objects(labels), scene.stars.flux.copy()
    for k in np.flatnonzero(in_core(scene)):
        star = scene.stars.select([k])
        label = at_pixel(labels, star, outside=0)[0]
        light = scene.residual + model_image(scene.data.shape, star, scene.psf)
        found = _rim_flux(light, labels == label, scene.mask, places[label - 1], star, scene.psf)
        flux[k] = found if found > 0 else flux[k]
    return flux


def in_core(scene):
    """True for the stars in saturated cores: (n,)."""
    return at_pixel(scene.cores, scene.stars, outside=False)


def at_pixel(image, stars, outside):
    """Value of an image at each star's pixel; ``outside`` off the image."""
    padded = np.pad(image, 1, constant_values=outside)
    y, x = (np.clip(np.rint(v).astype(int) + 1, 0, n - 1) for v, n in zip((stars.y, stars.x), padded.shape))
    return padded[y, x]


def _rim_flux(light, core, mask, place, star, psf):
    """Flux (DN, least squares) of ``star`` from the ring around ``core`` (its slices: ``place``); 0 without a ring."""
    top, left = (max(0, s.start - RIM - 1) for s in place)
    window = np.s_[top:place[0].stop + RIM + 1, left:place[1].stop + RIM + 1]
    rim = ndimage.binary_dilation(core[window], iterations=RIM) & ~mask[window]
    bright = Stars(star.x - left, star.y - top, np.array([1e7]))
    shape = model_image(rim.shape, bright, psf) / 1e7
    norm = (shape**2)[rim].sum()
    return (light[window] * shape)[rim].sum() / norm if norm > 0 else 0.0
