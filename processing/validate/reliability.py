"""Reliability: the share of catalog-level sources that are true."""

import numpy as np

from processing.config import survey
from processing.validate.apparitions import LETTERS
from processing.validate.area import covered, square_degrees
from processing.validate.confirmation import confirmed
from processing.validate.figure import REPEATS, SCIENCE_REPEATS, TRUTH, VISITS, Figure
from processing.validate.statistics import share

SIX_SCANS = (
    "Extractions in visits to calibration fields at |b| > 10 that the catalog would list at catalog level "
    "(ph_qual A in a band, or Read1 or Read3), nobody within 6 arcsec, where at least two other scans could "
    "see them: the share that another scan sees within 2 arcsec, in whatever band.")
TWO_SCANS = (
    "The same in science scans that overlap. A lower bound that nothing is required of: with one other scan, "
    "a true source that it misses looks like a false one.")
TRUE = (
    "Catalog-level rows (ph_qual A in a band, or Read1 or Read3; no minor planet): the share that has a true "
    "star or galaxy within 2 arcsec. Confused ones are not left out. Rows farther from the middle of a "
    "galaxy, but in its half-light radius, are parts of it: neither true point sources nor false, they are "
    "counted by themselves; gal_contam marks them where there are extended sources.")

FAINT = 15.0
"""S/N below which sources are told of by themselves: half above the 10 that is asked for."""


def figures(evidence):
    """One Figure for each kind of repeats, and the truth's; all bands together."""
    found = [_repeated(evidence.apparitions, True), _repeated(evidence.apparitions, False)]
    return found if evidence.truth is None else [*found, _against_truth(evidence)]


def _repeated(apparitions, visit):
    seen, alone = confirmed(apparitions, visit)
    detail = {"confused": {"sources": int((~alone).sum()), "confirmed": int(seen[~alone].sum())}}
    estimate = share(seen[alone].sum(), alone.sum())
    if visit:
        return _figure(f"reliability, {VISITS}", REPEATS, estimate, SIX_SCANS, detail)
    return Figure("reliability", "confirmed", f"confirmed, {SCIENCE_REPEATS}", None, REPEATS, estimate, TWO_SCANS,
                  detail=detail)  # fmt: skip


def _against_truth(evidence):
    catalog = evidence.catalog
    rows = catalog.where(catalog.catalog_level & ~(catalog["mp_flg"] == 1))
    apart = evidence.truth.nearest(rows["ra"], rows["dec"])
    true = apart <= survey().release.match_radius
    parts = ~true & evidence.truth.in_galaxy(rows["ra"], rows["dec"])
    marked = None if evidence.galaxies is None else int((rows.where(parts)["gal_contam"] > 0).sum())
    rows, apart, true = rows.where(~parts), apart[~parts], true[~parts]
    area = square_degrees(covered(evidence.scans, survey().release.border))
    detail = {
        "parts_of_galaxies": int(parts.sum()), "parts_marked": marked, "false": _false(rows.where(~true), apart[~true]),
        "false_per_square_degree": float((~true).sum() / area) if area else None, "chance": _chance(evidence.truth),
        "one_band": _part(rows, true, _bands(rows) == 1), "faint": _part(rows, true, _best(rows) < FAINT),
    }
    return _figure("reliability, the catalog", TRUTH, share(true.sum(), len(true)), TRUE, detail)


def _figure(quantity, basis, estimate, method, detail):
    return Figure("reliability", "reliability", quantity, None, basis, estimate, method, None, ">",
                  survey().validate.reliability, detail)  # fmt: skip


def _bands(rows):
    return sum(rows.detected(k).astype(int) for k in range(len(LETTERS)))


def _best(rows):
    """Largest S/N of a band."""
    every = [rows.band("snr", k) for k in range(len(LETTERS))]
    return np.nanmax(np.column_stack([np.zeros(len(rows)), *every]), axis=1)


def _part(rows, true, chosen):
    """Of single-band and of faint sources: how many, and how many of them are false."""
    return {"sources": int(chosen.sum()), "false": int((chosen & ~true).sum())}


def _chance(truth):
    """Share of places that have a true object within the match radius by chance."""
    _, first = np.unique(np.floor(np.column_stack([truth.ra, truth.dec]) * 4), axis=0, return_index=True)
    cells = len(first) * np.mean(np.cos(np.radians(truth.dec))) / 16 if len(truth) else 0.0
    area = np.pi * (survey().release.match_radius / 3600) ** 2
    return round(float(len(truth) / cells * area), 6) if cells else None


def _false(rows, apart):
    """The false ones, at most a hundred."""
    return [{"ra": float(rows["ra"][n]), "dec": float(rows["dec"][n]), "apart": float(apart[n]),
             "mag": [float(rows.band("m", k)[n]) for k in range(len(LETTERS))],
             "flags": " ".join("".join(rows[flag][n]) for flag in ("ph_qual", "rd_flg", "cc_flg"))}
            for n in np.argsort(-apart, kind="stable")[:100]]  # fmt: skip
