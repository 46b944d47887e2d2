"""Whether the quoted errors are right: stars that the scans of a visit measure again and again, minutes apart.

What the measurements of a star differ by is compared with their quoted errors, s. The truth is taken as

    variance = (factor s)^2 + floor^2        (mag^2)

with a factor and a floor for each band, found by maximum likelihood from the sums of squares of all stars, each of
which follows chi-square. Scans are first brought to a common zero point: extinction is no error of photometry.
"""

from dataclasses import asdict, dataclass, replace

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.stats import chi2

from processing.calibration.scan_stars import MAGNITUDE, PROFILE_FIT
from processing.sphere import chord, unit_vectors

SAME = 0.8
"""Arcsec within which measurements in two scans are of one star; own choice, 5 sigma of a faint position."""

ALONE = 6.0
"""Arcsec without a neighbour in the same scan: what is compared is photometry, not deblending."""

FEWEST_SCANS, FEWEST_STARS = 4, 40
"""Measurements of a star, and stars of a band, that tell something: 40 stars give the factor to 7%."""

FAINTEST = 10.0
"""S/N; fainter stars are found only in the scans in which they are bright."""

OUTLIER = 0.999
"""Part of chi-square beyond which a star varies or is confused."""

BINS = (10, 20, 40, 80, 160, 320, np.inf)
"""Edges in S/N of what is reported."""


@dataclass(frozen=True)
class Repeats:
    """Repeated stars of one band, arrays of one length: ``instrumental``: mean, mag; ``error``: rms quoted error, mag;
    ``scatter``: standard deviation of a measurement, mag; ``freedom``: degrees of freedom of that. ``offsets``: by how
    much each scan is fainter than its visit (mag), which is taken out."""

    instrumental: np.ndarray
    error: np.ndarray
    scatter: np.ndarray
    freedom: np.ndarray
    offsets: np.ndarray

    def __getitem__(self, rows):
        """The stars ``rows`` (mask)."""
        columns = (getattr(self, name)[rows] for name in ("instrumental", "error", "scatter", "freedom"))
        return Repeats(*columns, self.offsets)

    def __len__(self):
        return len(self.error)

    def pull(self, factor=1.0, floor=0.0):
        """Rms over all stars of what measurements differ by, in units of their errors; NaN without stars."""
        ratio = self.scatter**2 / ((factor * self.error) ** 2 + floor**2)
        return float(np.sqrt((self.freedom * ratio).sum() / self.freedom.sum())) if len(self) else np.nan


def repeats(scans, visits, band):
    """The Repeats of a night in one band. ``scans``, ``visits``: as in ``scan_stars.measurements``."""
    parts = [_visit([stars[band] for seq, stars in scans.items() if visits[seq] == visit and band in stars])
             for visit in dict.fromkeys(visits[seq] for seq in scans)]  # fmt: skip
    return Repeats(*(np.concatenate([np.zeros(0), *column]) for column in zip(_nothing(), *parts)))


def _nothing():
    return (np.zeros(0),) * 5


def _visit(scans):
    """Columns of Repeats for one visit, and the offsets of its scans."""
    usable = [_alone(stars) for stars in scans]
    scan = np.repeat(np.arange(len(usable)), [len(stars) for stars in usable])
    if len(scan) == 0:
        return _nothing()
    star = _linked(np.concatenate([unit_vectors(stars.ra, stars.dec) for stars in usable]), scan)
    magnitude, error = (np.concatenate(part) for part in zip(*(stars.instrumental for stars in usable)))
    use = star >= 0
    star, scan, magnitude, error = star[use], scan[use], magnitude[use], error[use]
    offsets = _offsets(star, scan, magnitude, error)
    return (*_sums(star, magnitude - offsets[scan], error), offsets)


def _alone(stars):
    """Measured stars that no other source of the scan is near."""
    pairs = cKDTree(unit_vectors(stars.ra, stars.dec)).query_pairs(chord(ALONE), output_type="ndarray")
    near = np.zeros(len(stars), bool)
    near[pairs.ravel()] = True
    return stars[stars.measured & (stars.blend == 1) & ~near]


def _linked(places, scan):
    """Number of the star of each measurement; -1 where it is in fewer than ``FEWEST_SCANS`` or twice in one."""
    pairs = cKDTree(places).query_pairs(chord(SAME), output_type="ndarray")
    n = len(places)
    star = connected_components(coo_matrix((np.ones(len(pairs)), pairs.T), (n, n)), directed=False)[1]
    count = np.bincount(star)
    different = np.bincount(np.unique(np.column_stack([star, scan]), axis=0)[:, 0], minlength=len(count))
    good = (count == different) & (count >= FEWEST_SCANS)
    return np.unique(np.where(good[star], star, -1), return_inverse=True)[1] - (not good[star].all())


def _offsets(star, scan, magnitude, error):
    """By how much each scan is fainter than the mean of all, mag."""
    offset, weight = np.zeros(scan.max(initial=-1) + 1), 1 / (error**2 + 0.01**2)
    total = np.bincount(star, weights=weight)
    for _ in range(5):
        mean = np.bincount(star, weights=weight * (magnitude - offset[scan])) / total
        offset = np.array([np.median((magnitude - mean[star])[scan == s]) if (scan == s).any() else 0.0
                           for s in range(len(offset))])  # fmt: skip
    return offset


def _sums(star, magnitude, error):
    """Columns of Repeats."""
    count = np.bincount(star)
    mean = np.bincount(star, weights=magnitude) / np.maximum(count, 1)
    quoted = np.sqrt(np.bincount(star, weights=error**2) / np.maximum(count, 1))
    square = np.bincount(star, weights=(magnitude - mean[star]) ** 2)
    freedom = count - 1.0
    bright = MAGNITUDE / np.maximum(quoted, 1e-9) > FAINTEST
    return np.array([mean, quoted, np.sqrt(square / np.maximum(freedom, 1)), freedom])[:, bright & (freedom > 0)]


@dataclass(frozen=True)
class ErrorCorrection:
    """How the quoted errors of a band are made to match: ``factor`` and ``floor`` (mag); 1 and 0 when nothing is done.

    ``stars``: repeated ones; ``pull``, ``pull_after``: rms difference in units of the errors, before and after (None:
    no stars); ``scan_scatter``: rms of what scans of a visit differ by, mag, which no error of a star holds (None: not
    known); ``bins``: the same by S/N; ``note``: why nothing is done, "".
    """

    factor: float
    floor: float
    stars: int
    pull: float | None
    pull_after: float | None
    scan_scatter: float | None
    bins: tuple
    note: str

    def as_record(self):
        """For JSON."""
        return asdict(self)


def error_correction(found):
    """The ErrorCorrection that Repeats ask for."""
    if len(found) < FEWEST_STARS:
        note = f"{len(found)} repeated stars, at least {FEWEST_STARS} are needed: the errors stay as they are quoted"
        return ErrorCorrection(1.0, 0.0, len(found), _number(found.pull()), _number(found.pull()), None, (), note)
    factor, floor, kept = 1.0, 0.0, found
    for _ in range(4):
        kept = _without_outliers(found, factor, floor)
        factor, floor = _fit(kept)
    return ErrorCorrection(round(factor, 4), round(floor, 5), len(kept), kept.pull(), kept.pull(factor, floor),
                           float(found.offsets.std()), _bins(kept, factor, floor), "")  # fmt: skip


def _without_outliers(found, factor, floor):
    """Stars whose scatter is possible; the size of the errors is first taken from the median star."""
    ratio = found.scatter**2 / ((factor * found.error) ** 2 + floor**2)
    usual = np.median(ratio / (chi2.ppf(0.5, found.freedom) / found.freedom))
    keep = ratio * found.freedom / max(usual, 1e-6) < chi2.ppf(OUTLIER, found.freedom)
    return found[keep]


def _fit(found):
    """factor and floor (mag) of the highest likelihood."""

    def cost(parameters):
        variance = np.exp(2 * parameters[0]) * found.error**2 + (0.01 * parameters[1]) ** 2
        return (found.freedom * (np.log(variance) + found.scatter**2 / variance)).sum() / found.freedom.sum()

    tries = [minimize(cost, (np.log(found.pull()), start), method="L-BFGS-B", bounds=((-2, 2), (0, 10)))
             for start in (0.1, 1.0)]  # fmt: skip
    best = min(tries, key=lambda one: one.fun).x
    return float(np.exp(best[0])), float(0.01 * best[1])


def _bins(found, factor, floor):
    snr, out = MAGNITUDE / found.error, []
    for low, high in zip(BINS, BINS[1:]):
        part = found[(snr >= low) & (snr < high)]
        if len(part):
            out.append({"snr": low, "stars": len(part), "scatter": float(np.sqrt((part.scatter**2).mean())),
                        "pull": part.pull(), "pull_after": part.pull(factor, floor)})  # fmt: skip
    return tuple(out)


def corrected(sources, correction):
    """BandSources with the errors of their profile fits corrected; ``correction``: what ``as_record`` returned."""
    floor = correction["floor"] / MAGNITUDE
    error = np.hypot(correction["factor"] * sources.flux_err, floor * np.abs(sources.flux))
    error = np.where(sources.method == PROFILE_FIT, error, sources.flux_err)
    return replace(sources, flux_err=error, flux_noise=correction["factor"] * sources.flux_noise)


def _number(value):
    return None if np.isnan(value) else float(value)
