"""Photometric precision: the scatter of a measurement of a bright star that the 1.3 s exposure does not saturate."""

import numpy as np

from processing.config import survey
from processing.validate.apparitions import LETTERS
from processing.validate.figure import CATALOG, REPEATS, SCIENCE_REPEATS, TRUTH, VISITS, Figure, ranges
from processing.validate.repeats import science_repeats, visit_repeats
from processing.validate.statistics import about_zero, medians, rms, scatter

METHOD = (
    "Profile fits of stars alone and unflagged at |b| > 10, {ranges} in the mean of their measurements in "
    "{where}: what 68% of the measurements deviate by at most, from the mean of their star, for the number of "
    "measurements in it (for two, the difference over the root of 2). Offsets between scans are taken out: "
    "they are the uniformity.")
TRUTH_METHOD = (
    "Sources of the same kind in {where}, {ranges} true: what 68% of them deviate by at most from the truth; "
    "the median of each scan is taken out.")


def figures(evidence):
    """Figures of every band: overlaps, visits, and the truth if there is one."""
    found = []
    for k in range(len(LETTERS)):
        for where, repeat in ((SCIENCE_REPEATS, science_repeats), (VISITS, visit_repeats)):
            found.append(_figure(k, REPEATS, where, METHOD, *_repeated(evidence.apparitions, k, repeat)))
        if evidence.truth is not None:
            visits = evidence.apparitions.where(evidence.apparitions["kind"] == "cal")
            for where, some in ((CATALOG, evidence.catalog), (VISITS, visits)):
                found.append(_figure(k, TRUTH, where, TRUTH_METHOD, *_against_truth(some, evidence.truth, k)))
    return found


def _repeated(apparitions, k, repeat):
    """Deviations, errors, magnitudes, blocks and degrees of freedom of the measurements in range."""
    repeats = repeat(apparitions, apparitions.fitted(k) & apparitions.high_latitude)
    magnitude = repeats.sources.band("m", k).astype(float)
    mean, deviation = repeats.mean(magnitude), repeats.deviations(magnitude)
    kept = _in_range(mean, k) & np.isfinite(deviation)
    error = repeats.sources.band("cmsig", k)
    return deviation[kept], error[kept], mean[kept], repeats.block[kept], repeats.freedom(kept)


def _against_truth(sources, truth, k):
    sources = sources.where(sources.fitted(k) & sources.high_latitude)
    row = truth.counterparts(sources["ra"], sources["dec"], k)
    true = np.where(row >= 0, truth.mag[row, k], np.nan)
    kept = _in_range(true, k)
    sources, true = sources.where(kept), true[kept]
    deviation = sources.band("m", k) - true
    deviation = deviation - medians(deviation, sources.scan, len(sources.scans))[sources.scan]
    return deviation, sources.band("cmsig", k), true, sources.scan, len(sources)


def _in_range(magnitude, k):
    rules = survey().validate
    return (magnitude > rules.bright[k]) & (magnitude < rules.faint[k])


def _figure(k, basis, where, method, deviation, error, magnitude, block, freedom):
    rules, value = survey().validate, about_zero(deviation)
    told = ranges(lambda k: (rules.bright[k], rules.faint[k]))
    detail = {"clipped_rms": _clipped(deviation), "pull": about_zero(deviation / error),
              "beyond_four_sigma": float(np.mean(np.abs(deviation) > 4 * value)) if len(deviation) else None,
              "curve": _curve(magnitude, deviation)}  # fmt: skip
    measure = "precision of visits" if where == VISITS else "precision"
    return Figure("precision", measure, f"scatter of a measurement, {where}", k, basis,
                  scatter(deviation, block, freedom), method.format(ranges=told, where=where), "mag", "<",
                  rules.precision, detail)  # fmt: skip


def _clipped(deviation):
    """Root mean square within four sigma, for comparison."""
    return rms(deviation[np.abs(deviation) <= 4 * about_zero(deviation)])


def _curve(magnitude, deviation, step=0.5):
    number = np.floor(magnitude / step)
    rows = [(step * (n + 0.5), about_zero(deviation[number == n]), int((number == n).sum())) for n in np.unique(number)]
    rows = [(round(float(x), 2), round(y, 5), n) for x, y, n in rows if np.isfinite(y)]
    return {"x": [x for x, _, _ in rows], "scatter": [y for _, y, _ in rows], "count": [n for _, _, n in rows]}
