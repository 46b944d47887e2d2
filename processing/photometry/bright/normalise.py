"""The scale of first-read fluxes: that of the profile fits, from stars that have both."""

from dataclasses import dataclass, replace

import numpy as np

PRIOR_ERROR = 0.03
"""Relative error of the exposure times and the curve of growth, on which the scale rests when few stars have both."""

FLOOR = 0.01
"""Relative scatter of the two fluxes of a star that noise does not explain."""

CLIP = 4.0


@dataclass(frozen=True)
class Normalisation:
    """``ratio``: total flux of 1.3 s on the scale of the profile fits, over that in the 4 arcsec aperture of the first
    read; ``error``; ``stars``: how many it rests on."""

    ratio: float
    error: float
    stars: int


def normalisation(read1, fit_flux, fit_error, start):
    """The Normalisation from stars that have both fluxes.

    Parameters
    ----------
    read1 : Read1Fluxes
    fit_flux, fit_error : ndarray, DN
        Profile fits of the same stars, in their order; stars that are not to be used (blended, saturated) are NaN.
    start : float
        ``BrightStars.to_total``: exposure times and curve of growth. It counts as a measurement with an error of 3%.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = fit_flux / read1.flux / start
        error = np.hypot(np.hypot(fit_error / fit_flux, read1.error / read1.flux), FLOOR)
    good = np.isfinite(ratio) & np.isfinite(error) & (read1.flux > 0) & (error < 0.1)
    ratio, weight = np.append(ratio[good], 1.0), np.append(error[good] ** -2.0, PRIOR_ERROR**-2)
    for _ in range(5):
        centre = np.average(ratio, weights=weight) if _ else np.median(ratio)
        weight = np.where(np.abs(ratio - centre) * np.sqrt(weight) < CLIP, weight, 0.0)
    return Normalisation(float(start * centre), float(start * centre / np.sqrt(weight.sum())), int((weight[:-1] > 0).sum()))


def normalised(bright, scale):
    """BrightStars on the scale of a Normalisation: all fluxes, since the wings are tied to the first reads."""
    factor = scale.ratio / bright.to_total
    return replace(bright, flux=bright.flux * factor, flux_err=bright.flux_err * factor, to_total=scale.ratio)
