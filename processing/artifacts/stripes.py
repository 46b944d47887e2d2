"""Stripes: what a very bright star does to its rows, in all quadrants of the array.

All rows of the four quadrants with the star's number are brighter: that of the star itself from edge to edge, and the
one half an array to the north or south (128 pixels, 256 arcsec). Of the published rows near the brightest star of our
sample, the two flagged s lie 0.8 arcsec from its row and 0.6 arcsec from the one 256 arcsec to the south. The reads are
clipped, so that a stripe brightens less than its star.
"""

import numpy as np

from processing.config import survey

LETTER = "s"


def levels(pairs):
    """Magnitude of the brightest false star on the stripes where the detection is, and that of the light that touches
    real ones there: each (n, 3), inf off the stripes."""
    light = np.where(on_rows(pairs), brightness(pairs.bright), np.inf)
    return light + survey().artifacts.stripe_contrast, light + survey().artifacts.stripe_light


def on_rows(pairs):
    """Whether the detection is on rows with the number of the star's, (n, 3)."""
    rules, half = survey().artifacts, survey().instrument.frame_height / 2
    north = np.abs(pairs.on_array()[1])
    width = rules.stripe_width + np.abs(pairs.east) * np.sin(np.radians(pairs.frame.turn_error))
    return (np.minimum(north, np.abs(north - half)) < width[:, None]) & pairs.parent_on_array()[:, None]


def brightness(magnitude):
    """Of the stripes of stars (n, 3), as the magnitude of a star with the faintest ones; inf without stripes."""
    rules = survey().artifacts
    over = magnitude - rules.stripe_parent
    return np.where(over <= 0, rules.stripe_parent + rules.stripe_growth * over, np.inf)


def reach(magnitude, limit):
    """How far the stripes of stars (n, 3) go: arcsec, (n,)."""
    size = survey().instrument.frame_height
    seen = (brightness(magnitude) + survey().artifacts.stripe_light < limit).any(axis=1)
    return np.where(seen, np.hypot(size, size / 2 + 10), 0.0)
