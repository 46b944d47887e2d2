"""What programs found of extended sources against what is there: completeness, reliability, magnitudes."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from benchmarks.extended_fields import MORE

APART = 5.0
"""Arcsec within which a source is the true galaxy (survey: duplicates of extended sources)."""

PART = 3.0
"""Half-light radii of a galaxy within which what is no galaxy itself is a part of one."""

LIMITS = {"j": 15.0, "h": 14.2, "k": 13.5}
"""mag: the survey's limits for extended sources, S/N 10."""

RANGE = 13.3, 13.8
"""H of the galaxies by which repeatability is judged."""


@dataclass(frozen=True)
class Matched:
    """``found``: Found; ``truth``: columns; ``galaxy``: of each found source the row of its true galaxy, -1 for none;
    ``source``: the reverse; ``part``: no galaxy itself, but within one."""

    found: object
    truth: dict
    galaxy: np.ndarray
    source: np.ndarray
    part: np.ndarray


def match(found, truth):
    """The Matched: the brightest pairs first, one to one."""
    galaxy, source = np.full(len(found.x), -1), np.full(len(truth["x"]), -1)
    part = np.zeros(len(found.x), bool)
    if len(found.x) and len(truth["x"]):
        places = cKDTree(np.column_stack([found.x, found.y]))
        for row in np.argsort(truth["k"]):
            near = [k for k in places.query_ball_point((truth["x"][row], truth["y"][row]), APART) if galaxy[k] < 0]
            if near:
                away = [np.hypot(found.x[k] - truth["x"][row], found.y[k] - truth["y"][row]) for k in near]
                best = near[int(np.argmin(away))]
                galaxy[best], source[row] = row, best
        away = np.hypot(found.x[:, None] - truth["x"], found.y[:, None] - truth["y"])
        part = (galaxy < 0) & (away < PART * truth["reff"]).any(axis=1)
    return Matched(found, truth, galaxy, source, part)


def completeness(matched, low, high, band="k"):
    """Found, and all true galaxies with an isophotal magnitude (K20) between two."""
    found = all_of = 0
    for one in matched:
        wanted = (one.truth[f"{band}_k20"] >= low) & (one.truth[f"{band}_k20"] < high)
        found, all_of = found + int((one.source[wanted] >= 0).sum()), all_of + int(wanted.sum())
    return found, all_of


def reliability(matched, limits):
    """Sources that count for the galaxies, and all of them: of those brighter than a limit (kind -> mag) in any band,
    one that is a galaxy or part of one by 1 / MORE; and how many are neither."""
    true = false = parts = 0
    for one in matched:
        bright = np.any([one.found.magnitudes[kind] < limit for kind, limit in limits.items()], axis=0)
        true += int((bright & (one.galaxy >= 0)).sum())
        parts += int((bright & one.part).sum())
        false += int((bright & (one.galaxy < 0) & ~one.part).sum())
    good = true / MORE
    return good / max(good + parts / MORE + false, 1e-9), true, parts, false


def errors(matched, kind, true, low, high, wanted=None):
    """Found less true magnitude of galaxies whose ``true`` one is between two: of the rows that ``wanted`` (a function
    of the truth) keeps."""
    parts = [np.zeros(0)]
    for one in matched:
        here = (one.source >= 0) & (one.truth[true] >= low) & (one.truth[true] < high)
        here &= np.ones(len(here), bool) if wanted is None else wanted(one.truth)
        parts.append(one.found.magnitudes[kind][one.source[here]] - one.truth[true][here])
    values = np.concatenate(parts)
    return values[np.isfinite(values)]


def bias_and_scatter(values):
    """Median, and half the width of the middle 68%; NaN without values."""
    if len(values) < 3:
        return np.nan, np.nan
    low, middle, high = np.percentile(values, [15.87, 50, 84.13])
    return middle, (high - low) / 2


def repeats(first, second, kind, low, high, true="h_k20"):
    """Differences of galaxies between two exposures over the root of two; both Matched with the same truth."""
    parts = [np.zeros(0)]
    for one, other in zip(first, second):
        here = (one.source >= 0) & (other.source >= 0) & (one.truth[true] >= low) & (one.truth[true] < high)
        parts.append(one.found.magnitudes[kind][one.source[here]] - other.found.magnitudes[kind][other.source[here]])
    values = np.concatenate(parts) / np.sqrt(2)
    return values[np.isfinite(values)]


def ten_sigma(matched, kind, true, step=0.5):
    """Magnitude at which the scatter about the truth reaches 0.1086 mag, between bins linear; the bins: (middle,
    scatter, galaxies)."""
    edges = np.arange(11, 16, step)
    bins = [(low + step / 2, *_scatter(errors(matched, kind, true, low, low + step))) for low in edges]
    known = [(middle, scatter) for middle, scatter, count in bins if count >= 8]
    for (m1, s1), (m2, s2) in zip(known, known[1:]):
        if s1 < 0.1086 <= s2:
            return m1 + (m2 - m1) * (0.1086 - s1) / (s2 - s1), bins
    return np.nan, bins


def _scatter(values):
    return bias_and_scatter(values)[1], len(values)


def best_threshold(matched, limits):
    """The score that a program is best with on these very fields: the largest product of completeness (to Ks 13.5) and
    reliability."""
    scores = np.concatenate([one.found.score for one in matched])
    tried = np.quantile(scores[np.isfinite(scores)], np.linspace(0.002, 1, 200))
    worth = [_worth(matched, score, limits) for score in tried]
    return float(tried[int(np.argmax(worth))])


def _worth(matched, score, limits):
    chosen = [match(one.found.select(one.found.score <= score), one.truth) for one in matched]
    found, all_of = completeness(chosen, 8, LIMITS["k"])
    return found / max(all_of, 1) * reliability(chosen, limits)[0]
