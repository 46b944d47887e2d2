"""The sky as the detector sees it: a level in each frame, and a pattern that drifts slowly through the scan.

What flat field and dark leave is the same in neighbouring frames, while stars and airglow move by the frame step; so
the pattern is a trimmed mean over a block of frames (at least 42 in the original, Explanatory Supplement, section
IV.2). The trim is lopsided, because stars and their latent images are only ever brighter than the sky. The pattern is
interpolated between the middles of overlapping blocks, so that it has no steps.
"""

import numpy as np

BLOCK = 48
"""Frames in a block; blocks overlap by half."""

REJECT_HIGH, REJECT_LOW = 0.35, 0.15
"""Share of the values trimmed above and below: 10 and then 5 on each side of 42 in the original."""

LIT, DARK_SHARE = 8.0, 0.2
"""So many sigma above what a pixel has in the darkest fifth of the frames is light of a star, in however many frames:
along a scan a spike stays on its column as long as it is."""

FEWEST = 3
"""Usable values from which one that is a star's is trimmed."""


def levels(frames):
    """Median of the usable pixels of each frame: (n,), DN; NaN where there is none."""
    image = np.where(frames.flaws == 0, frames.image, np.nan)
    with np.errstate(all="ignore"):
        return np.nanmedian(image.reshape(len(image), -1), axis=1)


def sky_pattern(frames, block=BLOCK):
    """Level and pattern of the sky in every frame: float32, shape (n, ny, nx), DN.

    The pattern has median 0, so that the level decides how much sky there is, and no star's light is in it on average:
    the trimmed mean of every block is brought to the same median. Scans shorter than ``block`` have one pattern.
    """
    level = levels(frames).astype(np.float32)
    flat = np.where(frames.flaws == 0, frames.image - level[:, None, None], np.nan).astype(np.float32)
    middles, patterns = zip(*[(np.mean(part), _pattern(flat[part])) for part in _blocks(len(flat), block)])
    sky = np.empty_like(frames.image)
    for i in range(len(flat)):
        sky[i] = level[i] + _between(i, middles, patterns)
    return sky


def _blocks(n, block):
    """Overlapping runs of frame numbers of one length that cover 0 to n - 1."""
    if n <= block:
        return [np.arange(n)]
    starts = np.linspace(0, n - block, max(2, round((n - block) / (block / 2)) + 1)).round().astype(int)
    return [np.arange(start, start + block) for start in starts]


def _pattern(stack):
    """Lopsidedly trimmed mean of (m, ny, nx), median 0; 0 where fewer than ``FEWEST`` frames have a usable value."""
    ordered = np.sort(stack, axis=0)
    count = _unlit(ordered, _noise(stack))
    rank = np.arange(len(ordered))[:, None, None]
    kept = (rank >= np.floor(REJECT_LOW * count)) & (rank < np.ceil((1 - REJECT_HIGH) * count))
    total = np.where(kept, ordered, 0).sum(0)
    known = count >= FEWEST
    mean = np.where(known, total / np.maximum(kept.sum(0), 1), 0.0)
    middle = np.median(mean[known]) if known.any() else 0.0
    return np.where(known, mean - middle, 0.0).astype(np.float32)


def _unlit(ordered, noise):
    """How many of the values (m, ny, nx), sorted along the frames, are not a star's."""
    count = np.isfinite(ordered).sum(0)
    dark = np.take_along_axis(ordered, (DARK_SHARE * np.maximum(count - 1, 0)).astype(int)[None], axis=0)
    return (ordered <= dark + LIT * noise).sum(0)


def _noise(stack):
    """Noise of a pixel, DN: median over the frames of half their 16-84% range; inf where nothing is usable."""
    found = [np.nanpercentile(frame[::4, ::4], (16, 84)) for frame in stack[::4] if np.isfinite(frame[::4, ::4]).any()]
    return np.median([(high - low) / 2 for low, high in found]) if found else np.inf


def _between(i, middles, patterns):
    """The pattern of frame ``i``: linear between the two nearest blocks, constant beyond the outermost."""
    k = int(np.clip(np.searchsorted(middles, i) - 1, 0, max(len(middles) - 2, 0)))
    if len(middles) == 1:
        return patterns[0]
    share = np.float32(np.clip((i - middles[k]) / (middles[k + 1] - middles[k]), 0, 1))
    return patterns[k] * (1 - share) + patterns[k + 1] * share
