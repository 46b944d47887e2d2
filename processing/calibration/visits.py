"""One zero point of each visit to a calibration field, robust, with what its scans say about clouds."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from processing.config import survey

FEW = 3
"""With fewer standards an outlier cannot be told."""


@dataclass(frozen=True)
class Visits:
    """The visits of a night in one band, arrays of length n.

    ``number``: of the visit; ``field``: str; ``mjd``: d, mean; ``airmass``: mean; ``zero_point``: mag of 1 DN in
    1.3 s at airmass 1 with the long-term extinction; ``covariance``: (n, n) mag^2, visits to one field share the errors
    of its standards; ``stars``: standards used; ``rejected``: standards left out as outliers; ``scatter``: rms of the
    zero point from scan to scan beyond its errors, mag (see scan_scatter), NaN when there is one scan.
    """

    number: np.ndarray
    field: np.ndarray
    mjd: np.ndarray
    airmass: np.ndarray
    zero_point: np.ndarray
    covariance: np.ndarray
    stars: np.ndarray
    rejected: np.ndarray
    scatter: np.ndarray

    def __len__(self):
        return len(self.mjd)

    def __getitem__(self, rows):
        """The visits ``rows`` (indices or mask)."""
        rows = np.arange(len(self))[rows]
        picked = {name: getattr(self, name)[rows] for name in self.__dataclass_fields__ if name != "covariance"}
        return Visits(**picked, covariance=self.covariance[np.ix_(rows, rows)])


def visit_zero_points(offsets):
    """The Visits (in order of time) that the Offsets of a night give; none when there are no offsets."""
    single = [_visit(offsets, offsets.visit == number) for number in np.unique(offsets.visit)]
    single.sort(key=lambda visit: visit["mjd"])
    names = ("number", "field", "mjd", "airmass", "zero_point", "stars", "rejected", "scatter")
    columns = {name: np.array([visit[name] for visit in single]) for name in names}
    return Visits(**columns, covariance=_covariance(single))


def _visit(offsets, rows):
    """Record of one visit; ``weights``: dict from standard to its weight, ``star_errors`` likewise (mag)."""
    star, group = np.unique(offsets.star[rows], return_inverse=True)
    offset, error = offsets.offset[rows], offsets.error[rows]
    keep = _inliers(offset, error, group)
    weight = keep / error**2
    total = np.bincount(group, weights=weight)
    value, own = np.bincount(group, weights=weight * offset) / total, total**-0.5
    catalog = np.array([offsets.star_error[rows][group == k][0] for k in range(len(star))])
    good = _good_stars(value, np.hypot(own, catalog))
    weights = good / (own**2 + catalog**2)
    weights = weights / weights.sum()
    share = weight * weights[group] / total[group]
    zero_point = float(weights @ value)
    return {
        "number": int(offsets.visit[rows][0]), "field": str(offsets.field[rows][0]), "zero_point": zero_point,
        "mjd": float(share @ offsets.mjd[rows]), "airmass": float(share @ offsets.airmass[rows]),
        "stars": int(good.sum()), "rejected": int((~good).sum()), "weights": dict(zip(star, weights)),
        "star_errors": dict(zip(star, catalog)), "variance": float(weights**2 @ own**2),
        "excess": _excess(value, np.hypot(own, catalog), zero_point, good),
        "scatter": scan_scatter((offset - value[group])[good[group]], error[good[group]],
                                offsets.scan[rows][good[group]], group[good[group]]),
    }  # fmt: skip


def _inliers(offset, error, group):
    """Apparitions within ``clip`` sigma of the median of their star; at least that nearest the median of each stays."""
    away = np.empty(len(offset))
    for k in range(group.max() + 1):
        away[group == k] = np.abs(offset[group == k] - np.median(offset[group == k]))
    keep = away <= survey().calibration.clip * error
    alone = np.bincount(group, weights=keep) == 0
    return keep | alone[group]


def _good_stars(value, error):
    """Stars within ``clip`` sigma of the weighted median; all of them when there are too few to tell."""
    if len(value) < FEW:
        return np.ones(len(value), bool)
    order = np.argsort(value)
    below = np.cumsum(error[order] ** -2.0)
    centre = value[order][np.searchsorted(below, 0.5 * below[-1])]
    return np.abs(value - centre) <= survey().calibration.clip * np.hypot(error, error.min())


def _excess(value, error, centre, good):
    """Factor on the variance when the stars disagree more than their errors allow (95%); 1 when they do not."""
    if good.sum() < 2:
        return 1.0
    found = (((value - centre) / error)[good] ** 2).sum()
    return max(1.0, float(found / chi2.ppf(0.95, good.sum() - 1)))


def scan_scatter(residual, error, scan, star):
    """Rms (mag) of the means of scans beyond their errors, 0 when these explain it (99%); NaN for one scan.

    ``residual``, ``error``: mag, apparitions less the mean of their star; ``scan``, ``star``: which they are of. A
    cloud dims all stars of a scan alike: what the stars of a scan differ by is error, if it is more than they quote.
    """
    scans, group = np.unique(scan, return_inverse=True)
    if len(scans) < 2:
        return np.nan
    total = np.bincount(group, weights=error**-2.0)
    mean = np.bincount(group, weights=residual / error**2) / total
    own = _star_in_scan_variance(residual - mean[group], error, group, star)
    variance = np.maximum(1 / total, own)
    centre = np.average(mean, weights=1 / variance)
    if ((mean - centre) ** 2 / variance).sum() < chi2.ppf(0.99, len(scans) - 1):
        return 0.0
    return float(np.sqrt(max(mean.var(ddof=1) - variance.mean(), 0.0)))


def _star_in_scan_variance(residual, error, group, star):
    """Variance (mag^2) of the mean of a scan from what its stars differ by; 0 when there are too few to tell."""
    stars, which = np.unique(star, return_inverse=True)
    scans = group.max() + 1
    if len(stars) < FEW:
        return 0.0
    cell = group * len(stars) + which
    total = np.bincount(cell, weights=error**-2.0, minlength=scans * len(stars))
    mean = np.bincount(cell, weights=residual / error**2, minlength=len(total))[total > 0] / total[total > 0]
    freedom = max((len(mean) - 1) * (1 - 1 / scans) * (1 - 1 / len(stars)), 1.0)
    return float((mean**2).sum() / freedom) * scans / len(mean)


def _covariance(single):
    """(n, n) mag^2: own errors on the diagonal, those of the standards between all visits that share them."""
    covariance = np.array([[_shared(one, other) for other in single] for one in single]).reshape(2 * (len(single),))
    growth = np.sqrt([visit["excess"] for visit in single])
    few = [survey().calibration.few_error * (visit["stars"] < FEW) for visit in single]
    own = [visit["variance"] for visit in single]
    return (covariance + np.diag(own)) * np.outer(growth, growth) + np.diag(np.square(few))


def _shared(one, other):
    both = one["weights"].keys() & other["weights"].keys()
    return sum(one["weights"][star] * other["weights"][star] * one["star_errors"][star] ** 2 for star in sorted(both))
