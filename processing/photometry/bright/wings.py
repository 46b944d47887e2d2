"""Flux and place of stars that saturate even the first read, from their wings (Read3; Explanatory Supplement, IV.4d).

The profile of the camera is scaled to all unsaturated pixels of all frames at once: of the first reads near the star,
of the difference of the reads further out, off the spikes. The place of the star in each frame and the level of each
frame and read, with a slope, are fitted along; pixels that the profile cannot explain (other stars) lose their weight
smoothly.
"""

from dataclasses import dataclass

import numpy as np

from processing.config import survey
from processing.photometry.bright.light import PIXEL
from processing.photometry.bright.rings import EDGES
from processing.photometry.bright.wing_equations import equations
from processing.photometry.bright.wing_pixels import reach_of, well_seen, wing_pixels

ASTRAY = 0.5
"""Largest distance from where the star was thought to be, arcsec."""

FEWEST = 60
"""Pixels of a frame that shows a star."""

ROUNDS = 10
LARGEST_STEP = 0.5
"""Of the place in one round, pixel."""

LONE = 0.1
"""Error of a place that a single frame gives, arcsec, each axis; the original's was some 0.1."""


@dataclass(frozen=True)
class WingFit:
    """``flux`` (DN of 1.3 s) and its ``error``; ``east``, ``north``: arcsec from where the star was thought to be;
    ``covariance``: (2, 2), arcsec2; ``frames``: used. NaN and 0 where no fit was possible."""

    flux: float
    error: float
    east: float
    north: float
    covariance: np.ndarray
    frames: int


def fit_wings(frames, places, star, flux, profile, total, jacobian, noise, spike):
    """The WingFit of one star.

    Parameters
    ----------
    frames : Frames
    places : Places
    star : int
        Its number.
    flux : ndarray, DN of 1.3 s, one a star of ``places``
        What is known; the fit begins with that of ``star`` and takes the light of all others off.
    profile : Profile
    total : float
        1.3 s flux over that of the first read.
    jacobian : ndarray, shape (2, 2)
        Pixels (x, y) by which a star moves for an arcsec east and north.
    noise : (float, float)
        Of a pixel without star: first read and difference, DN.
    spike : ndarray
        ``light.spike_numbers`` of the band.
    """
    seen = well_seen(places, star, frames.image.shape[1:])
    reach = max((reach_of(places, k, flux, profile) for k in seen), default=0.0)
    pixels = [wing_pixels(frames, places, k, flux, profile, total, noise, spike, reach) for k in seen]
    pixels = [p for p in pixels if len(p) > FEWEST]
    if not pixels:
        return WingFit(np.nan, np.nan, 0.0, 0.0, np.full((2, 2), np.nan), 0)
    n, owner = len(pixels), np.repeat(np.arange(len(pixels)), [len(p) for p in pixels])
    data = np.concatenate(pixels)
    # Each frame has two levels: of its first read and of its difference.
    groups = np.unique(2 * owner + (data[:, 3] > 0), return_inverse=True)[1]
    # The profile errs by the same in all pixels of a ring.
    ring = np.searchsorted(EDGES, PIXEL * np.hypot(data[:, 0], data[:, 1]))
    crowd = np.bincount(ring, minlength=len(EDGES) + 1)[ring].astype(float)
    gain = survey().instrument.gain
    own, place, limit = _first_flux(data, profile), np.zeros((n, 2)), ASTRAY / PIXEL
    for _ in range(ROUNDS):
        normal, right, systematic = equations(data, owner, groups, groups.max() + 1, crowd, own, place, profile.table,
                                              profile.error_table, gain, total)  # fmt: skip
        covariance = np.linalg.pinv(normal)
        step = covariance @ right
        own *= 1 + np.clip(step[0], -0.5, 1.0)
        place = np.clip(place + np.clip(step[1:2 * n + 1], -LARGEST_STEP, LARGEST_STEP).reshape(n, 2), -limit, limit)
    noise = np.diag(covariance)[1:2 * n + 1].reshape(n, 2).mean(axis=1)
    error = own * np.sqrt(covariance[0, 0] + systematic**2 + survey().uncertainty.read1**2)
    return WingFit(own, error, *_mean_place(place @ np.linalg.inv(jacobian).T, PIXEL**2 * noise), n)


def _mean_place(place, noise):
    """East, north (arcsec) and covariance from those of single frames (n, 2) and their variances (n,), arcsec2."""
    variance = noise + survey().astrometry.centroid_floor ** 2
    centre = np.median(place, axis=0)
    # A frame that is far from the others has less weight.
    away = np.hypot(*(place - centre).T)
    usual = np.median(away)
    weight = 1 / (variance + np.maximum(away, usual) ** 2)
    mean = np.average(place, axis=0, weights=weight)
    scatter = (weight * ((place - mean) ** 2).sum(axis=1)).sum() / weight.sum() / 2
    n = len(place)
    total = scatter / (n - 1) + variance.mean() / n if n > 1 else variance[0] + LONE**2
    return *mean, total * np.eye(2)


def _first_flux(data, profile):
    """Median of what single pixels near the star say, above the level of those far away."""
    radius, first = np.hypot(data[:, 0], data[:, 1]), data[:, 3] == 0
    level = np.where(first, np.median(data[first & (radius >= np.median(radius[first])), 2]), 0.0)
    near = radius <= np.sort(radius)[min(len(radius) - 1, 200)]
    light = np.interp(10 * radius[near], np.arange(len(profile.table)), profile.table)
    return float(max(np.median((data[:, 2] - level)[near] / light), 1.0))
