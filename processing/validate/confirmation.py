"""Who was seen by whom: completeness and reliability, from sources that several scans could see and from the truth.

Every other scan is a trial of a source that enough scans list: a scan that lists it is a hit, one that does not is a
miss. With two scans n2 of the sources are listed by both and n1 by one, and the share of hits 2 n2 / (2 n2 + n1) is the
completeness p of one scan, since n2 = N p^2 and n1 = 2 N p (1 - p); the survey's own form (n2 + n1/2) / (n2 + n1) is
1 / (2 - p), a little more. False sources count as misses there, not in visits of six, where two others must list it.
"""

import numpy as np

from processing.config import survey
from processing.validate.apparitions import SCIENCE
from processing.validate.repeats import groups
from processing.validate.statistics import mapped, share, unknown


def limit_bin(k):
    """Ends of the bin that ends at the 10-sigma limit that is required, mag."""
    faint = survey().scan_quality.limit[k]
    return faint - survey().validate.bin, faint


def listed(apparitions, k):
    """Which apparitions would be in the catalog, measured in band ``k``, if their scan alone had seen the source."""
    return apparitions["selected"].astype(bool) & surely_inside(apparitions) & apparitions.detected(k)


def surely_inside(apparitions):
    """Which lie farther inside their scan than its border, whatever its edges are off by."""
    return apparitions["edge"] > survey().release.border + survey().release.edge_error


def trials_of(apparitions):
    """Scans that surely could see the source of each apparition; those that saw it near their edge do not count."""
    number = groups(apparitions)
    unsure = np.bincount(number, ~surely_inside(apparitions), minlength=int(number.max(initial=-1)) + 1)
    return apparitions["possible"] - unsure[number]


def unconfused(apparitions, k):
    """Which belong to sources that are alone and clean in band ``k`` in every scan that saw them, at high latitude."""
    number = groups(apparitions)
    bad = ~(apparitions.alone & (apparitions["cc_flg"][:, k] == "0") & apparitions.high_latitude)
    return np.bincount(number, bad, minlength=int(number.max(initial=-1)) + 1)[number] == 0


def of_kind(apparitions, visit):
    """Which are in visits to calibration fields, or (``visit`` False) in science scans."""
    return (apparitions["kind"] == "cal") if visit else np.isin(apparitions["kind"], SCIENCE)


class Trials:
    """Hits and misses of the sources of one kind and band, each with the mean magnitude of those that tell of it."""

    def __init__(self, apparitions, k, visit):
        self.visit, self.others = visit, survey().validate.confirmed_scans if visit else 1
        wanted = of_kind(apparitions, visit) & listed(apparitions, k)
        wanted[wanted] = (unconfused(apparitions, k) & (trials_of(apparitions) >= 2))[wanted]
        found, number = apparitions.where(wanted), groups(apparitions)[wanted]
        number = np.unique(number, return_inverse=True)[1]
        magnitude, count = found.band("m", k).astype(float), np.bincount(number)
        total = np.bincount(number, magnitude)
        possible = np.zeros(len(count))
        np.maximum.at(possible, number, trials_of(apparitions)[wanted])
        enough = count[number] - 1 >= self.others
        self.hits = (total[number] - magnitude)[enough] / (count[number] - 1)[enough]
        missing = np.where(count >= self.others, np.maximum(possible - count, 0), 0).astype(int)
        self.misses = np.repeat(total / np.maximum(count, 1), missing)

    def estimate(self, low, high):
        """The Estimate of the completeness of a scan between these magnitudes; ``objects``: trials, or sources of two
        scans."""
        hits, misses = (int(((part > low) & (part <= high)).sum()) for part in (self.hits, self.misses))
        if not hits + misses:
            return unknown()
        if self.visit:
            return share(hits, hits + misses)
        return mapped(share(hits // 2, hits // 2 + misses), lambda q: 2 * q / (1 + q))

    def survey_form(self, low, high):
        """The completeness of two scans in the survey's own form; None without sources."""
        hits, misses = (int(((part > low) & (part <= high)).sum()) for part in (self.hits, self.misses))
        both = hits / 2
        return (both + misses / 2) / (both + misses) if both + misses else None


def confirmed(apparitions, visit):
    """Catalog-level apparitions that other scans should see: whether they do (bool), and whether nobody is near."""
    number = groups(apparitions)
    kept = of_kind(apparitions, visit) & apparitions["selected"].astype(bool) & apparitions.catalog_level
    kept &= surely_inside(apparitions) & (trials_of(apparitions) >= (3 if visit else 2))
    kept[kept] &= apparitions.where(kept).high_latitude
    alone = np.bincount(number, ~apparitions.alone, minlength=int(number.max(initial=-1)) + 1)[number] == 0
    return (apparitions["seen"] >= 2)[kept], alone[kept]
