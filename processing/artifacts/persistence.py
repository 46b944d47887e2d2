"""Persistence: charge of a star that comes out of the same pixels in the frames that follow.

The telescope moves on by one step a frame, so that the latent images lie whole steps ahead of the star in the
direction of the scan, each fainter than the one before, and no brighter than full wells make them. Frames are
corrected for them (``frames.latents``); this is about what that leaves.
"""

import numpy as np

from processing.config import survey

LETTER = "p"


def levels(pairs):
    """Magnitude of the brightest latent image where the detection is, twice: (n, 3), inf where there is none."""
    rules, step = survey().artifacts, pairs.frame.step
    if not np.isfinite(step):
        return (np.full(pairs.bright.shape, np.inf),) * 2
    frames = np.rint(pairs.north / step)
    apart = np.hypot(pairs.east, pairs.north - frames * step)
    here = (frames >= 1) & (apart < rules.latent_window) & pairs.parent_on_array()
    fading = rules.latent_fading * np.maximum(frames - 1, 0)
    level = np.where(here[:, None], first_image(pairs.bright) + fading[:, None], np.inf)
    return level, level


def first_image(magnitude):
    """Magnitude of the first latent image of stars (n, 3); inf for those that leave none."""
    rules = survey().artifacts
    image = np.maximum(magnitude + rules.latent_contrast, rules.latent_image)
    return np.where(magnitude <= rules.latent_parent, image, np.inf)


def images(magnitude, limit):
    """How many latent images of stars (n, 3) a scan lists, (n,)."""
    frames = np.ceil((limit - first_image(magnitude)) / survey().artifacts.latent_fading)
    return np.where(frames > 0, frames, 0.0).max(axis=1, initial=0.0).astype(int)
