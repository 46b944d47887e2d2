"""How good a classifier is on scenes that it was not trained on: completeness, reliability, and whether its
probabilities are frequencies."""

import numpy as np

from processing.config import survey
from processing.extended.features import BAND
from processing.extended.training.learn import extended_rows, galaxy_rows

LIMITS = (15.0, 14.2, 13.5)
"""Magnitudes J, H, Ks to which galaxies have to be found (Level 1 requirements)."""

RANGES = ((5.0, 10.0), (10.0, 20.0), (20.0, 30.0), (30.0, 90.0))
"""Galactic latitudes for which figures are given, deg."""

FAINTER = 1.3
"""Magnitudes by which the light within 2 arcsec of a galaxy is fainter than all of it, or less."""

BINS = (0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0)
"""Edges of the bins of probability."""


def judged(samples, trained):
    """Probabilities of being extended and of being a galaxy of all candidates: two arrays (n,)."""
    rows = np.concatenate([one.bands for one in samples])
    odds = trained.band.log_odds(rows.reshape(-1, len(BAND))).reshape(rows.shape[:2])
    odds[np.isnan(rows[:, :, -1])] = np.nan
    extended = trained.extended.log_odds(extended_rows(samples, odds))
    galaxy = trained.galaxy.log_odds(galaxy_rows(samples, extended))
    return tuple(1 / (1 + np.exp(-np.clip(one, -30, 30))) for one in (extended, galaxy))


def figures(samples, trained):
    """What the scores are worth on Samples: {"extended": ..., "galaxy": ...}, for either probability "curve" and
    "ranges", one for each of RANGES, of what has the score of a source of the catalog."""
    found, least = {}, 2 - survey().extended_release.score
    for name, probability in zip(("extended", "galaxy"), judged(samples, trained)):
        scenes = _apart(samples, probability)
        ranges = []
        for low, high in RANGES:
            here = [pair for pair in scenes if low <= pair[0].latitude < high]
            ranges.append({"latitude": [low, high], **of_range(here, least)})
        found[name] = {"curve": curve(scenes), "ranges": ranges}
    return found


def _apart(samples, probability):
    """Pairs of a Sample and the probabilities of its candidates."""
    ends = np.cumsum([len(one.label) for one in samples])[:-1]
    return list(zip(samples, np.split(probability, ends)))


def curve(scenes):
    """[candidates, how many of equal weight would scatter like them, mean probability, share that are galaxies] in each
    of BINS, in their natural numbers."""
    label = np.concatenate([one.label for one, _ in scenes])
    weight = np.concatenate([one.weight / one.weight.sum() for one, _ in scenes])
    probability = np.concatenate([p for _, p in scenes])
    where = np.clip(np.searchsorted(BINS, probability, side="right") - 1, 0, len(BINS) - 2)
    counts = np.bincount(where, minlength=len(BINS) - 1)
    total, mean, share = (np.bincount(where, weight * one, len(BINS) - 1) for one in (1.0, probability, label))
    known, squares = np.maximum(total, 1e-12), np.maximum(np.bincount(where, weight**2, len(BINS) - 1), 1e-24)
    columns = zip(counts, total**2 / squares, mean / known, share / known)
    return [[int(n), round(float(alike), 1), *_rounded(p, f)] for n, alike, p, f in columns]


def of_range(scenes, least):
    """Figures of pairs of a Sample and probabilities.

    scenes, galaxies (J, H, Ks): how many there are; reliability: share of galaxies, in their natural number, among
    candidates of probability ``least`` whose light within 2 arcsec is at most FAINTER than LIMITS in any band;
    completeness: share of the galaxies with total magnitudes brighter than LIMITS, band by band, that are candidates of
    this probability; found: that are candidates at all.
    """
    kept, true, chosen, found = np.zeros(2), np.zeros(3), np.zeros(3), np.zeros(3)
    for one, probability in scenes:
        sure = probability >= least
        listed = sure & (one.magnitudes < np.array(LIMITS) + FAINTER).any(axis=1)
        kept += (one.weight * listed) @ np.stack([one.label, np.ones(len(listed))], axis=1)
        bright, is_galaxy = one.true < np.array(LIMITS), one.galaxy >= 0
        true += bright.sum(axis=0)
        chosen += bright[np.unique(one.galaxy[is_galaxy & sure])].sum(axis=0)
        found += bright[np.unique(one.galaxy[is_galaxy])].sum(axis=0)
    reliability = _rounded(kept[0] / kept[1])[0] if kept[1] else None
    complete, detected = (_rounded(*(count / np.maximum(true, 1))) for count in (chosen, found))
    return {"scenes": len(scenes), "galaxies": true.astype(int).tolist(), "reliability": reliability,
            "completeness": complete, "found": detected}  # fmt: skip


def _rounded(*values):
    return [round(float(value), 4) for value in values]
