"""Frames of one band, ready to be averaged."""

from dataclasses import dataclass

import numpy as np

from processing.atlas.transients import transients
from processing.frames.masks import Flaw

UNUSABLE = Flaw.DEAD | Flaw.HOT | Flaw.NOISY
"""Saturated pixels stay, as in the real images: a clipped star there, where its first read is saturated a hole."""


@dataclass(frozen=True)
class UsableFrames:
    """``image``: DN, shape (n, ny, nx), float32, each frame's median taken off, NaN where not usable; ``level``: these
    medians, DN, (n,); ``noise``: one sigma of a pixel of each frame, DN, (n,), NaN for a frame without any;
    ``rejected``: pixels that only one frame saw, (n,)."""

    image: np.ndarray
    level: np.ndarray
    noise: np.ndarray
    rejected: np.ndarray


def usable_frames(image, flaws, solution, band):
    """The UsableFrames of calibrated frames (``processing.frames``): bad pixels and transients out, medians off."""
    image = np.where(flaws & int(UNUSABLE), np.float32(np.nan), image).astype(np.float32)
    level, noise = levels(image)
    image -= level[:, None, None].astype(np.float32)
    found = transients(image, np.where(np.isfinite(noise), noise, np.inf), solution, band)
    image[found] = np.nan
    return UsableFrames(image, level, noise, found.sum(axis=(1, 2)))


def levels(image, every=5):
    """Median, and noise below it (to the 15.87 % quantile: stars do not enter), of every frame; NaN without pixels."""
    out = np.full((2, len(image)), np.nan)
    for n, frame in enumerate(image):
        sample = frame.reshape(-1)[::every]
        sample = sample[np.isfinite(sample)]
        if len(sample) > 100:
            low, out[0, n] = np.percentile(sample, [15.87, 50])
            out[1, n] = max(out[0, n] - low, 1e-3)
    return out
