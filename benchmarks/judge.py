"""How good measured stars are, against the truth and the bound of Cramer and Rao.

    found = match(measured, answer)
    completeness(found), false_sources(found)

A star of the truth and a listed source belong together when they are within MATCH arcsec and MATCH_MAG magnitudes:
the brightest star chooses first, the nearest source that is left. A source that no star chose is false unless the
true stars left over within EXPLAIN arcsec have together at least its light less EXPLAIN_MAG magnitudes (a blend, or
a star badly measured), or a galaxy is there.
"""

from dataclasses import dataclass, fields

import numpy as np
from scipy.spatial import cKDTree

MATCH, MATCH_MAG = 1.5, 1.0
EXPLAIN, EXPLAIN_MAG = 2.0, 1.5
LISTED = 7.0
"""Quoted signal to noise from which a source is taken to be in a catalog."""

FULL = 5
"""Frames that see a star where the scan is complete: six, sometimes seven, five where an edge drifts."""

HALF_WIDTH = 240.0
"""Arcsec from the middle of the scan to where all arrays see a star whole; releases leave out a border of 10 arcsec."""

MAG = 2.5 / np.log(10)


@dataclass(frozen=True)
class Measured:
    """Sources of a band: ``east``, ``north`` (arcsec, as in Answer), ``mag``, ``mag_err``, ``origin`` (rd_flg)."""

    east: np.ndarray
    north: np.ndarray
    mag: np.ndarray
    mag_err: np.ndarray
    origin: np.ndarray

    def __len__(self):
        return len(self.mag)

    @property
    def snr(self):
        """As quoted."""
        return MAG / self.mag_err

    def select(self, keep):
        return Measured(*(getattr(self, f.name)[keep] for f in fields(self)))


@dataclass(frozen=True)
class Found:
    """Which star is which source. ``star``, ``source``: rows; ``left``: rows of sources that no star chose; ``false``:
    those among them that nothing explains."""

    answer: object
    measured: Measured
    star: np.ndarray
    source: np.ndarray
    left: np.ndarray
    false: np.ndarray

    def pairs(self, keep, origin=2):
        """star and source rows of the stars at ``keep`` (bool) whose flux has this origin, and which the scan sees
        completely."""
        wanted = keep & complete(self.answer)
        chosen = wanted[self.star] & (self.measured.origin[self.source] == origin)
        return self.star[chosen], self.source[chosen]


def complete(answer):
    """Which stars lie where the scan is complete, bool."""
    return (answer.bound.frames >= FULL) & (np.abs(answer.east) < HALF_WIDTH)


def match(measured, answer):
    """The Found of a Measured list and an Answer."""
    stars, sources = (np.column_stack([t.east, t.north]) for t in (answer, measured))
    near = cKDTree(sources).query_ball_point(stars, MATCH)
    taken, star, source = np.zeros(len(sources), bool), [], []
    for k, candidates in enumerate(near):
        best = _nearest(k, [c for c in candidates if not taken[c]], stars, sources, answer.mag, measured.mag)
        if best is not None:
            taken[best] = True
            star.append(k)
            source.append(best)
    star, source, left = np.array(star, int), np.array(source, int), np.flatnonzero(~taken)
    explained = _explained(answer, star, sources[left], measured.mag[left])
    return Found(answer, measured, star, source, left, left[~explained])


def _nearest(k, candidates, stars, sources, true, mag):
    close = [c for c in candidates if abs(mag[c] - true[k]) < MATCH_MAG]
    return min(close, key=lambda c: np.hypot(*(sources[c] - stars[k])), default=None)


def _explained(answer, star, places, mag):
    free = np.ones(len(answer.mag), bool)
    free[star] = False
    stars = np.column_stack([answer.east, answer.north, answer.mag])[free]
    stars = np.concatenate([stars, answer.faint])
    tree, light = cKDTree(stars[:, :2]), 10 ** (-0.4 * stars[:, 2])
    total = np.array([light[near].sum() for near in tree.query_ball_point(places, EXPLAIN)])
    explained = total >= 10 ** (-0.4 * (mag + EXPLAIN_MAG))
    if len(answer.galaxies):
        apart, which = cKDTree(answer.galaxies[:, :2]).query(places)
        explained |= apart < EXPLAIN + 3 * answer.galaxies[which, 2]
    return explained


def completeness(found, keep=True, snr=10.0):
    """Share of the stars above ``snr`` (of the lone bound) at ``keep`` that were found, and the number of them."""
    wanted = (found.answer.bound.lone.snr >= snr) & complete(found.answer) & keep
    got = np.zeros(len(wanted), bool)
    got[found.star] = True
    return float(got[wanted].mean()) if wanted.any() else np.nan, int(wanted.sum())


def false_sources(found, least=LISTED):
    """Share of the listed sources that nothing explains, and the number of them all."""
    listed = (found.measured.snr >= least) & (np.abs(found.measured.east) < HALF_WIDTH)
    return float(listed[found.false].sum() / max(listed.sum(), 1)), int(listed.sum())
