"""How a star's light falls off with radius, from the scan's own stars whose flux the first read gives.

Inside the pixels that saturate the second read the first one is used, outside the much deeper difference of the reads.
Diffraction spikes lie along the pixel axes and are left out, here as in what uses the profile.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from processing.config import survey
from processing.photometry.bright.light import PIXEL
from processing.photometry.bright.rings import EDGES, SKY_LEVEL, ring_ratios

STEPS = np.arange(0.0, EDGES[-1] + 1.0, 0.1 * PIXEL)
"""Radii of the tables of a profile, arcsec."""

SMOOTH = 0.25
"""By how much the profile may differ from the default one, from ring to ring, relative."""


@dataclass(frozen=True)
class Profile:
    """``radius``: arcsec; ``light``: natural logarithm of the share of the total light in a pixel there; ``error``:
    relative; ``stars``: how many it rests on (0: the default)."""

    radius: np.ndarray
    light: np.ndarray
    error: np.ndarray
    stars: int

    @cached_property
    def table(self):
        """Share of the light a pixel, every tenth of a pixel."""
        return np.exp(np.interp(STEPS, self.radius, self.light))

    @cached_property
    def error_table(self):
        """Relative error of the same."""
        return np.interp(STEPS, self.radius, self.error)


def default_profile():
    """The Profile of etc/survey.yaml."""
    wings = survey().wings
    radius, light = np.array(wings.radius), np.log(10) * np.array(wings.light) + 2 * np.log(PIXEL)
    return Profile(radius, light, np.full(len(radius), wings.light_error), 0)


def measured_profile(frames, places, flux, total, chosen, noise, spike, start=None):
    """The Profile of stars of known flux.

    Parameters
    ----------
    frames : Frames
    places : Places
        Apparitions of all bright stars, and the sky of the first reads there.
    flux : ndarray, DN of 1.3 s, one a star; NaN where not known
    total : float
        1.3 s flux over that of the first read.
    chosen : ndarray of int
        The stars to be measured.
    noise : float
        Of a pixel of the difference of the reads, DN.
    spike : ndarray
        ``light.spike_numbers`` of the band.
    start : Profile or None
        What the light of other stars and the edge of the profile are taken from.

    Where the stars say little the default profile fills in, brought to the level of what they say nearby.
    """
    start = start or default_profile()
    middle = 0.5 * (EDGES[1:] + EDGES[:-1])
    ratio, error = ring_ratios(frames, places, np.nan_to_num(flux), total, chosen, SKY_LEVEL * noise, spike,
                               start)  # fmt: skip
    before = np.interp(middle, start.radius, start.light)
    level, wrong, stars = _mean_over_stars(ratio, error)
    shape = default_profile()
    base = np.interp(middle, shape.radius, shape.light)
    factor, rest = _filled(level * np.exp(before - base), wrong * np.exp(before - base))
    light = base + np.log(np.maximum(factor, 0.05))
    return Profile(middle, light, np.minimum(rest / np.maximum(factor, 0.05), 1.0), stars)


def _mean_over_stars(ratio, error):
    """Weighted mean of each ring without stars that are far from the others; its error (inf: unknown); stars used."""
    error = np.where(np.isfinite(ratio), np.hypot(error, survey().wings.star_error), np.inf)
    ratio, weight = np.nan_to_num(ratio), error**-2.0
    centre = np.array([_weighted_median(r, w) for r, w in zip(ratio.T, weight.T)])
    weight = np.where(np.abs(ratio - centre) < 4 * error, weight, 0)
    total = weight.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(total > 0, (weight * ratio).sum(axis=0) / total, 1.0)
        chi2 = (weight * (ratio - mean) ** 2).sum(axis=0) / np.maximum((weight > 0).sum(axis=0) - 1, 1)
        return mean, np.sqrt(np.maximum(chi2, 1.0) / total), int((weight > 0).any(axis=1).sum())


def _weighted_median(values, weight):
    order = np.argsort(values)
    below = np.cumsum(weight[order])
    return values[order][np.searchsorted(below, below[-1] / 2)] if below[-1] > 0 else 1.0


def _filled(level, error):
    """Factors on the default profile, ring by ring, and their errors: what was measured (``error`` inf: nothing), with
    a loose tie to 1 and between neighbours."""
    n, loose = len(level), survey().wings.light_error
    step = np.diff(np.eye(n), axis=0)
    known = error**-2.0
    normal = np.diag(known + loose**-2) + step.T @ step / SMOOTH**2
    covariance = np.linalg.inv(normal)
    return covariance @ (known * np.where(np.isfinite(error), level, 0) + loose**-2), np.sqrt(np.diag(covariance))
