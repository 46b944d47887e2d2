"""How good measured stars are, against the truth and the bound of Cramer and Rao.

    found = match(measured, answer)
    scatter(found, answer.alone)                 by signal to noise

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
SNR_BINS = (5, 10, 20, 50, 100, 200)
LISTED = 7.0
"""Quoted signal to noise from which a source is taken to be in a catalog."""

FULL = 5
"""Frames that see a star where the scan is complete: six, sometimes seven, five where an edge drifts."""

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
        """star and source rows of the stars at ``keep`` (bool) whose flux has this origin."""
        chosen = keep[self.star] & (self.measured.origin[self.source] == origin)
        return self.star[chosen], self.source[chosen]


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


def robust(values):
    """Half the range of the middle 68 %."""
    return float(np.subtract(*np.percentile(values, [84.13, 15.87])) / 2) if len(values) > 4 else np.nan


def zero_point(found, low=50, high=1000):
    """Magnitudes measured minus true, of stars alone between these S/N: what calibration left."""
    star, source = found.pairs(_usable(found.answer) & _between(found.answer.bound.lone.snr, low, high))
    return float(np.median(found.measured.mag[source] - found.answer.mag[star])) if len(star) else np.nan


def _usable(answer):
    return answer.alone & (answer.bound.frames >= FULL)


def _between(values, low, high):
    return (values >= low) & (values < high)


def completeness(found, snr=10.0, bins=SNR_BINS):
    """Share of the stars above ``snr`` (of the lone bound) that were found, and the number of them."""
    wanted = (found.answer.bound.lone.snr >= snr) & (found.answer.bound.frames >= FULL)
    got = np.zeros(len(wanted), bool)
    got[found.star] = True
    return float(got[wanted].mean()), int(wanted.sum())


def false_sources(found, least=LISTED):
    """Share of the listed sources that no star explains, and the number of them all."""
    listed = found.measured.snr >= least
    return float(listed[found.false].sum() / max(listed.sum(), 1)), int(listed.sum())


def deviations(found, keep, errors, zero=0.0):
    """Flux errors of the matched stars at ``keep`` in units of their bound (Errors): star rows, deviations."""
    star, source = found.pairs(keep)
    ratio = 10 ** (-0.4 * (found.measured.mag[source] - zero - found.answer.mag[star]))
    return star, (ratio - 1) / errors.flux[star]


def scatter(found, keep, errors, bins, zero=0.0):
    """By S/N of ``errors``: low, high, robust scatter and rms in units of the bound, median, share beyond 5, number.

    The first row is for all bins together.
    """
    star, deviation = deviations(found, keep & (found.answer.bound.frames >= FULL), errors, zero)
    snr, rows = errors.snr[star], []
    for low, high in [(bins[0], bins[-1]), *zip(bins[:-1], bins[1:])]:
        d = deviation[_between(snr, low, high)]
        if len(d):
            rows.append((low, high, robust(d), float(np.sqrt(np.mean(d**2))), float(np.median(d)),
                         float(np.mean(np.abs(d) > 5)), len(d)))  # fmt: skip
    return rows


def bias(found, keep, snr, zero=0.0):
    """Median of magnitudes measured minus true of the stars at ``keep`` above ``snr``, its error, their number."""
    star, source = found.pairs(keep & (snr >= 10) & (found.answer.bound.frames >= FULL))
    d = found.measured.mag[source] - zero - found.answer.mag[star]
    return (float(np.median(d)), 1.25 * robust(d) / np.sqrt(len(d)), len(d)) if len(d) else (np.nan, np.nan, 0)


def bright_scatter(found, keep, snr, zero=0.0, above=200):
    """Robust scatter (mag) of the stars at ``keep`` above this S/N, and their number."""
    star, source = found.pairs(keep & (snr >= above) & (found.answer.bound.frames >= FULL))
    d = found.measured.mag[source] - zero - found.answer.mag[star]
    return robust(d), len(d)


def pull(found, keep, snr, zero=0.0):
    """Robust width of (measured - true) / quoted error above S/N 10, and the number of stars."""
    star, source = found.pairs(keep & (snr >= 10) & (found.answer.bound.frames >= FULL))
    d = (found.measured.mag[source] - zero - found.answer.mag[star]) / found.measured.mag_err[source]
    return robust(d), len(d)


def places(found, keep, errors, low=10, high=200):
    """Astrometry without the error of the reference frame: robust scatter in units of the bound between these S/N,
    their number, and scatter of the brighter ones in mas, their number (each star counts once, both axes)."""
    star, source = found.pairs(keep & (found.answer.bound.frames >= FULL) & (errors.snr >= low))
    offset = _offsets(found, star, source)
    offset = offset - _frame(found, star, offset, errors.snr[star])
    middle, bright = errors.snr[star] < high, errors.snr[star] >= high
    sigma = np.column_stack([errors.x[star], errors.y[star]])
    return (robust((offset / sigma)[middle].ravel()), int(middle.sum()),
            1000 * robust(offset[bright].ravel()), int(bright.sum()))  # fmt: skip


def _offsets(found, star, source):
    a, m = found.answer, found.measured
    return np.column_stack([m.east[source] - a.east[star], m.north[source] - a.north[star]])


def _frame(found, star, offset, snr):
    """The smooth part of ``offset`` (n, 2): polynomials along the scan, linear across it."""
    if len(star) < 12:
        return np.median(offset, axis=0) if len(star) else 0.0
    along, across = found.answer.north[star], found.answer.east[star] / 250
    degree = int(min(2 + np.ptp(along) / 1500, len(star) / 15))
    base = np.polynomial.legendre.legvander(along / np.abs(along).max(), degree)
    base = np.column_stack([base, base[:, :3] * across[:, None]])
    sigma = np.hypot(1.4 / snr, 0.01)
    weight = 1 / sigma
    for _ in range(3):
        fit = np.linalg.lstsq(base * weight[:, None], offset * weight[:, None], rcond=None)[0]
        weight = (np.abs(offset - base @ fit).max(axis=1) < 4 * sigma) / sigma
    return base @ fit


def by_magnitude(found, origin, edges, zero=0.0):
    """For stars whose flux has this origin: low, high, median of measured minus true, robust scatter, number."""
    star, source = found.pairs(found.answer.bound.frames >= 3, origin)
    d, mag, rows = found.measured.mag[source] - zero - found.answer.mag[star], found.answer.mag[star], []
    for low, high in zip(edges[:-1], edges[1:]):
        part = d[_between(mag, low, high)]
        if len(part):
            rows.append((low, high, float(np.median(part)), robust(part), len(part)))
    return rows


def limit(found, keep, zero=0.0):
    """Magnitude at which the scatter of the stars at ``keep`` is a tenth of the flux (from those of S/N 7 to 15)."""
    snr = found.answer.bound.lone.snr
    star, source = found.pairs(keep & _between(snr, 7, 15) & (found.answer.bound.frames >= FULL))
    true = 10 ** (-0.4 * found.answer.mag[star])
    spread = robust(10 ** (-0.4 * (found.measured.mag[source] - zero)) - true)
    return float(-2.5 * np.log10(10 * spread)), len(star)
