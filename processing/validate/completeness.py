"""Completeness in the half magnitude that ends at the 10-sigma limit."""

import numpy as np

from processing.config import survey
from processing.sphere import galactic, separation
from processing.validate.apparitions import LETTERS
from processing.validate.area import in_one_scan
from processing.validate.confirmation import Trials, limit_bin
from processing.validate.figure import REPEATS, SCIENCE_REPEATS, TRUTH, VISITS, Figure, ranges
from processing.validate.masks import masked
from processing.validate.statistics import share

TWO_SCANS = (
    "Sources that two scans could see, {ranges}, alone, unflagged, at |b| > 10: n2 are listed (by the "
    "catalog's rules, measured in the band) by both, n1 by one; completeness of a scan 2 n2 / (2 n2 + n1). "
    "The survey's form, (n2 + n1/2) / (n2 + n1), is in level1.json.")
SIX_SCANS = (
    "Sources that the scans of a visit could see, {ranges} in the mean of the others, alone, unflagged, at "
    "|b| > 10: of those that at least two others list, the share that a scan lists.")
TRUE = (
    "True stars, {ranges}, alone, at |b| > 10, inside one scan alone, by more than its border, and outside "
    "the masks of bright stars: the share that has a catalog source within 2 arcsec that is measured in the "
    "band.")


def figures(evidence):
    """Figures of every band: two scans, six scans, and the truth if there is one."""
    found = []
    for k in range(len(LETTERS)):
        low, high = limit_bin(k)
        for where, visit, method in ((SCIENCE_REPEATS, False, TWO_SCANS), (VISITS, True, SIX_SCANS)):
            trials = Trials(evidence.apparitions, k, visit)
            detail = {"survey_form": None if visit else trials.survey_form(low, high), "curve": _curve(trials)}
            found.append(_figure(k, where, REPEATS, trials.estimate(low, high), method, detail))
        if evidence.truth is not None:
            star, got = recovered(evidence, k)
            detail = {"curve": _true_curve(star, got)}
            inside = (star > low) & (star <= high)
            found.append(_figure(k, "the catalog", TRUTH, share(got[inside].sum(), inside.sum()), TRUE, detail))
    return found


def recovered(evidence, k):
    """Magnitudes of the true stars that should be in the catalog, and whether they are (bool)."""
    truth, catalog = evidence.truth, evidence.catalog
    rows = np.flatnonzero(truth.isolated[:, k] & (truth.mag[:, k] < limit_bin(k)[1] + 2 * survey().validate.bin))
    rows = rows[in_one_scan(evidence.scans, truth.ra[rows], truth.dec[rows], survey().release.border)]
    rows = rows[np.abs(galactic(truth.ra[rows], truth.dec[rows])[1]) > survey().validate.latitude]
    bright = truth.star & (truth.mag[:, k] < survey().artifacts.parent[k])
    rows = rows[~masked(truth.ra[rows], truth.dec[rows], truth.ra[bright], truth.dec[bright], truth.mag[bright, k], k)]
    seen = catalog.where(catalog.detected(k))
    return truth.mag[rows, k], _near(truth.ra[rows], truth.dec[rows], seen["ra"], seen["dec"])


def _near(ra, dec, other_ra, other_dec):
    """Which places have one of the others within the match radius."""
    from scipy.spatial import cKDTree

    from processing.sphere import chord, unit_vectors

    if not len(other_ra) or not len(ra):
        return np.zeros(len(ra), bool)
    distance = cKDTree(unit_vectors(other_ra, other_dec)).query(unit_vectors(ra, dec))[0]
    return distance < chord(survey().release.match_radius)


def _figure(k, where, basis, estimate, method, detail):
    return Figure("completeness", "completeness", f"completeness at the limit, {where}", k, basis, estimate,
                  method.format(ranges=ranges(limit_bin)), None, ">", survey().validate.completeness,
                  detail)  # fmt: skip


def _bins(values):
    step = survey().validate.bin
    shift = survey().scan_quality.limit[0] % step
    first, last = (np.floor((f(values) - shift) / step) for f in (np.min, np.max))
    return shift + step * np.arange(first, last + 1)


def _curve(trials):
    values = np.concatenate([trials.hits, trials.misses])
    found = [(low, trials.estimate(low, low + survey().validate.bin)) for low in (_bins(values) if len(values) else ())]
    return _rows(found)


def _true_curve(star, got):
    step = survey().validate.bin
    found = [(low, (star > low) & (star <= low + step)) for low in (_bins(star) if len(star) else ())]
    return _rows([(low, share(got[inside].sum(), inside.sum())) for low, inside in found])


def _rows(found):
    found = [(low + survey().validate.bin / 2, one) for low, one in found if one.known]
    return {"x": [round(float(x), 2) for x, _ in found], **{name: [round(getattr(one, name), 6) for _, one in found]
            for name in ("value", "low", "high", "objects")}}  # fmt: skip
