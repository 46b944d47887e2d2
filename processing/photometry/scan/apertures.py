"""Apertures on single frames: the standard magnitude, how often a star is seen, and the total light of the fit.

The light of the star itself is that of its PSF, the light beside it what the fit has left: so an undersampled star does
not flicker with its place in the pixel (Explanatory Supplement, sections IV.4c, IV.4d).
"""

from dataclasses import dataclass

import numba
import numpy as np

from processing.config import survey
from processing.photometry.aperture import SUBPIXELS, annulus_median, part_inside
from processing.photometry.scan.psf import enclosed
from processing.photometry.scan.psf_stars import apparitions_of

DETECTED = 3.0
"""Sigma of an aperture in a frame in which the star counts as seen (ndet)."""


@dataclass(frozen=True)
class Apertures:
    """``left``: what the fit leaves in the standard aperture, mean over the frames, DN; ``error``: its one sigma, DN;
    ``frames`` (M) and ``seen`` (N): frames with a whole aperture, and with a detection in it. NaN without a frame."""

    left: np.ndarray
    error: np.ndarray
    frames: np.ndarray
    seen: np.ndarray


def apertures(model, radius, chosen=None):
    """The Apertures of ``radius`` arcsec of the stars of a Model, above the sky of the standard annulus.

    ``chosen``: indices of the stars to be measured, None for all; the others are NaN.
    """
    sizes, pixel = survey().aperture, survey().simulate.frame_pixel
    p, n = model.places if chosen is None else apparitions_of(model, chosen), len(model.stars)
    inside = enclosed_light(model.psf, model.psf.cell_moments(p), radius / pixel)
    total, variance, frames, seen = (np.zeros(n) for _ in range(4))
    _sums(model.residual, model.usable, model.noise, model.electrons, p.star, p.frame, p.x, p.y,
          model.stars.flux[p.star] * inside, radius / pixel, sizes.sky_inner / pixel, sizes.sky_outer / pixel, DETECTED,
          total, variance, frames, seen)  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        return Apertures(total / frames, np.sqrt(variance) / frames, frames.astype(int), seen.astype(int))


def enclosed_light(psf, moments, radius):
    """Light within ``radius`` pixels of stars whose second moments differ by ``moments`` (n, 3): (n,)."""
    planes = psf.planes
    flat = [enclosed(plane, radius) for plane in planes]
    a, b, c = moments.T
    series = (1.0, a, b, c, a * a / 2, a * b, a * c, b * b / 2, b * c, c * c / 2)
    return sum(f * s for f, s in zip(flat, series)) + np.zeros(len(moments))


@numba.njit(cache=True)
def _sums(residual, usable, noise, electrons, star, frame, x, y, light, radius, inner, outer, detected, total, variance,
          frames, seen):  # fmt: skip
    _, ny, nx = residual.shape
    ring = np.empty(int(4 * (outer + 1) ** 2))
    for a in range(frame.size):
        low, high = int(np.floor(y[a] - radius)), int(np.ceil(y[a] + radius))
        left, right = int(np.floor(x[a] - radius)), int(np.ceil(x[a] + radius))
        if low < 0 or left < 0 or high >= ny or right >= nx:
            continue
        image, good = residual[frame[a]], usable[frame[a]]
        value, area, whole = 0.0, 0.0, True
        for j in range(low, high + 1):
            for i in range(left, right + 1):
                part = part_inside(i - x[a], j - y[a], radius, SUBPIXELS)
                if part > 0.0 and not good[j, i]:
                    whole = False
                value += part * image[j, i]
                area += part
        if not whole:
            continue
        sky, n = annulus_median(image, good, x[a], y[a], inner, outer, ring)
        if n == 0:
            sky = 0.0
        value -= sky * area
        noise2 = noise[frame[a]] ** 2 * (area + area * area / max(n, 1)) + max(light[a] + value, 0.0) / electrons
        total[star[a]] += value
        variance[star[a]] += noise2
        frames[star[a]] += 1
        if light[a] + value > detected * np.sqrt(noise2):
            seen[star[a]] += 1
