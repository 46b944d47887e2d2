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
"""arcsec, where the shares hold."""


def levels(pairs):
    """Magnitude of the brightest false star on the spikes where the detection is, and that of the brightest in real
    images, which tells how far the arms go: each (n, 3), inf off the spikes."""
    parent = np.where(pairs.bright <= survey().artifacts.spike_parent, pairs.bright, np.inf)
    fading = 5 * np.log10(np.maximum(pairs.distance, 1.0) / UNIT)
    light = np.where(on_arm(pairs), parent + fading[:, None], np.inf)
    return light + contrast(survey().artifacts.spike), light + contrast(survey().glare.spike)


def on_arm(pairs):
    """Whether the detection is on an arm of the star, (n, 3)."""
    rules, (east, north) = survey().artifacts, pairs.on_array()
    width = (rules.spike_width + pairs.distance * np.sin(np.radians(pairs.frame.turn_error)))[:, None]
    found = np.zeros(east.shape, bool)
    for angle in np.radians(rules.spike_angles):
        sin, cos = np.sin(angle), np.cos(angle)
        found |= (np.abs(east * cos - north * sin) < width) & (east * sin + north * cos > 0)
    return found


def contrast(share):
    """Parent minus false star, mag; ``share`` of the light."""
    return -2.5 * np.log10(share)


def reach(magnitude, limit):
    """Length of the spikes of stars (n, 3): arcsec, (n,)."""
    parent = np.where(magnitude <= survey().artifacts.spike_parent, magnitude, np.inf)
    return (UNIT * 10 ** (0.2 * (limit - parent - contrast(survey().glare.spike)))).max(axis=1, initial=0.0)
