"""Halos: false stars in the wings of a very bright star, and real ones whose sky it brightens (confusion).

A false star in the halo is a part of the light there, which falls with the square of the distance to 10 arcsec and
with the cube farther out (section wings).
Besides, a profile fit that is brighter than what saturates the exposure is no star: a star so bright would have been
measured on the first reads.
"""

import numpy as np

from processing.bandmerge.confusion import confusion_radius
from processing.config import survey

LETTER = "c"
UNIT = 10.0
"""arcsec, where the share of section glare holds."""


def levels(pairs):
    """Magnitude of the brightest false star in the halo where the detection is, twice: (n, 3)."""
    rules = survey().artifacts
    slope = np.where(pairs.distance > UNIT, rules.halo_slope, 2.0)
    fading = 2.5 * slope * np.log10(np.maximum(pairs.distance, 1.0) / UNIT)
    level = _parents(pairs.bright) + contrast() + fading[:, None]
    impossible = pairs.fitted & (pairs.magnitude < rules.brightest_fit) & (level < pairs.frame.limit)
    level = np.where(impossible, -np.inf, level)
    return level, level


def touched(pairs):
    """Whether the detection has the star in its confusion radius, (n, 3): the rule of ``bandmerge.confusion``."""
    return np.stack([pairs.distance < confusion_radius(pairs.magnitude[:, k] - pairs.bright[:, k], k)
                     for k in range(pairs.bright.shape[1])], axis=1)  # fmt: skip


def contrast():
    """Parent minus false star at 10 arcsec, mag."""
    return -2.5 * np.log10(survey().glare.halo)


def reach(magnitude, limit):
    """Radius of the halos and of confusion of stars (n, 3): arcsec, (n,)."""
    excess = np.nan_to_num(limit - _parents(magnitude), nan=-np.inf, neginf=-np.inf)
    halo = UNIT * 10 ** (0.4 * (excess - contrast()) / survey().artifacts.halo_slope)
    confused = [confusion_radius(excess[:, k], k) for k in range(excess.shape[1])]
    return np.maximum(halo, np.stack(confused, axis=1)).max(axis=1, initial=0.0)


def _parents(magnitude):
    return np.where(magnitude <= survey().artifacts.parent, magnitude, np.inf)
