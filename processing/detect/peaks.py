"""Where stars are: local maxima of the matched filter."""

import numpy as np
from scipy import ndimage


def matched_filter(image, weight, template):
    """Flux of a star at every pixel, were it alone there, and its significance.

    Parameters
    ----------
    image : ndarray, shape (ny, nx), DN
        Whitened image without background.
    weight : ndarray, shape (ny, nx), DN**-2
        Inverse variance; 0 where nothing is known. Beyond the edge nothing is known either.
    template : ndarray, odd shape
        The whitened PSF, of a star with unit flux in the middle of the central pixel.

    Returns
    -------
    flux, significance : ndarray, shape (ny, nx), DN and sigma
        0 where the template meets no pixel.
    """
    product = ndimage.correlate(image * weight, template, mode="constant")
    norm = ndimage.correlate(weight, template**2, mode="constant")
    known = norm > 0
    flux = np.divide(product, norm, out=np.zeros_like(product), where=known)
    significance = np.divide(product, np.sqrt(norm), out=np.zeros_like(product), where=known)
    return flux, significance


def local_maxima(image, threshold=-np.inf):
    """Pixels above ``threshold`` and not below any of their eight neighbours, with a parabola's vertex.

    Returns x, y (float, 0-based) and the pixels themselves as (rows, columns).
    """
    j, i = np.nonzero((ndimage.maximum_filter(image, size=3, mode="nearest") == image) & (image > threshold))
    padded = np.pad(image, 1, mode="reflect")
    centre = padded[j + 1, i + 1]
    x = i + _vertex(padded[j + 1, i], centre, padded[j + 1, i + 2])
    y = j + _vertex(padded[j, i + 1], centre, padded[j + 2, i + 1])
    return x, y, (j, i)


def _vertex(before, centre, after):
    curvature = before - 2 * centre + after
    shift = np.divide((before - after) / 2, curvature, out=np.zeros_like(centre), where=curvature < 0)
    return np.clip(shift, -0.5, 0.5)
