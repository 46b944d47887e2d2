"""Sensitivity, precision and uniformity of magnitudes of galaxies, in the circle of 7 arcsec and the K20 ellipse."""

import numpy as np

from processing.config import survey
from processing.validate.apparitions import LETTERS
from processing.validate.figure import CATALOG, REPEATS, SCIENCE_REPEATS, TRUTH, Figure, ranges
from processing.validate.galaxies.evidence import CIRCLE, ISOPHOTE, clean, error, latitude, magnitude
from processing.validate.repeats import science_repeats
from processing.validate.sensitivity import scatter_curve
from processing.validate.statistics import (
    SCATTER_ERROR, about_zero, bootstrap, largest, scatter, symmetric, typical, unknown, weighted_median,
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
UNIFORM = (
    "Galaxies of S/N above 20 in the 7 arcsec circle: {how} {what}")
PAIRS = "From the mean of the scans that see the galaxy, for the number of them (for two, the difference over root 2)."
TRUE = "From what a perfect camera would measure of the simulated galaxy, the median of all taken out."
LARGEST = "The largest; its interval reaches down by what errors alone add to the largest of several numbers."
TYPICAL = "Their root mean square, what errors add taken off."
OVERLAPS = "weighted median of the magnitude differences of two scans that have three of them or more in common."
OFFSETS = "weighted median of measured minus true in each scan that has five of them or more."


def figures(evidence):
    """The Figures of every band and aperture: from repeats, and from the truth if there is one."""
    found = []
    for k in range(len(LETTERS)):
        for aperture in (CIRCLE, ISOPHOTE):
            found += _figures(REPEATS, SCIENCE_REPEATS, PAIRS, k, aperture, *_repeated(evidence.galaxies, k, aperture))
            if evidence.galaxies.truth is not None:
                found += _figures(TRUTH, CATALOG, TRUE, k, aperture, *_against_truth(evidence.galaxies, k, aperture))
        found += _uniformity(REPEATS, k, OVERLAPS, overlap_offsets(evidence.galaxies, k), np.sqrt(0.5))
        if evidence.galaxies.truth is not None:
            found += _uniformity(TRUTH, k, OFFSETS, scan_offsets(evidence.galaxies, k), 1.0)
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


def overlap_offsets(galaxies, k):
    """Differences of scans that have galaxies in common, second minus first: {names: (mag, error, galaxies)}."""
    rows, offsets = galaxies.apparitions, {}
    good = _bright(rows, k) & rows["selected"].astype(bool) if len(rows) else np.zeros(0, bool)
    repeats = science_repeats(rows, good)
    pairs = np.flatnonzero(repeats.size == 2).reshape(-1, 2)
    found = repeats.sources
    for block in np.unique(repeats.block[pairs[:, 0]]):
        one, other = pairs[repeats.block[pairs[:, 0]] == block].T
        one, other = np.where(found.scan[one] < found.scan[other], (one, other), (other, one))
        values, sigma = magnitude(found, CIRCLE, k), error(found, CIRCLE, k)
        offset = _middle(values[other] - values[one], np.hypot(sigma[one], sigma[other]))
        if offset is not None:
            offsets[tuple(found.scans[found.scan[rows[0]]] for rows in (one, other))] = (*offset, len(one))
    return offsets


def scan_offsets(galaxies, k):
    """Measured minus true in each scan: {name: (mag, error, galaxies)}; the median of all scans is taken out."""
    rows = galaxies.catalog.where(_bright(galaxies.catalog, k))
    row = galaxies.truth.counterparts(rows)
    rows, row = rows.where(row >= 0), row[row >= 0]
    difference, sigma = magnitude(rows, CIRCLE, k) - galaxies.truth.circle[row, k], error(rows, CIRCLE, k)
    known = np.isfinite(difference)
    middle, offsets = np.median(difference[known]) if known.any() else 0.0, {}
    for scan in np.unique(rows.scan[known]):
        part = known & (rows.scan == scan)
        offset, spread = weighted_median(difference[part] - middle, sigma[part])
        if np.isfinite(offset):
            offsets[rows.scans[scan]] = (offset, spread, int(part.sum()))
    return offsets


def _bright(rows, k):
    """Clean ones of high S/N in the circle."""
    limit = 2.5 / np.log(10) / survey().validate_extended.uniformity_snr
    return clean(rows, CIRCLE, k) & (error(rows, CIRCLE, k) <= limit)


def _middle(values, sigma):
    """Weighted mean of few values and its error, at least what their scatter asks for; None for too few."""
    if len(values) < survey().validate_extended.fewest:
        return None
    weight = 1 / sigma**2
    mean = float((weight * values).sum() / weight.sum())
    pull = np.sqrt((weight * (values - mean) ** 2).sum() / (len(values) - 1))
    return mean, float(max(pull, 1.0) / np.sqrt(weight.sum()))


def _uniformity(basis, k, how, offsets, scale):
    """The largest difference, of which something is required, and the typical one of a scan."""
    rows = {"overlaps": [{"scans": str(name), "offset": round(offset, 5), "error": round(spread, 5), "galaxies": number}
                         for name, (offset, spread, number) in offsets.items()]}  # fmt: skip
    what = "difference of scans that overlap" if basis == REPEATS else "error of a scan"
    common = {"item": "extended_uniformity", "band": k, "basis": basis, "unit": "mag"}
    return [
        Figure(measure=f"extended largest {basis}", quantity=f"largest {what}", sense="<", detail=rows,
               estimate=_told(offsets, largest), threshold=survey().validate_extended.uniformity,
               method=UNIFORM.format(how=how, what=LARGEST), **common),
        Figure(measure="extended typical", quantity="zero point of a scan, 1 sigma", sense="<",
               estimate=_told(offsets, typical, scale), threshold=survey().validate_extended.uniformity,
               method=UNIFORM.format(how=how, what=TYPICAL), **common),
    ]  # fmt: skip


def _told(offsets, function, scale=1.0):
    """``scale`` times ``function`` of offsets and errors; of a single one nothing can be told."""
    if len(offsets) < 2:
        return unknown(sum(number for _, _, number in offsets.values()))
    value, spread, number = np.array(list(offsets.values())).T
    found = function(value, spread)
    return type(found)(scale * found.value, scale * found.low, scale * found.high, int(number.sum()))
