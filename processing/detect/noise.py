"""The noise of an Atlas Image is correlated between neighbouring pixels; whitening makes it independent.

An Atlas Image is resampled from 2 arcsec frame pixels with a smoothing kernel, so a pixel shares noise with its
neighbours. The correlation is a property of the kernel: the same in all bands and both telescopes. A fit or a matched
filter that takes the pixels for independent underrates its errors by a factor of about three and gives the smooth
scales, where faint unresolved stars add to the noise, too much weight. Convolved with the whitening kernel the noise is
white, stars are sharper, and plain least squares is the best estimator (generalised least squares, e.g. Aitken 1936).
"""

from functools import cache

import numpy as np
from scipy import ndimage

from processing.config import survey

HALF_WIDTH = 4
"""Pixels from the centre of the whitening kernel to its edge."""


@cache
def whitening_kernel():
    """The one-dimensional kernel, shape (2 HALF_WIDTH + 1,): its square, row times column, whitens an image.

    Scaled so that the noise of a whitened pixel equals that of a pixel before. The spectrum is not divided by less than
    ``coadd.spectrum_floor`` of its peak: the finest scales hold little noise but also all errors of the PSF.
    """
    correlation = np.array(survey().coadd.noise_correlation)
    n = 64
    frequency = 2 * np.pi * np.fft.fftfreq(n)
    lags = np.arange(1, len(correlation))
    power = 1 + 2 * (correlation[1:, None] * np.cos(np.outer(lags, frequency))).sum(0)
    power = np.maximum(power / power.max(), survey().coadd.spectrum_floor)
    response = np.fft.fftshift(np.fft.ifft(power**-0.5).real)
    kernel = response[n // 2 - HALF_WIDTH:n // 2 + HALF_WIDTH + 1] * np.hanning(2 * HALF_WIDTH + 3)[1:-1] ** 0.25
    lag = np.abs(np.subtract.outer(np.arange(kernel.size), np.arange(kernel.size)))
    covariance = np.append(correlation, 0.0)[np.minimum(lag, len(correlation))]
    return kernel / np.sqrt(kernel @ covariance @ kernel)


def whiten(image):
    """``image`` (ny, nx) with its noise made independent from pixel to pixel; values must be finite."""
    kernel = whitening_kernel()
    columns = ndimage.correlate1d(image, kernel, axis=0, mode="nearest")
    return ndimage.correlate1d(columns, kernel, axis=1, mode="nearest")


@cache
def passband_excess():
    """Noise of the smooth scales of a whitened image over that of one pixel (a factor of about 2).

    Where the whitening stops (``coadd.spectrum_floor``) the finest scales keep less than their share, so that the
    scales that matter, those of a star, hold more noise than independent pixels of the same scatter would. Errors of
    fits count with this noise; the scatter of pixels (chi-square) does not.
    """
    correlation, kernel = np.array(survey().coadd.noise_correlation), whitening_kernel()
    lags = np.arange(len(correlation))
    smooth = (correlation[0] + 2 * correlation[1:].sum()) * kernel.sum() ** 2
    lag = np.abs(np.subtract.outer(np.arange(kernel.size), np.arange(kernel.size)))
    covariance = np.append(correlation, 0.0)[np.minimum(lag, lags.size)]
    return smooth / (kernel @ covariance @ kernel)


def summed_noise():
    """Noise of the sum of many pixels over that of independent ones: about 3.3 (k_z of section VI.8a times 2)."""
    correlation = np.array(survey().coadd.noise_correlation)
    return 1 + 2 * correlation[1:].sum()


def filled(image, mask):
    """``image`` with masked pixels replaced by the nearest good one, so that it can be convolved."""
    if not mask.any():
        return image
    nearest = ndimage.distance_transform_edt(mask, return_distances=False, return_indices=True)
    return image[tuple(nearest)]
