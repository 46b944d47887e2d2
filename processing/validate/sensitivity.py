"""Photometric sensitivity: the magnitude at which single measurements scatter by a tenth.

As the survey did it: stars of the calibration fields, measured six times in a visit, tell at which distance from the
limit that a scan states (its magnitude of S/N 10, which follows its seeing, background and zero point) the scatter is
0.109 mag; the same distance then holds for every science scan. With a truth, what the catalog's magnitudes differ by
from it tells the same.
"""

import numpy as np

from processing.config import survey
from processing.validate.figure import REPEATS, TRUTH, Figure
from processing.validate.apparitions import LETTERS
from processing.validate.repeats import visit_repeats, visits
from processing.validate.statistics import bootstrap, medians, robust, symmetric, unknown

STEP, FEWEST = 0.1, 20
"""Of the magnitudes at which the scatter is told, and the fewest measurements for it."""

FROM, UPTO = 0.4, {REPEATS: 1.15, TRUTH: 0.85}
"""The law is fitted where the scatter, in units of the one that is looked for, is between these, from the bright side:
it is straight there. Farther on, bins of the catalog hold stars of which those that were measured too faint are
missing; the lists of calibration scans go deeper."""

DRAWS = 60

REPEATS_METHOD = (
    "Stars alone, measured in at least four of the six scans of a visit to a calibration field at |b| > 10: "
    "robust scatter of a measurement (half the range of the middle 68%) in bins of 0.5 mag, by distance from "
    "the limit of its scan; where it is 0.109 mag is 10 sigma. That distance, added to the limit of every "
    "science scan at |b| > 10 (seeing, background and zero point are in it), gives the limits; the figure is "
    "that of the least sensitive scan.")
TRUTH_METHOD = (
    "The same from what magnitudes of lone stars of the catalog differ by from the true ones (median of each "
    "scan taken out).")


def figures(evidence):
    """One Figure a band and source."""
    found = [_figure(evidence, k, REPEATS, REPEATS_METHOD, _from_visits(evidence, k)) for k in range(len(LETTERS))]
    if evidence.truth is not None:
        found += [_figure(evidence, k, TRUTH, TRUTH_METHOD, _from_truth(evidence, k)) for k in range(len(LETTERS))]
    return found


def ten_sigma(x, deviation, upto=UPTO[TRUTH]):
    """Where deviations (n,) of sources at ``x`` (n,), mag, scatter by 0.109; NaN when that is outside what is seen."""
    centre, scatter, _ = scatter_curve(x, deviation)
    wanted = survey().validate.ten_sigma
    if not len(scatter) or scatter[0] > wanted or not (scatter > wanted).any():
        return np.nan
    beyond = np.append(np.flatnonzero(scatter > wanted * upto), len(scatter))[0]
    near = (scatter > wanted * FROM) & (np.arange(len(scatter)) <= beyond)
    if near.sum() < 3:
        return np.nan
    slope, start = np.polyfit(centre[near], np.log10(scatter[near]), 1)
    return float((np.log10(wanted) - start) / slope) if slope > 0 else np.nan


def scatter_curve(x, deviation):
    """Centres of bins of 0.5 mag that follow each other closely, the scatter of a measurement in each, their numbers.

    Within a bin the scatter is taken to its centre as it grows where the sky's noise rules: with the flux.
    """
    if not len(x):
        return np.zeros((3, 0))
    half, order = survey().validate.bin / 2, np.argsort(x)
    x, deviation = x[order], deviation[order]
    centres = STEP * np.arange(np.ceil(x[0] / STEP), np.floor(x[-1] / STEP) + 1)
    rows = []
    for centre in centres:
        first, last = np.searchsorted(x, [centre - half, centre + half])
        if last - first >= FEWEST:
            part = slice(first, last)
            rows.append((centre, robust(deviation[part] * 10 ** (-0.4 * (x[part] - centre))), last - first))
    return np.array(rows).reshape(-1, 3).T


def _figure(evidence, k, basis, method, found):
    """``found``: x, deviation, number of the star and of the visit (or None) of measurements."""
    x, deviation, star, visit = found
    distance = _distance(x, deviation, star, visit, UPTO[basis])
    limits = _science_limits(evidence, k)
    deepest = min(limits.values(), default=np.nan)
    otherwise = unknown(len(np.unique(star)) if limits else 0)
    estimate = distance.shifted(deepest) if distance.known and limits else otherwise
    detail = {"limits": {name: round(limit + distance.value, 4) for name, limit in limits.items() if distance.known},
              "distance": distance.value, "curve": _curve(x, deviation), "typical_limit": _typical(limits)}  # fmt: skip
    return Figure("sensitivity", "sensitivity", "10 sigma in the least sensitive scan", k, basis, estimate, method,
                  "mag", ">", survey().scan_quality.limit[k], detail)  # fmt: skip


def _distance(x, deviation, star, visit, upto):
    """The Estimate of the distance from the stated limit to 10 sigma, mag."""
    value = ten_sigma(x, deviation, upto)
    if np.isnan(value):
        return unknown(len(np.unique(star)))
    both = np.column_stack([x, deviation])
    error = bootstrap(lambda rows: ten_sigma(*rows.T, upto), both, star, DRAWS)
    if visit is not None:
        single = [ten_sigma(x[visit == one], deviation[visit == one], upto) for one in np.unique(visit)]
        single = [one for one in single if np.isfinite(one)]
        error = max(error, np.std(single, ddof=1) / np.sqrt(len(single))) if len(single) > 2 else error
    near = np.abs(x - value) < survey().validate.bin
    return symmetric(value, error, len(np.unique(star[near])))


def _from_visits(evidence, k):
    apparitions, rules = evidence.apparitions, survey().validate
    good = apparitions.fitted(k)
    good[good] &= apparitions.where(good).high_latitude
    repeats = visit_repeats(apparitions, good, rules.visit_scans)
    found = repeats.sources
    if not len(repeats):
        return np.zeros((4, 0))
    magnitude = found.band("m", k).astype(float)
    deviation = repeats.deviations(magnitude)
    x = repeats.mean(magnitude - apparitions.limit(k)[found.scan])
    known = np.isfinite(deviation) & np.isfinite(x)
    visit = visits(found, repeats.star)
    return x[known], deviation[known], repeats.star[known], visit[known]


def _from_truth(evidence, k):
    catalog = evidence.catalog
    catalog = catalog.where(catalog.fitted(k))
    row = evidence.truth.counterparts(catalog["ra"], catalog["dec"], k)
    catalog, row = catalog.where(row >= 0), row[row >= 0]
    true = evidence.truth.mag[row, k]
    deviation = catalog.band("m", k) - true
    deviation -= medians(deviation, catalog.scan, len(catalog.scans))[catalog.scan]
    x = true - evidence.catalog.limit(k)[catalog.scan]
    return x, deviation, np.arange(len(x)), None


def _science_limits(evidence, k):
    """Stated limits of the science scans at high latitude in band ``k``, by name."""
    latitude, column = survey().validate.latitude, f"{LETTERS[k]}_limit"
    return {f"{row['date']}{row['hemis']} {row['scan']:03d}": row[column] for row in evidence.scans
            if row[column] is not None and abs(row["glat"]) > latitude}  # fmt: skip


def _typical(limits):
    return float(np.median(list(limits.values()))) if limits else None


def _curve(x, deviation):
    centre, scatter, count = scatter_curve(x, deviation)
    return {"x": np.round(centre, 2).tolist(), "scatter": np.round(scatter, 5).tolist(), "count": count.tolist()}
