"""Which components of a fit are listed as sources.

The fit takes every component it needs to describe the light: that makes the fluxes of its neighbours right. A catalog
lists those that the image shows to be stars. A component with a maximum of its own must stand out in a sharpened image
about as much as a star of its flux would; one without (a blend that the fit has split) must besides be far enough from
its brighter neighbour, or very significant. A close pair of significant stars of similar flux is listed as fitted.
"""

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from processing.config import survey
from processing.detect.noise import filled
from processing.detect.peaks import local_maxima
from processing.photometry.saturation import at_pixel, in_core
from processing.schema import BANDS


def sharpened(image):
    """Difference of two narrow Gaussians: what is as sharp as a star remains, sky and wings vanish. Shape as given."""
    return ndimage.gaussian_filter(image, 0.5) - ndimage.gaussian_filter(image, 1.0)


def listed(scene, significance):
    """True for the components to list: bool, shape (n,).

    ``significance``: flux over its error, neighbours fitted as well, shape (n,).
    """
    stars, rules = scene.stars, survey().listing
    if not len(stars):
        return np.zeros(0, bool)
    image = filled(scene.above_sky, scene.mask)
    sharp = sharpened(image)
    concentration, error = _concentration(scene, sharp)
    stands_out = concentration + error > rules.concentration
    near = rules.own_peak / scene.scale
    peak_in_sharp = _distance_to_maximum(sharp, stars) < near
    own_maximum = _distance_to_maximum(image, stars) < near
    separation = _to_brighter(stars) / scene.psf.fwhm()
    split = (separation > rules.split_separation) & (significance > rules.split_significance)
    close = (significance > rules.close_significance) & (concentration > rules.close_concentration)
    at_border = at_pixel(ndimage.binary_dilation(scene.mask, iterations=2), stars, outside=True)
    shown = (peak_in_sharp & stands_out & (own_maximum | split | close)) | (at_border & own_maximum)
    shown |= _in_pair(stars, significance, rules.split_separation * scene.psf.fwhm())
    return (shown & _observed(scene) & ~in_glare(stars, scene.band, scene.scale)) | in_core(scene)


def _observed(scene):
    return ~at_pixel(scene.mask, scene.stars, outside=True)


def in_glare(stars, band, scale):
    """True for components that the halo or the diffraction spikes of a very bright star explain: (n,).

    Spikes lie north, south, east and west of the star; image columns run along the meridian. A component is in the
    glare when its flux is less than the spike (near the arms) or the halo may have there, which falls with the square
    of the distance (Explanatory Supplement, sections IV.7a, artifacts of bright stars).
    """
    rules, glare = survey().glare, np.zeros(len(stars), bool)
    spike = rules.spike[[b.letter for b in BANDS].index(band)]
    for parent in np.flatnonzero(stars.flux > rules.parent):
        dx, dy = np.abs(stars.x - stars.x[parent]) * scale, np.abs(stars.y - stars.y[parent]) * scale
        distance = np.maximum(np.hypot(dx, dy), 1.0)
        share = np.where(np.minimum(dx, dy) < rules.spike_width, spike, rules.halo)
        lost = stars.flux < share * stars.flux[parent] * (10.0 / distance) ** 2
        lost[parent] = False
        glare |= lost
    return glare


def _concentration(scene, sharp):
    """Height in the sharpened image over that of a lone star of the fitted flux, and its error: (n,), about 1."""
    stars = scene.stars
    lone = sharpened(scene.psf.stamp(0.0, 0.0)).max()
    here = ndimage.map_coordinates(sharp, [stars.y, stars.x], order=3, mode="nearest")
    low, high = np.percentile(sharpened(scene.residual)[~scene.mask], [15.87, 84.13])
    scale = np.maximum(stars.flux, 1e-9) * lone
    return here / scale, (high - low) / 2 / scale


def _distance_to_maximum(image, stars):
    """Distance of each star to the nearest local maximum of ``image``, pixel."""
    _, _, (rows, columns) = local_maxima(image)
    distance, _ = cKDTree(np.column_stack([columns, rows])).query(np.column_stack([stars.x, stars.y]))
    return distance


def _in_pair(stars, significance, reach):
    """True for both stars of pairs closer than ``reach`` pixels that only two stars explain: (n,).

    Both are very significant, neighbours fitted as well, and not so unequal that errors of the PSF could make the
    fainter.
    """
    rules = survey().listing
    pairs = cKDTree(np.column_stack([stars.x, stars.y])).query_pairs(reach, output_type="ndarray")
    ratio = stars.flux[pairs].min(axis=1) / stars.flux[pairs].max(axis=1)
    real = (ratio > rules.pair_ratio) & (significance[pairs].min(axis=1) > rules.pair_significance)
    return np.isin(np.arange(len(stars)), pairs[real])


def _to_brighter(stars, reach=10.0):
    """Distance of each star to the nearest brighter one, pixel; inf when there is none within ``reach``."""
    position = np.column_stack([stars.x, stars.y])
    distance, index = cKDTree(position).query(position, k=min(12, len(stars)), distance_upper_bound=reach)
    distance, index = distance.reshape(len(stars), -1), index.reshape(len(stars), -1)
    flux = np.append(stars.flux, -np.inf)[index]
    return np.where(flux > stars.flux[:, None], distance, np.inf).min(axis=1)
