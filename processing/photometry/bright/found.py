"""The stars that saturate, and which of them are real."""

import numpy as np

from processing.astrometry.plane import angles, from_plane
from processing.config import survey
from processing.photometry.bright.find import FULL_READ1, saturated_apparitions
from processing.photometry.bright.levels import row_levels
from processing.photometry.bright.light import PIXEL
from processing.photometry.bright.link import linked, mean_places
from processing.photometry.bright.places import places
from processing.photometry.bright.read1 import apertures

LEAST = 0.5
"""Least light of such a star in the aperture of a first read, in units of a pixel that saturates the second."""

ALIKE = 0.2
"""Relative difference of the first reads of what saturates in one frame only: cosmic rays and noise on the spikes of
very bright stars differ."""

SURE = 0.3
"""... and its place has a smaller error than this, arcsec."""

GLARE = 40
"""... and no star that saturates the first read is so near, pixel."""


def found_stars(frames, solution, band, total):
    """Places (deg) and covariances (arcsec2) of the stars that more than one frame confirms."""
    seen = saturated_apparitions(frames.read1, frames.flaws)
    if len(seen) == 0:
        return np.zeros(0), np.zeros(0), np.zeros((0, 2, 2))
    star, ra, dec = linked(seen, solution, band)
    count = star.max() + 1
    error = np.hypot(PIXEL * seen.error, survey().astrometry.centroid_floor)
    centre, mean, cov = mean_places(star, ra, dec, error, count)
    ra, dec = angles(from_plane(centre, *mean.T))
    frames_of = np.unique(np.stack([star, seen.frame]), axis=1)
    often = np.bincount(frames_of[0], minlength=count) > 1
    once = np.flatnonzero(~often & (cov[:, 0, 0] < SURE**2))
    first = frames_of[1][np.searchsorted(frames_of[0], once)]
    kept = np.r_[np.flatnonzero(often), once[_confirmed(frames, solution, band, total, ra[once], dec[once], first)]]
    return ra[kept], dec[kept], cov[kept]


def _confirmed(frames, solution, band, total, ra, dec, frame):
    """Whether the first reads of two more frames show what saturated in ``frame`` only (one a star)."""
    where = places(solution, band, ra, dec, len(frames.read1), frames.read1.shape[1:])
    levels, least = row_levels(frames.read1, frames.flaws, where.frame, where.y), survey().detector.saturate / total
    found = apertures(frames.read1, frames.flaws, levels, where.frame, where.x, where.y).flux
    kept = np.zeros(len(ra), bool)
    for k in range(len(ra)):
        mine = (where.star == k) & np.isfinite(found)
        there = mine & (where.frame == frame[k])
        other = found[mine & ~there]
        if _glare(frames.flaws[frame[k]], where, (where.star == k) & (where.frame == frame[k])):
            continue
        expected = found[there][0] if there.any() else np.median(other) if len(other) else 0.0
        kept[k] = expected > LEAST * least and (np.abs(other - expected) < ALIKE * expected).sum() > 1
    return kept


def _glare(flaws, where, here):
    """Whether the first read is saturated near the apparition ``here`` (mask): ripples look like stars there."""
    x, y = (int(max(v[here][0] - GLARE, 0)) for v in (where.x, where.y))
    return bool((flaws[y:y + 2 * GLARE, x:x + 2 * GLARE] & FULL_READ1).any())
