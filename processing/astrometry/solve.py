"""The whole scan: from detections in all frames and bands to one Solution."""

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from processing.astrometry import adjust as lsq
from processing.astrometry.match import counterparts, linked, neighbours, same_frame_pairs, voted_shift
from processing.astrometry.plane import from_plane
from processing.astrometry.solution import Solution
from processing.astrometry.stars import Detections
from processing.config import survey
from processing.sphere import ARCSEC, unit_vectors

STEPS = ((3.0, 1.0, 30), (1.0, 0.2, 30), (0.5, None, 50))
"""Reach (arcsec) within which detections are one star, error given to them (None: their own), brightest of a frame."""

LOOSE = (20.0, 5.0)
"""Errors given to the reference stars before the last step, in units of theirs: none may look like an outlier because
the scan does not yet lie straight."""

FEWEST_STARS, FEWEST_REFERENCES = 10, 3
NO_TIES = lsq.Ties(np.zeros(0, int), np.zeros((0, 3)), 1.0)


def solve_scan(detections, pointing, references):
    """The Solution of a scan.

    Parameters
    ----------
    detections : dict from band letter to Detections
    pointing : (ra, dec), arrays (n,), deg ICRS
        As the telescope reports it, one for each frame.
    references : (ra, dec), arrays, deg ICRS
        Reference stars at the epoch of the night; those far from the scan are ignored.

    With too few stars in common, or too few reference stars among them, positions are as good as the reported pointing;
    ``Solution.note`` says so, and the errors do.
    """
    bands, reported = list(detections), tuple(np.asarray(p, float) for p in pointing)
    state = lsq.start(reported, len(bands))
    state = _band_offsets(state, list(detections.values()))
    for reach, error, most in STEPS[:2]:
        state, seen = _linked(state, reported, detections, reach, error, most)
        if len(seen.x) < 2 * FEWEST_STARS:
            return _unsolved(state, reported, bands, len(state.stars))
        state, covariance = lsq.adjust(state, reported, seen, NO_TIES, 2)
    state, ties = _tied(state, references)
    for looseness in LOOSE if len(ties.star) else ():
        ties = replace(ties, sigma=looseness * survey().astrometry.reference_error)
        state, _ = lsq.adjust(state, reported, seen, ties, 2)
    state, seen = _linked(state, reported, detections, *STEPS[2])
    ties = _final_ties(state, references) if len(ties.star) else NO_TIES
    state, covariance = lsq.adjust(state, reported, seen, ties, 3)
    kept = lsq.robust(lsq.tie_residuals(state, ties), ties.sigma) > 0.25
    if kept.sum() < FEWEST_REFERENCES:
        ties = NO_TIES
        state, covariance = lsq.adjust(state, reported, seen, ties, 3)
    return _solution(state, reported, bands, seen, ties, covariance)


def _band_offsets(state, found):
    """Centres of the cameras of the other bands against the first: the most frequent difference within a frame."""
    first = found[0].brightest(30)
    for band in range(1, len(found)):
        other = found[band].brightest(30)
        one, two = same_frame_pairs(first.frame, other.frame)
        camera = lsq.camera_of(state, 0)
        here, there = camera.plane(first.x[one], first.y[one]), camera.plane(other.x[two], other.y[two])
        shift = voted_shift(here[0] - there[0], here[1] - there[1], 16.0)
        state = lsq.with_camera(state, band, shift[:2])
    return state


def _linked(state, reported, detections, reach, error, most):
    """The apparitions of stars seen more than once, by the present State, and the State with these stars."""
    parts = [found.brightest(most) for found in detections.values()]
    band = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    every = Detections(*(np.concatenate([getattr(p, c) for p in parts]) for c in Detections.__dataclass_fields__))
    seen = lsq.Apparitions(every.frame, band, band, every.x, every.y, _sigma(every, error))
    direction = lsq.directions(state, reported, seen)
    star = linked(direction, every.frame * len(parts) + band, reach)
    use = star >= 0
    seen = lsq.Apparitions(seen.frame[use], band[use], star[use], seen.x[use], seen.y[use], seen.sigma[use])
    return replace(state, stars=lsq.mean_places(direction[use], seen.star)), seen


def _sigma(found, error):
    """Errors of single apparitions on the plane, arcsec: from the noise, and what the shape of the PSF adds."""
    rules, pixel = survey().astrometry, survey().simulate.frame_pixel
    floor = rules.centroid_floor if error is None else error
    shape = np.sqrt(np.maximum(found.chi2, 1))
    return np.stack([np.hypot(pixel * shape * e, floor) for e in (found.x_error, found.y_error)], axis=1)


def _tied(state, references):
    """The State moved onto the reference stars by the most frequent difference, and loose ties to them."""
    place = _near(state, unit_vectors(*references), 30.0)
    star, row = neighbours(state.stars, place, 12.0)
    away = ARCSEC * np.einsum("kij,kj->ki", lsq.local(state.stars[star])[:, :2], place[row])
    *shift, count = voted_shift(away[:, 0], away[:, 1], 12.0)
    if count < FEWEST_REFERENCES:
        return state, NO_TIES
    stars = from_plane(lsq.local(state.stars), np.full(len(state.stars), shift[0]), np.full(len(state.stars), shift[1]))
    state = replace(state, shift=state.shift + shift, stars=stars)
    star, row = counterparts(state.stars, place, 3.0)
    return state, lsq.Ties(star, place[row], np.inf)


def _final_ties(state, references):
    place = _near(state, unit_vectors(*references), 30.0)
    star, row = counterparts(state.stars, place, 1.0)
    return lsq.Ties(star, place[row], survey().astrometry.reference_error)


def _near(state, place, reach):
    """Those of ``place`` (unit vectors) within ``reach`` arcsec of a star."""
    middle = state.stars.mean(axis=0)
    farthest = np.linalg.norm(state.stars - middle, axis=1).max()
    place = place[np.linalg.norm(place - middle, axis=1) < farthest + 1e-3]
    return place[cKDTree(state.stars).query(place)[0] < reach / ARCSEC] if len(place) else place


def _unsolved(state, reported, bands, stars):
    rules = survey().astrometry
    state = lsq.start(reported, len(bands))
    error = np.full((len(reported[0]), 2), np.hypot(rules.pointing, rules.pointing_jitter))
    note = (f"{stars} stars in common, at least {FEWEST_STARS} are needed: "
            "frames are where the telescope reports, good to 5 arcsec")  # fmt: skip
    unknown = {band: np.nan for band in bands}
    return Solution(reported, tuple(bands), state, error, error.copy(), unknown, np.zeros((0, 2)), stars, note)


def _solution(state, reported, bands, seen, ties, covariance):
    """The Solution with its errors, scaled to the scatter that there is."""
    n = len(reported[0])
    residual, away = lsq.residuals(state, reported, seen), lsq.tie_residuals(state, ties)
    good, kept = lsq.robust(residual, seen.sigma) > 0.25, lsq.robust(away, ties.sigma) > 0.25
    spare = max(2 * good.sum() - 2 * len(state.stars) - 2 * n, 1)
    scale = max(((residual[good] / seen.sigma[good]) ** 2).sum() / spare, 1.0)
    rms = {b: _rms(residual[good & (seen.band == k)]) for k, b in enumerate(bands)}
    against = np.kron(np.eye(n) - 1 / n, np.eye(2))
    relative = _errors(against @ covariance @ against, scale)
    note = "" if kept.any() else (
        f"fewer than {FEWEST_REFERENCES} reference stars agree: frames fit each other, "
        "the scan as a whole is where the telescope reports, good to 5 arcsec")  # fmt: skip
    return Solution(reported, tuple(bands), state, _errors(covariance, scale), relative, rms, away[kept],
                    len(state.stars), note)  # fmt: skip


def _errors(covariance, scale):
    return np.sqrt(scale * np.diag(covariance)).reshape(-1, 2)


def _rms(residual):
    return float(np.sqrt((residual**2).mean())) if len(residual) else np.nan
