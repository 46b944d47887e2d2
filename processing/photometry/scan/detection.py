"""Stars on the strip: peaks of the matched filter on the average of the frames, or of what a fit has left of them."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from processing.atlas.coadd import coadd
from processing.atlas.frames import UsableFrames
from processing.config import survey
from processing.detect.noise import passband_excess, whitening_kernel
from processing.photometry.fit import Stars
from processing.photometry.scan import filters

HALF = 6
"""Half-width in pixels of the matched filter: the whitened PSF is below 0.001 of its peak there."""


CROWD, PHASES = 15, 5
"""Pixels of the strip to which the light of fitted stars is told, and places within a pixel for which it is."""


@dataclass(frozen=True)
class Significance:
    """``sigma``: significance of a star in each pixel of the strip, 0 where not observed; ``flux``: DN for a
    significance of 1, (rows, columns)."""

    sigma: np.ndarray
    flux: np.ndarray


def strip_of(images, usable, noise, solution, band, grid):
    """The Field (atlas.coadd) of frames without level, NaN where no usable pixel is.

    ``images`` (n, ny, nx), DN; ``usable``: bool of this shape; ``noise``: DN, (n,).
    """
    shown = np.where(usable, images, np.float32(np.nan))
    zero = np.zeros(len(images))
    return coadd(UsableFrames(shown, zero, noise, zero), solution, band, grid, sky=0.0)


def significance(data, noise, template):
    """The Significance of stars in an image with the correlated noise of a coadd.

    Parameters
    ----------
    data : ndarray, shape (rows, columns), float32, DN
        Without background; NaN where not observed.
    noise : ndarray, same shape, DN
        One sigma of each pixel.
    template : ndarray, odd shape
        Whitened PSF of a star of unit flux. What of it is no product of a row and a column (about 1%) is left out.
    """
    known = np.isfinite(data)
    scale = np.where(known, noise, np.float32(1.0)).astype(np.float32)
    ratio = np.where(known, data / scale, np.float32(0.0)).astype(np.float32)
    left, values, right = np.linalg.svd(template)
    column, row = (np.convolve(whitening_kernel(), v) for v in (left[:, 0], right[0]))
    norm = passband_excess()
    sigma = filters.separable(ratio, (column / norm).astype(np.float32), row.astype(np.float32))
    sigma[~known] = 0.0
    sign = np.float32(np.sign(column.sum() * row.sum()))
    return Significance(sign * sigma, scale * np.float32(norm / values[0]))


def coadd_psf(psf, half=HALF, step=1.0):
    """The mean PSF of a FramePSF in the strip, light in a pixel of 1 arcsec, a star of unit flux in the middle.

    (2 half + 1)**2 places, ``step`` arcsec apart.

    Frame pixels are smeared by linear interpolation and the box of the kernel (see atlas.resample).
    """
    fine, settings = 0.1, survey().simulate
    light = psf.sampled(fine) / settings.frame_pixel**2
    triangle = 1 - np.abs(np.arange(-9, 10)) * fine
    box = np.ones(round(settings.kernel_box / settings.frame_pixel / fine) // 2 * 2 + 1)
    box[[0, -1]] = 0.5
    for kernel in (triangle, box):
        for axis in (0, 1):
            light = ndimage.convolve1d(light, kernel / kernel.sum(), axis=axis, mode="constant")
    spaced = round(step / settings.frame_pixel / fine)
    middle = len(light) // 2
    pick = middle + spaced * np.arange(-half, half + 1)
    return light[np.ix_(pick, pick)]


def whitened(template):
    """A PSF on 1 arcsec pixels as it is in a whitened image."""
    kernel = whitening_kernel()
    rows = ndimage.correlate1d(template, kernel, axis=0, mode="constant")
    return ndimage.correlate1d(rows, kernel, axis=1, mode="constant")


def first_peaks(field, psf, threshold):
    """Stars on the average of frames without sky: the peaks above ``threshold`` sigma (Stars on the strip)."""
    found = significance(field.data, field.noise, whitened(coadd_psf(psf)))
    return _peaks(found, threshold)


def crowding(stars, psf, shape):
    """What the matched filter makes of the fitted stars themselves (DN): ``shape``, of the strip."""
    light, steps = coadd_psf(psf, half=CROWD * PHASES, step=1 / PHASES), (PHASES - 1) // 2
    padded = np.pad(light, steps).astype(np.float32)
    phases = np.stack([[padded[j:j + light.shape[0]:PHASES, i:i + light.shape[1]:PHASES] for i in range(PHASES)]
                       for j in range(PHASES)])  # fmt: skip
    image = np.zeros(shape, np.float32)
    filters.add_stamps(image, stars.x, stars.y, stars.flux, np.ascontiguousarray(phases[::-1, ::-1]))
    return significance(image, np.float32(1.0), whitened(coadd_psf(psf))).sigma


def more_peaks(left, crowd, psf, threshold, share, known, apart=1.0):
    """Peaks in what a fit has left.

    Parameters
    ----------
    left : Field
        Of the residual frames.
    crowd : ndarray
        ``crowding`` of the fitted stars.
    threshold, share : float
        A peak reaches so many sigma, and this part of the light of the fitted stars at its place: errors of the PSF
        leave peaks too.
    known : Stars
        A peak within ``apart`` pixels of one of them is none.
    """
    template = whitened(coadd_psf(psf))
    found = significance(left.data, left.noise, template)
    with np.errstate(invalid="ignore"):
        found.sigma[found.sigma * left.noise <= share * crowd] = 0.0
    new = _peaks(found, threshold)
    return new.select(distance_to(known, new) > apart)


def distance_to(stars, others):
    """Distance of each of ``others`` to the nearest of ``stars``, pixel; inf without any."""
    if not len(stars) or not len(others):
        return np.full(len(others), np.inf)
    return cKDTree(np.column_stack([stars.x, stars.y])).query(np.column_stack([others.x, others.y]))[0]


def _peaks(found, threshold):
    x, y, pixel = filters.maxima(found.sigma, np.float32(threshold))
    return Stars(x, y, (found.sigma[pixel] * found.flux[pixel]).astype(float))
