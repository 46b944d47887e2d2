"""Astrometric accuracy: the error of a position on each axis, of stars where noise does not matter.

Between two scans both the stars' own errors and those of the two frames of reference count; over the root of 2 that is
the error of a single position. Against the truth it is the error itself, the frame's included.
"""

import numpy as np

from processing.config import survey
from processing.sphere import ARCSEC
from processing.validate.figure import REFERENCE, REPEATS, SCIENCE_REPEATS, TRUTH, VISITS, Figure
from processing.validate.apparitions import LETTERS
from processing.validate.repeats import science_repeats, visit_repeats
from processing.validate.statistics import about_zero, median, medians, scatter, symmetric

METHOD = (
    "Stars alone, above S/N 20 in a band, in scans of neighbouring tiles that overlap: what 68% of the "
    "positions deviate by at most on an axis, east and north together, from the mean of their star (for two, "
    "the difference over the root of 2). Frames of reference are not adjusted, so that their errors are in "
    "it, but for what reference stars in the overlap itself give both scans alike.")
VISIT_METHOD = (
    "The same in the six scans of visits to calibration fields, and nothing is required of it: they have the "
    "same reference stars, so that the errors of these are not in it.")
TRUTH_METHOD = (
    "Catalog minus truth, lone stars above S/N 20 in a band: what 68% of the positions deviate by at most on "
    "an axis; nothing is adjusted.")
REFERENCE_METHOD = (
    "Distance and angle of Tycho-2 stars in the catalog's own columns, taken apart on the two axes; errors of "
    "Tycho-2 are in it.")


PIECE = 0.5
"""Degrees of declination over which the frame of a scan is taken as one: reference stars lie some arcmin apart."""


def figures(evidence):
    """Figures of overlaps, visits, the truth and the reference catalog."""
    kinds = ((SCIENCE_REPEATS, METHOD, science_repeats, "position"), (VISITS, VISIT_METHOD, visit_repeats, "alike"))
    found = [_repeated(evidence.apparitions, *kind) for kind in kinds]
    if evidence.truth is not None:
        found.append(_against_truth(evidence))
    return [*found, _against_reference(evidence.catalog)]


def bright(sources):
    """Lone sources above S/N 20 in a band where they are fitted."""
    above = [sources.fitted(k) & (sources.band("snr", k) > survey().validate.bright_snr) for k in range(len(LETTERS))]
    return np.any(above, axis=0)


def axis_errors(sources):
    """Quoted errors to the east and to the north, arcsec, (n, 2), from the error ellipses."""
    angle = np.radians(sources["err_ang"].astype(float))
    across, along = sources["err_min"].astype(float), sources["err_maj"].astype(float)
    east = np.hypot(along * np.sin(angle), across * np.cos(angle))
    return np.column_stack([east, np.hypot(along * np.cos(angle), across * np.sin(angle))])


def offsets(ra, dec, other_ra, other_dec):
    """Places minus other places that are near them, arcsec east and north, (n, 2); all deg."""
    east = np.radians((np.asarray(ra) - other_ra + 180.0) % 360.0 - 180.0) * np.cos(np.radians(other_dec))
    return np.column_stack([east, np.radians(np.asarray(dec) - other_dec)]) * ARCSEC


def _repeated(apparitions, where, method, repeat, measure):
    """Scans of one tile have the same reference stars as well, so that spare ones are left out."""
    repeats = repeat(apparitions, bright(apparitions) & (apparitions["kind"] != "spare"))
    found = repeats.sources
    first = np.unique(repeats.star, return_index=True)[1][repeats.star] if len(repeats) else repeats.star
    places = offsets(found["ra"], found["dec"], found["ra"][first], found["dec"][first])
    deviation = np.column_stack([repeats.deviations(side, offsets=False) for side in places.T])
    frames = _frames(found.scan, found["dec"][first], repeats.block)
    return _figure(f"error of a position on an axis, {where}", REPEATS, method, deviation, axis_errors(found),
                   repeats.star, frames, 2 * repeats.freedom(np.ones(len(repeats), bool)), found.band("m", 0),
                   measure)  # fmt: skip


def _against_truth(evidence):
    catalog = evidence.catalog.where(bright(evidence.catalog))
    row = np.max([evidence.truth.counterparts(catalog["ra"], catalog["dec"], k) for k in range(len(LETTERS))], axis=0)
    catalog, row = catalog.where(row >= 0), row[row >= 0]
    deviation = offsets(catalog["ra"], catalog["dec"], evidence.truth.ra[row], evidence.truth.dec[row])
    return _figure("error of a position on an axis, the catalog", TRUTH, TRUTH_METHOD, deviation, axis_errors(catalog),
                   row, _frames(catalog.scan, catalog["dec"]), deviation.size, catalog.band("m", 0))  # fmt: skip


def _against_reference(catalog):
    """Distances are printed to 0.1 arcsec and angles to a degree, which adds 0.03 arcsec; beyond the match radius it is
    a neighbour of the star."""
    known = (catalog["dist_opt"] < survey().release.match_radius) & np.isfinite(catalog["phi_opt"]) & catalog["tycho"]
    found = catalog.where(known)
    angle = np.radians(found["phi_opt"])
    deviation = found["dist_opt"][:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    return _figure("difference to Tycho-2 on an axis", REFERENCE, REFERENCE_METHOD, deviation, axis_errors(found),
                   np.arange(len(found)), _frames(found.scan, found["dec"]), deviation.size, found.band("m", 0),
                   "reference")  # fmt: skip


def _figure(quantity, basis, method, deviation, error, star, frames, freedom, magnitude, measure="position"):
    """``deviation``, ``error``: (n, 2), arcsec; ``star``, ``magnitude``: (n,); ``frames``: see ``_frames``."""
    both = deviation.ravel()
    estimate = scatter(both, np.repeat(star, 2), freedom)
    if estimate.known:
        shared = max(frame_error(deviation, *level, estimate.value) for level in frames)
        estimate = symmetric(estimate.value, np.hypot(estimate.error, shared), freedom)
    mean = np.median(deviation, axis=0) if len(deviation) else (np.nan, np.nan)
    detail = {
        "axes": [_known(about_zero(side)) for side in deviation.T], "mean": [_known(m) for m in mean],
        "pull": [_known(about_zero(side)) for side in (deviation / error).T],
        "chi2": _known(median((both / error.ravel()) ** 2) / 0.4549), "curve": _curve(magnitude, deviation),
    }
    threshold = None if measure == "alike" else survey().validate.position
    return Figure("astrometry", measure, quantity, None, basis, estimate, method, "arcsec", threshold and "<",
                  threshold, detail)  # fmt: skip


def frame_error(deviation, frame, means, value):
    """Error of a scatter ``value`` (arcsec) because the stars of a scan share that of its frame, and frames are few."""
    number = np.unique(frame, return_inverse=True)[1]
    offset = np.array([medians(side, number, number.max() + 1) for side in deviation.T])
    freedom = max(offset.size - 2 * means, 1)
    return float((offset**2).sum() / offset.size / value / np.sqrt(2 * freedom))


def _frames(scan, dec, block=None):
    """What may share an error of its frame: pieces of a scan, and whole scans. Two pairs: number of it for each source,
    and how many means of such frames were taken out (``block``: of the scans whose mean was; None: none)."""
    pieces = np.floor(np.asarray(dec) / PIECE)
    whole = np.zeros(len(pieces)) if block is None else block
    return [(_numbers(whole, scan, piece), 0 if block is None else _numbers(whole, piece).max(initial=-1) + 1)
            for piece in (pieces, np.zeros(len(pieces)))]  # fmt: skip


def _numbers(*columns):
    """Number of each different row of some columns, shape (n,)."""
    if not len(columns[0]):
        return np.zeros(0, int)
    return np.unique(np.column_stack(columns), axis=0, return_inverse=True)[1]


def _known(value):
    return round(float(value), 5) if np.isfinite(value) else None


def _curve(magnitude, deviation):
    """Scatter on both axes by whole J magnitudes."""
    number = np.floor(magnitude)
    rows = [(float(n) + 0.5, about_zero(deviation[number == n].ravel()), int((number == n).sum()))
            for n in np.unique(number[np.isfinite(number)])]  # fmt: skip
    rows = [row for row in rows if np.isfinite(row[1])]
    x, scatter, count = zip(*rows) if rows else ((), (), ())
    return {"x": x, "scatter": [round(one, 5) for one in scatter], "count": count}
