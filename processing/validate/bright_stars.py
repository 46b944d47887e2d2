"""Bright stars: magnitudes from the 51 ms reads (Read1), where these saturate and where the 1.3 s exposure does."""

import numpy as np

from processing.config import survey
from processing.validate.apparitions import LETTERS, SCIENCE
from processing.validate.figure import REPEATS, TRUTH, Figure, ranges
from processing.validate.repeats import groups
from processing.validate.statistics import FEWEST, median, median_error, scatter, symmetric, unknown

BIAS = "Read1 stars in the catalog, {ranges}: median of measured minus true magnitude, zero points included."
NO_BIAS = (
    "Repeats cannot tell an error that all scans share; it takes a truth, or stars whose magnitudes are known "
    "otherwise. How Read1 goes over into Read2 is told below.")
SCATTER = (
    "Read1 stars, {ranges}, measured so by several scans (overlaps, spare scans and visits together): what "
    "68% of the measurements deviate by at most from the mean of their star, for their number.")
TRUE_SCATTER = (
    "Read1 stars in the catalog, {ranges}: what 68% of measured minus true magnitudes deviate by from their "
    "median.")
CONTINUITY = (
    "Stars within {near:g} mag of the saturation of the 1.3 s exposure ({middle}): median of Read1 minus "
    "Read2 of stars that one scan measured the one way and another scan the other.")
TRUE_CONTINUITY = (
    "Stars within {near:g} mag of the saturation of the 1.3 s exposure ({middle}): median error against the "
    "truth of those from Read1 minus that of those from Read2.")


def figures(evidence):
    """Bias and repeatability at both ends of Read1, and its continuity with Read2; requirements are those of Ks."""
    found = []
    for k in reversed(range(len(LETTERS))):
        found += [_bias(evidence, k), *_repeatability(evidence, k, "faint"), *_repeatability(evidence, k, "bright"),
                  *_continuity(evidence, k)]  # fmt: skip
    return found


def bright_end(k):
    """Range that stands for the saturation limit of Read1, mag."""
    rules = survey().validate
    return rules.read1_saturation[k], rules.read1_saturation[k] + rules.read1_range


def faint_end(k):
    """Range that stands for its faint limit."""
    rules = survey().validate
    return rules.read2_saturation[k] - rules.read1_range * 2 / 3, rules.read2_saturation[k] + rules.read1_range / 3


def _bias(evidence, k):
    low, high = bright_end(k)
    if evidence.truth is None:
        return _figure("read1_bias", k, None, unknown(), NO_BIAS, "bias at the saturation limit")
    difference, true, _ = _errors(evidence, k, "1")
    inside = (true > low) & (true < high)
    detail = _points(true, difference)
    return _figure("read1_bias", k, TRUTH, _size(difference[inside]), BIAS.format(ranges=ranges(bright_end)),
                   "size of the bias at the saturation limit", detail)  # fmt: skip


def _size(values):
    """The Estimate of the size of a median; the sign is in the plot."""
    if len(values) < FEWEST:
        return unknown(len(values))
    one = symmetric(abs(median(values)), median_error(values), len(values))
    return type(one)(one.value, max(one.low, 0.0), one.high, one.objects)


def _repeatability(evidence, k, end):
    ends = faint_end if end == "faint" else bright_end
    low, high = ends(k)
    item, what = f"read1_{end}", f"repeatability at the {'faint' if end == 'faint' else 'saturation'} limit"
    mean, deviation, star, freedom = _deviations(evidence.apparitions, k)
    inside = (mean > low) & (mean < high)
    estimate = scatter(deviation[inside], star[inside], round(freedom[inside].sum()))
    yield _figure(item, k, REPEATS, estimate, SCATTER.format(ranges=ranges(ends)), what, _points(mean, deviation))
    if evidence.truth is not None:
        difference, true, scan = _errors(evidence, k, "1")
        inside = (true > low) & (true < high)
        values = difference[inside] - median(difference[inside])
        estimate = scatter(values, np.arange(len(values)), max(len(values) - 1, 0))
        yield _figure(item, k, TRUTH, estimate, TRUE_SCATTER.format(ranges=ranges(ends)), what)


def _deviations(apparitions, k):
    """Of all Read1 measurements of stars that several scans measured so: mean, deviation, star, degrees of freedom."""
    rows = np.flatnonzero(_usable(apparitions, k, "1"))
    star = np.unique(groups(apparitions)[rows], return_inverse=True)[1]
    size = np.bincount(star)[star] if len(star) else star
    rows, star, size = rows[size > 1], star[size > 1], size[size > 1].astype(float)
    magnitude = apparitions.band("m", k)[rows].astype(float)
    mean = (np.bincount(star, magnitude) / np.maximum(np.bincount(star), 1))[star] if len(star) else magnitude
    return mean, (magnitude - mean) * np.sqrt(size / (size - 1)), star, 1 - 1 / size


def _usable(sources, k, origin):
    """Measured so, with nobody near; flags of stars as bright speak of others' light, which does not matter to them."""
    return (sources["rd_flg"][:, k] == origin) & np.isfinite(sources.band("m", k)) & sources.alone


def _errors(evidence, k, origin):
    """Measured minus true magnitude, true magnitude and scan, of catalog stars and those of visits, of this origin."""
    parts = [_matched(sources, evidence.truth, k, origin) for sources in (evidence.catalog, _visits(evidence))]
    return [np.concatenate(column) for column in zip(*parts)]


def _visits(evidence):
    apparitions = evidence.apparitions
    return apparitions.where(~np.isin(apparitions["kind"], SCIENCE))


def _matched(sources, truth, k, origin):
    sources = sources.where(_usable(sources, k, origin))
    row = truth.counterparts(sources["ra"], sources["dec"], k)
    sources, row = sources.where(row >= 0), row[row >= 0]
    return sources.band("m", k) - truth.mag[row, k], truth.mag[row, k], sources.scan


def _continuity(evidence, k):
    rules, what = survey().validate, "Read1 minus Read2 where one takes over from the other, size"
    words = {"near": rules.continuity_range, "middle": "J {:g}, H {:g}, Ks {:g} mag".format(*rules.read2_saturation)}
    difference = _both_ways(evidence.apparitions, k)
    yield _figure("read1_continuity", k, REPEATS, _size(difference), CONTINUITY.format(**words), what,
                  {"median": None if not len(difference) else round(median(difference), 5)})  # fmt: skip
    if evidence.truth is not None:
        parts = [_near(*_errors(evidence, k, origin)[:2], k) for origin in "12"]
        yield _figure("read1_continuity", k, TRUTH, _difference(*parts), TRUE_CONTINUITY.format(**words), what)


def _near(difference, true, k):
    rules = survey().validate
    return difference[np.abs(true - rules.read2_saturation[k]) < rules.continuity_range]


def _difference(one, other):
    if min(len(one), len(other)) < FEWEST:
        return unknown(min(len(one), len(other)))
    value, error = abs(median(one) - median(other)), np.hypot(median_error(one), median_error(other))
    return type(unknown())(value, max(value - error, 0.0), value + error, len(one) + len(other))


def _both_ways(apparitions, k):
    """Read1 minus Read2 of each star near the take-over that has both, means where several scans have the same."""
    number, mean = groups(apparitions), []
    for origin in "12":
        rows = np.flatnonzero(_usable(apparitions, k, origin))
        count = np.bincount(number[rows], minlength=int(number.max(initial=-1)) + 1)
        total = np.bincount(number[rows], apparitions.band("m", k)[rows], minlength=len(count))
        mean.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    near = np.abs((mean[0] + mean[1]) / 2 - survey().validate.read2_saturation[k]) < survey().validate.continuity_range
    return (mean[0] - mean[1])[near]


def _points(magnitude, difference, most=400):
    """For the plot: at most 400 points, spread evenly over the magnitudes."""
    order = np.argsort(magnitude, kind="stable")
    order = order[np.unique(np.linspace(0, len(order) - 1, min(len(order), most)).astype(int))] if len(order) else order
    return {"mag": np.round(magnitude[order], 3).tolist(), "difference": np.round(difference[order], 4).tolist()}


REQUIRED = {"read1_bias": "read1_bias", "read1_faint": "read1_faint", "read1_bright": "read1_bright",
            "read1_continuity": "read1_bias"}  # fmt: skip


def _figure(item, k, basis, estimate, method, quantity, detail=None):
    threshold = getattr(survey().validate, REQUIRED[item]) if LETTERS[k] == "k" else None
    return Figure(item, item, quantity, k, basis, estimate, method, "mag", "<" if threshold else None, threshold,
                  detail or {})  # fmt: skip
