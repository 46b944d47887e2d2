"""Completeness and reliability of the extended sources: who is missing, and who is none."""

import numpy as np

from processing.artifacts.galaxies import mask_radius
from processing.config import survey
from processing.release.scans.footprint import corners_of, edge_distance
from processing.sphere import chord, galactic, unit_vectors
from processing.validate.apparitions import LETTERS
from processing.validate.figure import CATALOG, REPEATS, SCIENCE_REPEATS, TRUTH, Figure
from processing.validate.galaxies.evidence import CIRCLE, ISOPHOTE, latitude, magnitude
from processing.validate.repeats import groups
from processing.validate.statistics import mapped, share, unknown

COMPLETE = (
    "Simulated galaxies {where} that a perfect camera finds brighter than the limit within the K20 ellipse, farther "
    "than the border from the edges of a scan and outside the masks of bright stars: the share that has a row of the "
    "catalog within 5 arcsec.")
COMPLETE_REPEATS = (
    "Galaxies {where} that are brighter than the limit in the K20 ellipse where two scans surely could list them: n2 "
    "are listed by both, n1 by one; completeness of a scan 2 n2 / (2 n2 + n1).")
RELIABLE = (
    "Rows of the catalog {where}, {which}: the share that is a simulated galaxy, within 5 arcsec and not fainter than "
    "the row, in the circle of 7 arcsec, by more than 1 mag.")
CONFIRMED = (
    "Extended sources {where} that a scan would list and another surely could: the share that the other sees within 5 "
    "arcsec. A lower bound that nothing is required of: a galaxy that the other scan misses looks like a false one.")
BRIGHT, ALL = "brighter than the limit in a band", "all of them"
DEEPER = 1.0
"""mag beyond the limit to which the curve of completeness is told."""

ZONES = ((30.0, 90.0), (20.0, 30.0), (10.0, 20.0))
"""Absolute galactic latitudes, deg, by which completeness is told."""


def figures(evidence):
    """The Figures of all bands and zones."""
    found = []
    for low, high in ZONES:
        for k in range(len(LETTERS)):
            found += _complete(evidence, k, low, high)
    for n, low in enumerate(survey().validate_extended.reliability_latitudes):
        found += _reliable(evidence, n, low)
    return found


def _zone(low, high):
    return f"at |b| > {low:g}" if high >= 90 else f"at {low:g} < |b| < {high:g}"


def _complete(evidence, k, low, high):
    """Where completeness is required, both figures; in other zones those that can be measured."""
    required = low == survey().validate_extended.completeness_latitude
    found = [(REPEATS, SCIENCE_REPEATS, COMPLETE_REPEATS, repeated(evidence.galaxies, k, low, high), {})]
    if evidence.galaxies.truth is not None:
        true, got = recovered(evidence, k, low, high)
        inside = true < survey().validate_extended.limit[k]
        detail = {"curve": _curve(true, got)}
        found.append((TRUTH, CATALOG, COMPLETE, share(got[inside].sum(), inside.sum()), detail))
    zone, limit = _zone(low, high), survey().validate_extended.completeness
    return [Figure("extended_completeness", f"extended completeness {low:g}", f"completeness {zone}, {where}", k, basis,
                   estimate, method.format(where=zone), None, ">" if required else None, limit if required else None,
                   detail)
            for basis, where, method, estimate, detail in found if required or estimate.known]  # fmt: skip


def recovered(evidence, k, low, high):
    """K20 magnitudes (band ``k``) of the true galaxies that should be in the catalog, and whether they are (bool)."""
    galaxies = evidence.galaxies
    truth, deepest = galaxies.truth, survey().validate_extended.limit[k] + DEEPER
    latitudes = np.abs(galactic(truth.ra, truth.dec)[1]) if len(truth) else np.empty(0)
    rows = np.flatnonzero((truth.isophote[:, k] < deepest) & (latitudes > low) & (latitudes <= high))
    rows = rows[inside_scan(galaxies.scans, truth.ra[rows], truth.dec[rows], survey().extended_release.border)]
    rows = rows[~in_mask(evidence, truth.ra[rows], truth.dec[rows])]
    return truth.isophote[rows, k], _near(truth.ra[rows], truth.dec[rows], galaxies.catalog)


def inside_scan(scans, ra, dec, border):
    """Which places (deg) lie in one of ``scans`` (rows with corners) farther than ``border`` arcsec, and the errors of
    its edges, from them."""
    found, places = np.zeros(len(ra), bool), unit_vectors(ra, dec)
    for row in scans:
        corners = corners_of(row)
        tips = unit_vectors(*corners.T)
        middle = tips.mean(axis=0)
        reach = np.linalg.norm(tips - middle, axis=1).max() + chord(60.0)
        near = np.flatnonzero(~found & (np.linalg.norm(places - middle, axis=1) < reach))
        found[near] = edge_distance(ra[near], dec[near], corners) > border + survey().release.edge_error
    return found


def in_mask(evidence, ra, dec):
    """Which places lie in the mask of a bright star of the catalog of points."""
    from scipy.spatial import cKDTree

    found, stars = np.zeros(len(ra), bool), bright_stars(evidence.catalog)
    radius = mask_radius(stars["magnitude"])
    if len(ra) and len(stars):
        near = cKDTree(unit_vectors(ra, dec)).query_ball_point(unit_vectors(stars["ra"], stars["dec"]), chord(radius))
        for rows in near:
            found[rows] = True
    return found


def bright_stars(catalog):
    """The bright stars among the point sources (Sources), as ``artifacts.bright_stars`` gives them."""
    from processing.artifacts import bright_stars as parents

    measured = np.column_stack([np.where(catalog.detected(k), catalog.band("m", k), np.nan)
                                for k in range(len(LETTERS))]).astype(float)  # fmt: skip
    return parents(catalog["ra"], catalog["dec"], measured)


def _near(ra, dec, rows):
    """Which places have one of ``rows`` within the match radius of extended sources."""
    from scipy.spatial import cKDTree

    if not len(rows) or not len(ra):
        return np.zeros(len(ra), bool)
    distance = cKDTree(unit_vectors(rows["ra"], rows["dec"])).query(unit_vectors(ra, dec))[0]
    return distance <= chord(survey().extended_release.match_radius)


def _curve(true, got, step=0.5):
    number = np.floor(true / step)
    rows = [(step * (n + 0.5), share(got[number == n].sum(), (number == n).sum())) for n in np.unique(number)]
    return {"x": [round(float(x), 2) for x, _ in rows], **{name: [round(getattr(one, name), 5) for _, one in rows]
            for name in ("value", "low", "high", "objects")}}  # fmt: skip


def repeated(galaxies, k, low, high):
    """The Estimate of the completeness of a scan from galaxies that two could list; ``objects``: galaxies."""
    rows = galaxies.apparitions
    if not len(rows):
        return unknown()
    number, value = groups(rows), magnitude(rows, ISOPHOTE, k)
    zone = latitude(rows)
    sure = rows["edge"] > survey().extended_release.border + survey().release.edge_error
    both = np.bincount(number, ~sure) == 0
    listed = rows["selected"].astype(bool) & sure
    bright = np.bincount(number, listed & (value < survey().validate_extended.limit[k])) > 0
    here = np.bincount(number, (zone > low) & (zone <= high)) > 0
    wanted = both & bright & here & (np.bincount(number, rows["possible"] == 2) > 0)
    count = np.bincount(number, listed)[wanted]
    return mapped(share((count >= 2).sum(), (count >= 1).sum()), lambda q: 2 * q / (1 + q)) if len(count) else unknown()


def _reliable(evidence, n, low):
    """Reliability in the zone that begins at ``low``: required of bright ones, told of all."""
    rules, galaxies = survey().validate_extended, evidence.galaxies
    high = (*rules.reliability_latitudes, 90.0)[n + 1]
    zone, found = _zone(low, high), []
    if galaxies.truth is not None:
        rows = galaxies.catalog
        here = (latitude(rows) > low) & (latitude(rows) <= high)
        rows = rows.where(here)
        true, bright = galaxies.truth.counterparts(rows) >= 0, brighter(rows)
        for which, chosen in ((BRIGHT, bright), (ALL, np.ones(len(rows), bool))):
            required = which == BRIGHT
            found.append(Figure(
                "extended_reliability", f"extended reliability {low:g} {which}", f"reliability {zone}, {which}", None,
                TRUTH, share(true[chosen].sum(), chosen.sum()), RELIABLE.format(where=zone, which=which), None,
                ">" if required else None, rules.reliability[n] if required else None,
                {"false": _false(rows.where(chosen & ~true), galaxies.truth)}))  # fmt: skip
    confirmed = _confirmed(galaxies.apparitions, low, high)
    if confirmed.known or galaxies.truth is None:
        quantity = f"confirmed {zone}, {SCIENCE_REPEATS}"
        found.append(Figure("extended_reliability", f"extended confirmed {low:g}", quantity, None, REPEATS, confirmed,
                            CONFIRMED.format(where=zone)))  # fmt: skip
    return [one for one in found if one.estimate.known] or found[:1]


def brighter(rows):
    """Which are brighter than the limit in a band, in the circle or the K20 ellipse."""
    limit = survey().validate_extended.limit
    return np.any([magnitude(rows, aperture, k) < limit[k] for k in range(len(LETTERS))
                   for aperture in (CIRCLE, ISOPHOTE)], axis=0) if len(rows) else np.zeros(0, bool)  # fmt: skip


def _confirmed(rows, low, high):
    if not len(rows):
        return unknown()
    sure = rows["edge"] > survey().extended_release.border + survey().release.edge_error
    zone = latitude(rows)
    wanted = rows["selected"].astype(bool) & sure & (rows["possible"] >= 2) & (zone > low) & (zone <= high)
    return share((rows["seen"][wanted] >= 2).sum(), wanted.sum())


def _false(rows, truth):
    """The false ones, at most a hundred, the worst first."""
    row, apart = truth.nearest(rows["ra"], rows["dec"])
    return [{"ra": float(rows["ra"][n]), "dec": float(rows["dec"][n]), "apart": round(float(min(apart[n], 1e6)), 2),
             "e_score": float(rows["e_score"][n]), "g_score": float(rows["g_score"][n]),
             "mag": [round(float(magnitude(rows, CIRCLE, k)[n]), 3) for k in range(len(LETTERS))]}
            for n in np.argsort(rows["e_score"], kind="stable")[:100]]  # fmt: skip
