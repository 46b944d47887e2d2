"""Uniformity: whether the magnitudes of galaxies are the same all around the sky, in the circle of 7 arcsec."""

import numpy as np

from processing.config import survey
from processing.validate.apparitions import LETTERS
from processing.validate.figure import REPEATS, TRUTH, Figure
from processing.validate.galaxies.evidence import CIRCLE, clean, error, magnitude
from processing.validate.repeats import science_repeats
from processing.validate.statistics import largest, typical, unknown, weighted_median

UNIFORM = (
    "Galaxies of S/N above 20 in the 7 arcsec circle: {how} {what}")
LARGEST = "The largest; its interval reaches down by what errors alone add to the largest of several numbers."
TYPICAL = "Their root mean square, what errors add taken off."
OVERLAPS = "weighted mean of the magnitude differences of two scans that have three of them or more in common."
OFFSETS = "weighted median of measured minus true in each scan that has five of them or more."


def figures(evidence):
    """The Figures of every band: from scans that overlap, and from the truth if there is one."""
    found = []
    for k in range(len(LETTERS)):
        found += _uniformity(REPEATS, k, OVERLAPS, overlap_offsets(evidence.galaxies, k), np.sqrt(0.5))
        if evidence.galaxies.truth is not None:
            found += _uniformity(TRUTH, k, OFFSETS, scan_offsets(evidence.galaxies, k), 1.0)
    return found


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
