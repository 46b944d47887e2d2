"""Diffraction spikes: four arms along the rows and columns of the arrays.

The light of an arm falls with the square of the distance, so that the brightest false star on it does as well: a
share of the parent's light at 10 arcsec, and less farther out. An arm ends where the brightest one seen in real images
(section glare) would be fainter than the scan lists: with that the arms of the parents among the published rows are as
long as their cc_flg says.
"""

import numpy as np

from processing.config import survey

LETTER = "d"
UNIT = 10.0
"""arcsec, where the share of section glare holds."""


def brightest(pairs):
    """Magnitude of the brightest false star of the spikes where the detection is, (n, 3); inf off the spikes."""
    return light(pairs, survey().artifacts.spike)


def extent(pairs):
    """The same for the brightest one in real images: it tells how far the arms go, (n, 3)."""
    return light(pairs, survey().glare.spike)


def light(pairs, share):
    """Magnitude on the spikes, (n, 3), of what has ``share`` (3,) of the star's light at 10 arcsec; inf off them."""
    rules, distance = survey().artifacts, pairs.distance
    arms = np.radians(rules.spike_angles)
    east, north = (side[..., None] for side in pairs.on_array())
    along, aside = east * np.sin(arms) + north * np.cos(arms), np.abs(east * np.cos(arms) - north * np.sin(arms))
    width = rules.spike_width + distance * np.sin(np.radians(pairs.frame.turn_error))
    on_arm = ((along > 0) & (aside < width[:, None, None])).any(axis=2)
    fading = 5 * np.log10(np.maximum(distance, 1.0) / UNIT)
    bright = np.where(pairs.bright <= rules.spike_parent, pairs.bright, np.inf)
    return np.where(on_arm, bright - 2.5 * np.log10(share) + fading[:, None], np.inf)


def reach(magnitude, limit):
    """Length of the spikes of stars (n, 3): arcsec, (n,)."""
    parent = np.where(magnitude <= survey().artifacts.spike_parent, magnitude, np.inf)
    contrast = -2.5 * np.log10(survey().glare.spike)
    return (UNIT * 10 ** (0.2 * (limit - parent - contrast))).max(axis=1, initial=0.0)
