"""Stars that are clipped in the middle: where, and how bright from the light around."""

import numpy as np
from scipy import ndimage

from processing.config import survey
from processing.photometry.fit import Stars, model_image


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
