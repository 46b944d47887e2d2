"""Stripes: what a very bright star does to its rows, in all quadrants of the array.

All rows of the four quadrants with the star's number are brighter: that of the star itself from edge to edge, and the
one half an array to the north or south (128 pixels, 256 arcsec). Of the published rows near the brightest star of our
sample, the two flagged s lie 0.8 arcsec from its row and 0.6 arcsec from the one 256 arcsec to the south.
"""

import numpy as np

from processing.config import survey

LETTER = "s"


def brightest(pairs):
    """Magnitude of the brightest false star on the stripes where the detection is, (n, 3); inf off the stripes."""
    return light(pairs, survey().artifacts.stripe_contrast)


def extent(pairs):
    """The same for what is flagged: real sources on the stripe are, where its light does not make false ones."""
    return light(pairs, survey().artifacts.stripe_light)


def light(pairs, contrast):
    """Magnitude on the stripes, (n, 3), of what is ``contrast`` mag under the faintest of their stars; inf off them."""
    rules, half = survey().artifacts, survey().instrument.frame_height / 2
    _, north = pairs.on_array()
    rows = np.minimum(np.abs(north), np.abs(np.abs(north) - half))
    width = rules.stripe_width + np.abs(pairs.east) * np.sin(np.radians(pairs.frame.turn_error))
    here = (rows < width[:, None]) & pairs.parent_on_array()[:, None]
    return np.where(here, level(pairs.bright, contrast), np.inf)


def level(magnitude, contrast):
    """Magnitude of the light on the stripes of stars (n, 3), ``contrast`` mag under the faintest; inf without stripes.

    The reads are clipped, so that a stripe brightens less than its star.
    """
    rules = survey().artifacts
    over = magnitude - rules.stripe_parent
    return np.where(over <= 0, rules.stripe_parent + contrast + rules.stripe_growth * over, np.inf)


def reach(magnitude, limit):
    """How far the stripes of stars (n, 3) go: arcsec, (n,)."""
    size = survey().instrument.frame_height
    seen = (level(magnitude, survey().artifacts.stripe_light) < limit).any(axis=1)
    return np.where(seen, np.hypot(size, size / 2 + 10), 0.0)
