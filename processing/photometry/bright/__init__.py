"""Stars that saturate the 1.3 s images: fluxes from the first read (rd_flg 1), or from the wings (rd_flg 3).

    bright = bright_stars(frames, solution, band)                 found, measured, on the exposure-time scale
    common = read1_fluxes(frames.read1, frames.flaws, ...)        first reads of unsaturated stars
    scale = normalisation(common, fit_flux, fit_error, bright.to_total)
    bright = normalised(bright, scale)                            on the scale of the profile fits
"""

from processing.photometry.bright.normalise import Normalisation, normalisation, normalised
from processing.photometry.bright.read1 import Read1Fluxes, read1_fluxes
from processing.photometry.bright.stars import BrightStars, bright_stars

__all__ = ["BrightStars", "Normalisation", "Read1Fluxes", "bright_stars", "normalisation", "normalised", "read1_fluxes"]
