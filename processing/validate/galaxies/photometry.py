"""Sensitivity and precision of the magnitudes of galaxies, in the circle of 7 arcsec and the K20 ellipse."""

import numpy as np

from processing.config import survey
from processing.validate.apparitions import LETTERS
from processing.validate.figure import CATALOG, REPEATS, SCIENCE_REPEATS, TRUTH, Figure, ranges
from processing.validate.galaxies.evidence import CIRCLE, ISOPHOTE, clean, error, latitude, magnitude
from processing.validate.repeats import science_repeats
from processing.validate.sensitivity import scatter_curve
from processing.validate.statistics import (
    SCATTER_ERROR, about_zero, bootstrap, scatter, symmetric, unknown,
)  # fmt: skip

WORDS = {CIRCLE: "7 arcsec circle", ISOPHOTE: "K20 ellipse"}
MAG = 2.5 / np.log(10)
"""mag for a factor e."""

H = 1
"""Number of the band in which precision is required."""

WINDOW = (-1.0, 0.25)
"""mag about 10 sigma in which galaxies tell it; fainter ones are listed only when they were measured too bright."""

FEWEST, AT_LIMIT = 10, 3
"""Galaxies that there must be in it, and within 0.25 mag of its end."""

SENSITIVE = (
    "Galaxies at |b| > 10 with a clean magnitude in the {aperture}: where 68% of the measurements deviate by at most "
    "0.109 mag is 10 sigma, from galaxies up to 1 mag brighter whose deviations are taken there as the sky's noise "
    "grows. {how}")
PRECISE = (
    "The same galaxies, {ranges}: what 68% of the measurements deviate by at most. {how}")
PAIRS = "From the mean of the scans that see the galaxy, for the number of them (for two, the difference over root 2)."
TRUE = "From what a perfect camera would measure of the simulated galaxy, the median of all taken out."


def figures(evidence):
    """The Figures of every band and aperture: from repeats, and from the truth if there is one."""
    found = []
    for k in range(len(LETTERS)):
        for aperture in (CIRCLE, ISOPHOTE):
            found += _figures(REPEATS, SCIENCE_REPEATS, PAIRS, k, aperture, *_repeated(evidence.galaxies, k, aperture))
            if evidence.galaxies.truth is not None:
                found += _figures(TRUTH, CATALOG, TRUE, k, aperture, *_against_truth(evidence.galaxies, k, aperture))
    return found


def _repeated(galaxies, k, aperture):
    """Mean magnitudes, deviations and errors of measurements of galaxies that several scans see, the galaxy's number,
    and the degrees of freedom of a mask of them."""
    rows = galaxies.apparitions
    good = clean(rows, aperture, k) & rows["selected"].astype(bool) if len(rows) else np.zeros(0, bool)
    good[good] &= latitude(rows.where(good)) > survey().validate.latitude
    repeats = science_repeats(rows, good)
    values = magnitude(repeats.sources, aperture, k)
    deviation = repeats.deviations(values, offsets=False)
    return repeats.mean(values), deviation, error(repeats.sources, aperture, k), repeats.star, repeats.freedom


def _against_truth(galaxies, k, aperture):
    rows = galaxies.catalog.where(clean(galaxies.catalog, aperture, k))
    rows = rows.where(latitude(rows) > survey().validate.latitude)
    row = galaxies.truth.counterparts(rows)
    rows, row = rows.where(row >= 0), row[row >= 0]
    true = (galaxies.truth.circle if aperture == CIRCLE else galaxies.truth.isophote)[row, k]
    deviation = magnitude(rows, aperture, k) - true
    known = np.isfinite(deviation)
    deviation = deviation[known] - (np.median(deviation[known]) if known.any() else 0.0)
    return true[known], deviation, error(rows, aperture, k)[known], np.arange(known.sum()), lambda kept: int(kept.sum())


def _figures(basis, where, how, k, aperture, x, deviation, sigma, star, freedom):
    """Sensitivity and precision from deviations (n,) of measurements of magnitude ``x``, errors ``sigma``."""
    words = WORDS[aperture]
    return [_sensitivity(basis, where, how, k, aperture, words, x, deviation, star),
            _precision(basis, where, how, k, aperture, words, x, deviation, sigma, star, freedom)]  # fmt: skip


def _sensitivity(basis, where, how, k, aperture, words, x, deviation, star):
    value = ten_sigma(x, deviation)
    estimate = unknown(len(np.unique(star)))
    if np.isfinite(value):
        near = in_window(x, value)
        relative = bootstrap(about_zero, _at(value, x[near], deviation[near]), star[near]) / survey().validate.ten_sigma
        galaxies = len(np.unique(star[near]))
        estimate = symmetric(value, MAG * max(relative, SCATTER_ERROR / np.sqrt(galaxies)), galaxies)
    centre, found, count = scatter_curve(x, deviation)
    curve = {"x": np.round(centre, 2).tolist(), "scatter": np.round(found, 5).tolist(), "count": count.tolist()}
    required = aperture == CIRCLE
    return Figure("extended_sensitivity", f"extended sensitivity {aperture}", f"10 sigma in the {words}, {where}", k,
                  basis, estimate, SENSITIVE.format(aperture=words, how=how), "mag", ">" if required else None,
                  survey().validate_extended.limit[k] if required else None, {"curve": curve})  # fmt: skip


def ten_sigma(x, deviation):
    """Magnitude at which deviations (n,) of galaxies of magnitude ``x`` (n,) scatter by 0.109; NaN when too few of them
    are about there.

    What 68% of them are nearer to zero than, each taken to that magnitude as it grows where the sky's noise rules.
    """
    value = np.median(x) if len(x) else np.nan
    for _ in range(40):
        near = in_window(x, value)
        if near.sum() < FEWEST:
            return np.nan
        step = MAG * np.log(survey().validate.ten_sigma / max(about_zero(_at(value, x[near], deviation[near])), 1e-6))
        value += np.clip(step, -0.3, 0.3)
        if abs(step) < 1e-3:
            break
    enough = (np.abs(x - value) < WINDOW[1]).sum() >= AT_LIMIT and abs(step) < 0.05
    return float(value) if enough else np.nan


def in_window(x, value):
    """Which galaxies tell where 10 sigma is, if it is at ``value``."""
    return (x - value > WINDOW[0]) & (x - value < WINDOW[1])


def _at(value, x, deviation):
    """Deviations as they would be of galaxies of magnitude ``value``."""
    return deviation * 10 ** (-0.4 * (x - value))


def _precision(basis, where, how, k, aperture, words, x, deviation, sigma, star, freedom):
    rules = survey().validate_extended
    kept = (x > rules.precision_from[k]) & (x < rules.precision_to[k]) & np.isfinite(deviation)
    estimate = scatter(deviation[kept], star[kept], freedom(kept) if len(x) else 0)
    told = ranges(lambda n: (rules.precision_from[n], rules.precision_to[n]))
    pull = about_zero((deviation / sigma)[kept])
    detail = {"pull": pull, "curve": _curve(x, deviation)}
    return Figure("extended_precision", f"extended precision {aperture}", f"scatter in the {words}, {where}", k, basis,
                  estimate, PRECISE.format(ranges=told, how=how), "mag", "<" if k == H else None,
                  rules.precision if k == H else None, detail)  # fmt: skip


def _curve(x, deviation, step=0.5):
    number = np.floor(x / step)
    rows = [(step * (n + 0.5), about_zero(deviation[number == n]), int((number == n).sum())) for n in np.unique(number)]
    rows = [(round(float(x), 2), round(y, 5), n) for x, y, n in rows if np.isfinite(y)]
    return {"x": [x for x, _, _ in rows], "scatter": [y for _, y, _ in rows], "count": [n for _, _, n in rows]}
