"""Photometric uniformity: whether the zero point is the same all around the sky.

Bright stars that two scans measured tell by how much their zero points differ. With a truth, each scan's own offset is
known from all of its stars; the differences that these predict for the same overlaps must be those that were found.
"""

import numpy as np

from processing.config import survey
from processing.validate.apparitions import LETTERS
from processing.validate.figure import REPEATS, TRUTH, Figure
from processing.validate.repeats import science_repeats
from processing.validate.statistics import largest, typical, unknown, weighted_median

OVERLAP_METHOD = (
    "Stars of S/N above 20 in both scans, profile fits, alone and unflagged: weighted median of the magnitude "
    "differences in every overlap (two scans), with its error. {what}")
TRUTH_METHOD = (
    "Offset of each scan from the true magnitudes of its lone stars above S/N 20, differences taken in the "
    "same overlaps. {what}")
LARGEST = "Largest of them; its interval reaches down by what errors alone add to the largest of several numbers."
TYPICAL = (
    "Their root mean square over the root of 2, what errors add taken off by simulation: what a single scan "
    "is off by.")
SCAN_METHOD = "Largest offset of a scan from the true magnitudes of its lone stars above S/N 20 (weighted median)."


def figures(evidence):
    """Figures of every band: the largest difference and the typical zero point, from overlaps and from the truth."""
    found = []
    for k in range(len(LETTERS)):
        overlaps = overlap_offsets(evidence.apparitions, k)
        found += _pair(k, REPEATS, OVERLAP_METHOD, overlaps)
        if evidence.truth is not None:
            scans = scan_offsets(evidence, k)
            found += _pair(k, TRUTH, TRUTH_METHOD, _predicted(overlaps, scans))
            found.append(_scans(k, scans))
    return found


def overlap_offsets(apparitions, k):
    """Zero points against each other, second scan minus first: {(scan, scan): (offset, error, stars)}, mag."""
    good = apparitions.fitted(k) & (apparitions.band("snr", k) > survey().validate.bright_snr)
    repeats = science_repeats(apparitions, good)
    pairs = np.flatnonzero(repeats.size == 2).reshape(-1, 2)
    found, offsets = repeats.sources, {}
    for block in np.unique(repeats.block[pairs[:, 0]]):
        one, other = pairs[repeats.block[pairs[:, 0]] == block].T
        one, other = np.where(found.scan[one] < found.scan[other], (one, other), (other, one))
        magnitude, error = found.band("m", k), _error(found, k)
        offset, sigma = weighted_median(magnitude[other] - magnitude[one], np.hypot(error[one], error[other]))
        if np.isfinite(offset):
            names = tuple(found.scans[found.scan[rows[0]]] for rows in (one, other))
            offsets[names] = (offset, sigma, len(one))
    return offsets


def scan_offsets(evidence, k):
    """Zero point of each scan against the truth, measured minus true: {scan: (offset, error, stars)}, mag."""
    offsets = {}
    for sources in (evidence.apparitions, evidence.catalog):
        sources = sources.where(sources.fitted(k) & (sources.band("snr", k) > survey().validate.bright_snr))
        row = evidence.truth.counterparts(sources["ra"], sources["dec"], k)
        difference, error = sources.band("m", k) - evidence.truth.mag[row, k], _error(sources, k)
        order = np.argsort(np.where(row >= 0, sources.scan, -1), kind="stable")
        order = order[np.count_nonzero(row < 0):]
        for part in np.split(order, np.flatnonzero(np.diff(sources.scan[order])) + 1) if len(order) else ():
            offset, sigma = weighted_median(difference[part], error[part])
            if np.isfinite(offset):
                offsets[sources.scans[sources.scan[part[0]]]] = (offset, sigma, len(part))
    return offsets


def _error(sources, k):
    """Of a magnitude, with what flat fields leave."""
    return np.hypot(sources.band("cmsig", k), survey().uncertainty.flat)


def _predicted(overlaps, scans):
    """What offsets of scans say of the overlaps, in the form of these."""
    known = [names for names in overlaps if names[0] in scans and names[1] in scans]
    return {(one, other): (scans[other][0] - scans[one][0], float(np.hypot(scans[other][1], scans[one][1])),
                           scans[other][2] + scans[one][2]) for one, other in known}  # fmt: skip


def _pair(k, basis, method, offsets):
    """The two Figures of offsets of overlaps."""
    detail = {"overlaps": [{"scans": [_label(name) for name in names], "offset": round(offset, 5),
                            "error": round(error, 5), "stars": stars}
                           for names, (offset, error, stars) in offsets.items()]}  # fmt: skip
    common = {"unit": "mag", "sense": "<", "threshold": survey().validate.uniformity}
    return [
        Figure("uniformity", "largest", "largest difference of zero points of scans that overlap", k, basis,
               _estimate(offsets, largest), method.format(what=LARGEST), detail=detail, **common),
        Figure("uniformity", "typical", "zero point of a scan, 1 sigma", k, basis,
               _estimate(offsets, typical, np.sqrt(0.5)), method.format(what=TYPICAL), **common),
    ]  # fmt: skip


def _estimate(offsets, function, scale=1.0):
    """``scale`` times ``function`` of the offsets and their errors; ``objects`` are the stars."""
    if not offsets:
        return unknown()
    value, error, stars = np.array(list(offsets.values())).T
    found = function(value, error)
    return type(found)(scale * found.value, scale * found.low, scale * found.high, int(stars.sum()))


def _scans(k, scans):
    detail = {"scans": [{"scan": _label(name), "offset": round(offset, 5), "error": round(error, 5), "stars": stars}
                        for name, (offset, error, stars) in sorted(scans.items())]}  # fmt: skip
    estimate = _estimate(scans, largest)
    return Figure("uniformity", "scan", "largest error of the zero point of a scan", k, TRUTH, estimate, SCAN_METHOD,
                  "mag", "<", survey().validate.uniformity, detail)  # fmt: skip


def _label(scan):
    date, hemis, number = scan
    return f"{date}{hemis} {number:03d}"
