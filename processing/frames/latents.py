"""Latent images: charge that a bright star left in traps comes out of the same pixels in the frames that follow.

The telescope moves on by one step a frame, so that a star's latent images line up with it on the sky, and all frames
agree on them as if they were stars (Explanatory Supplement, section IV.7a: persistence). Pixels cannot simply be left
out: those of a real star at the same place would go as well. So what comes out is predicted from what each pixel held
before, up to one factor and one decay that the scan's own pixels tell, and taken off.
"""

import numpy as np

from processing.config import survey

FAINTEST = 2000.0
"""DN of trapped signal from which a pixel tells about the factor."""

FEWEST = 100
"""Such pixels without which nothing is taken off."""

LARGEST = 0.02
"""No latent image is brighter than this part of the signal that made it."""


def latent_images(signal, image):
    """What comes out of traps: float32, (n, ny, nx), DN; None where no pixel was bright or none shows it.

    ``signal``: second reads above the pedestal, DN, in order of time; ``image``: frames of 1.3 s, same shape, DN.
    """
    places = np.nonzero((signal > survey().detector.latent_above).any(axis=0))
    if not len(places[0]):
        return None
    held = signal[:, places[0], places[1]]
    level = np.median(image[:, ::7, ::7], axis=(1, 2))[:, None]
    shown = image[:, places[0], places[1]] - level
    dark = held < survey().detector.latent_above
    expected = [trapped(held, decay) for decay in survey().detector.latent_decay]
    use = dark & (expected[-1] > FAINTEST)
    if use.sum() < FEWEST:
        return None
    tried = [_fitted(one, shown, use) for one in expected]
    factor, _, out = min(tried, key=lambda one: one[1])
    if factor <= 0:
        return None
    latent = np.zeros(signal.shape, np.float32)
    latent[:, places[0], places[1]] = factor * out
    return latent


def trapped(held, decay):
    """Signal above the limit in the frames before, each ``decay`` frames counting less by e: shape of ``held``, DN."""
    keeps, out = np.float32(np.exp(-1 / decay)), np.zeros(held.shape, np.float32)
    over = np.maximum(held - survey().detector.latent_above, 0).astype(np.float32)
    for n in range(1, len(held)):
        out[n] = keeps * out[n - 1] + over[n - 1]
    return out


def _fitted(expected, shown, use):
    """Factor of ``expected`` in ``shown`` where ``use`` is True (median, weighted: stars there are outliers), what it
    leaves (DN, mean of the absolute values), and ``expected``."""
    ratio, weight = shown[use] / np.maximum(expected[use], 1.0), expected[use]
    order = np.argsort(ratio)
    below = np.cumsum(weight[order])
    factor = float(np.clip(ratio[order][np.searchsorted(below, below[-1] / 2)], 0.0, LARGEST))
    left = np.abs(shown[use] - factor * expected[use])
    return factor, float(np.mean(np.minimum(left, np.percentile(left, 90)))), expected
