"""The scale of first-read fluxes: that of the profile fits, from stars that have both."""

from dataclasses import dataclass, replace

import numpy as np

PRIOR_ERROR = 0.03
"""Relative error of the exposure times and the curve of growth, on which the scale rests when few stars have both."""

FLOOR = 0.01
"""Relative scatter of the two fluxes of a star that noise does not explain."""

FEW = 5
"""With fewer stars an outlier is one from the exposure times; with more, one from their median."""

CLIP, ROUNDS = 4.0, 4
"""Stars that differ by so many sigma are left out, in so many rounds."""


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
    ratio, known = np.append(ratio[good], 1.0), np.append(error[good] ** -2.0, PRIOR_ERROR**-2)
    centre = np.median(ratio[:-1]) if len(ratio) > FEW else 1.0
    for _ in range(ROUNDS):
        weight = np.where(np.abs(ratio - centre) * np.sqrt(known) < CLIP, known, 0.0)
        if not weight.any():
            weight[-1] = known[-1]
        centre = np.average(ratio, weights=weight)
    error = start * centre / np.sqrt(weight.sum())
    return Normalisation(float(start * centre), float(error), int((weight[:-1] > 0).sum()))


def normalised(bright, scale):
    """BrightStars on the scale of a Normalisation: all fluxes, since the wings are tied to the first reads."""
    factor = scale.ratio / bright.to_total
    return replace(bright, flux=bright.flux * factor, flux_err=bright.flux_err * factor, to_total=scale.ratio)
