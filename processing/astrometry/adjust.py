"""One least-squares adjustment of a scan: shifts of the frames, cameras of the bands, places of the stars.

Every apparition of a star gives two equations: where its pixel lies on the frame's plane by the camera, and where the
star lies on it by the pointing. Stars are tied to the reference catalog where they are in it, and pointings to what the
telescope reports; there is no chain of frames, so no random walk. The normal equations are sparse: a star couples the
few frames that see it, and is eliminated (Schur complement), which leaves two unknowns a frame and the cameras.
Outliers lose their weight smoothly (Geman & McClure 1987).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from processing.astrometry.camera import TERMS, Camera, nominal_camera, prior_precision, terms
from processing.astrometry.plane import basis, from_plane, moved, to_plane
from processing.config import survey
from processing.sphere import ARCSEC

PHASES = 2
"""Harmonics of the pixel phase, each axis and band."""

SOFT = 3.0
"""Residuals of so many sigma have a quarter of the weight."""


@dataclass(frozen=True)
class Apparitions:
    """What is adjusted: one element for each detection of a star. ``frame``, ``band``, ``star``: indices; ``x``, ``y``:
    pixel; ``sigma``: (n, 2), arcsec, of xi and eta."""

    frame: np.ndarray
    band: np.ndarray
    star: np.ndarray
    x: np.ndarray
    y: np.ndarray
    sigma: np.ndarray


@dataclass(frozen=True)
class State:
    """The unknowns. ``shift``: (n, 2) arcsec east and north, added to the reported pointing; ``cameras``: (bands, 2,
    TERMS); ``phases``: (bands, 2, PHASES), arcsec; ``stars``: unit vectors (m, 3)."""

    shift: np.ndarray
    cameras: np.ndarray
    phases: np.ndarray
    stars: np.ndarray

    def pointing(self, reported):
        """Bases of the frames, shape (n, 3, 3)."""
        return basis(*moved(*reported, self.shift[:, 0], self.shift[:, 1]))


@dataclass(frozen=True)
class Ties:
    """Stars that are reference stars: rows of ``stars``, catalog places (unit vectors, (k, 3)), sigma (arcsec)."""

    star: np.ndarray
    place: np.ndarray
    sigma: float


def start(reported, bands):
    """The State before anything is known."""
    cameras = np.repeat(nominal_camera().coefficients[None], bands, axis=0)
    return State(np.zeros((len(reported[0]), 2)), cameras, np.zeros((bands, 2, PHASES)), np.zeros((0, 3)))


def phase_terms(x):
    """Harmonics of the pixel phase: (n, PHASES)."""
    return np.stack([np.sin(2 * np.pi * k * x) for k in range(1, PHASES + 1)], axis=-1)


def planes(state, seen):
    """Where the cameras put the apparitions on the planes of their frames: (n, 2), arcsec."""
    polynomial = np.einsum("nt,nat->na", terms(seen.x, seen.y), state.cameras[seen.band])
    phase = np.stack([phase_terms(seen.x), phase_terms(seen.y)], axis=1)
    return polynomial + np.einsum("nak,nak->na", phase, state.phases[seen.band])


def directions(state, reported, seen):
    """Unit vectors of the apparitions."""
    place = planes(state, seen)
    return from_plane(state.pointing(reported)[seen.frame], place[:, 0], place[:, 1])


def mean_places(direction, star):
    """Unit vectors of the stars: the median of their apparitions, coordinate by coordinate."""
    order = np.argsort(star, kind="stable")
    first = np.searchsorted(star[order], np.arange(star.max() + 1)) if len(star) else np.zeros(0, int)
    groups = np.split(direction[order], first[1:]) if len(star) else []
    median = np.array([np.median(group, axis=0) for group in groups]).reshape(-1, 3)
    return median / np.linalg.norm(median, axis=1, keepdims=True)


def residuals(state, reported, seen):
    """Camera minus star on the frame's plane: (n, 2), arcsec."""
    frame = state.pointing(reported)[seen.frame]
    return planes(state, seen) - np.stack(to_plane(frame, state.stars[seen.star]), axis=1)


def tie_residuals(state, ties):
    """Star minus reference place, east and north: (k, 2), arcsec."""
    star = state.stars[ties.star]
    return ARCSEC * np.einsum("kij,kj->ki", local(ties.place)[:, :2], star)


def local(direction):
    """Bases (k, 3, 3) at unit vectors."""
    east = np.stack([-direction[:, 1], direction[:, 0], np.zeros(len(direction))], axis=1)
    east /= np.maximum(np.linalg.norm(east, axis=1, keepdims=True), 1e-12)
    return np.stack([east, np.cross(direction, east), direction], axis=1)


def robust(residual, sigma):
    """Weights of residuals (n, 2) with errors ``sigma``: of the two axes together, 1 for small ones."""
    r2 = ((residual / sigma) ** 2).sum(axis=1) / 2
    return (1 / (1 + r2 / SOFT**2)) ** 2


def adjust(state, reported, seen, ties, rounds):
    """The State after ``rounds`` of Gauss-Newton steps, and the covariance of the shifts (2n, 2n), arcsec2."""
    for _ in range(rounds):
        state, covariance = _step(state, reported, seen, ties)
    return state, covariance


def _step(state, reported, seen, ties):
    n, bands, m = len(state.shift), len(state.cameras), len(state.stars)
    residual = residuals(state, reported, seen)
    weight = (robust(residual, seen.sigma)[:, None] / seen.sigma**2).ravel()
    frames, stars = _frame_part(state, reported, seen, residual, n, bands), _star_part(state, reported, seen, m)
    weighted = sparse.diags_array(weight) @ frames
    normal = (frames.T @ weighted).toarray()
    right = -(weighted.T @ residual.ravel())
    cross = (weighted.T @ stars).tocsc()
    star_right = -(stars.T @ (weight * residual.ravel())).reshape(m, 2)
    blocks = _star_blocks(stars, weight, m)
    _add_ties(blocks, star_right, state, ties)
    _add_priors(normal, right, state, n, bands)
    inverse = _inverted(blocks)
    eliminate = cross @ sparse.bsr_array((inverse, np.arange(m), np.arange(m + 1)), shape=(2 * m, 2 * m))
    reduced = normal - (eliminate @ cross.T).toarray()
    covariance = np.linalg.inv(reduced)
    step = covariance @ (right - eliminate @ star_right.ravel())
    star_step = np.einsum("mij,mj->mi", inverse, star_right - (cross.T @ step).reshape(m, 2))
    return _moved(state, step, star_step, n, bands), covariance[: 2 * n, : 2 * n]


def _inverted(blocks):
    """Inverses of symmetric 2 x 2 matrices (m, 2, 2)."""
    (a, b), (_, d) = np.moveaxis(blocks, 0, -1)
    return np.stack([np.stack([d, -b], -1), np.stack([-b, a], -1)], -2) / (a * d - b * b)[:, None, None]


def _moved(state, step, star_step, n, bands):
    cameras = step[2 * n : 2 * n + bands * 2 * TERMS].reshape(bands, 2, TERMS)
    phases = step[2 * n + bands * 2 * TERMS :].reshape(bands, 2, PHASES)
    stars = from_plane(local(state.stars), star_step[:, 0], star_step[:, 1]) if len(star_step) else state.stars
    return State(state.shift + step[: 2 * n].reshape(n, 2), state.cameras + cameras, state.phases + phases, stars)


def _frame_part(state, reported, seen, residual, n, bands):
    """Derivatives of the residuals (2 rows an apparition) with shifts, cameras and phases.

    Those with the cameras are taken where the star should be, not where it was found: else their noise is that of the
    residuals, and where only weak ties fix the scale it shrinks, because that makes all residuals smaller.
    """
    pixel = survey().simulate.frame_pixel
    x, y = seen.x + residual[:, 0] / pixel, seen.y - residual[:, 1] / pixel
    k = len(seen.x)
    declination = np.radians(reported[1][seen.frame])
    place = planes(state, seen) / ARCSEC
    turn = np.tan(declination)
    ones = np.ones(k)
    # A shift of the pointing moves the star the other way; one to the east also turns north (towards the poles).
    shift = np.stack([ones - turn * place[:, 1], 0 * ones, turn * place[:, 0], ones], axis=1).reshape(k, 2, 2)
    shift_columns = 2 * seen.frame[:, None, None] + np.arange(2)[None, None, :] + np.zeros((1, 2, 1), int)
    polynomial = np.repeat(terms(x, y)[:, None], 2, axis=1)
    first = 2 * n + seen.band[:, None] * 2 * TERMS + np.arange(2) * TERMS
    camera_columns = first[:, :, None] + np.arange(TERMS)
    phase = np.stack([phase_terms(seen.x), phase_terms(seen.y)], axis=1)
    first = 2 * n + bands * 2 * TERMS + seen.band[:, None] * 2 * PHASES + np.arange(2) * PHASES
    phase_columns = first[:, :, None] + np.arange(PHASES)
    values = np.concatenate([shift, polynomial, phase], axis=2)
    columns = np.concatenate([shift_columns, camera_columns, phase_columns], axis=2)
    width = values.shape[2]
    size = 2 * n + bands * 2 * (TERMS + PHASES)
    starts = np.arange(0, 2 * k * width + 1, width)
    return sparse.csr_array((values.ravel(), columns.ravel(), starts), shape=(2 * k, size))


def _star_part(state, reported, seen, m):
    """Derivatives with the places of the stars, arcsec east and north."""
    frame, star = state.pointing(reported)[seen.frame], local(state.stars)[seen.star]
    along = np.einsum("ki,ki->k", frame[:, 2], star[:, 2])
    values = -np.einsum("kai,kbi->kab", frame[:, :2], star[:, :2]) / along[:, None, None]
    columns = 2 * seen.star[:, None, None] + np.arange(2) + np.zeros((1, 2, 1), int)
    k = len(seen.x)
    return sparse.csr_array((values.ravel(), columns.ravel(), np.arange(0, 4 * k + 1, 2)), shape=(2 * k, 2 * m))


def _star_blocks(stars, weight, m):
    """The diagonal 2 x 2 blocks of the stars' normal matrix: (m, 2, 2)."""
    product = (stars.T @ (sparse.diags_array(weight) @ stars)).tobsr(blocksize=(2, 2))
    blocks = np.zeros((m, 2, 2))
    blocks[product.indices] = product.data
    return blocks + 1e-9 * np.eye(2)


def _add_ties(blocks, right, state, ties):
    if len(ties.star):
        residual = tie_residuals(state, ties)
        weight = robust(residual, ties.sigma) / ties.sigma**2
        np.add.at(blocks, ties.star, weight[:, None, None] * np.eye(2))
        np.add.at(right, ties.star, -weight[:, None] * residual)


def _add_priors(normal, right, state, n, bands):
    """Ties to what the telescope reports and to the nominal cameras; the first band's centre is the camera axis."""
    rules = survey().astrometry
    change = np.diff(np.eye(n), axis=0) / (np.sqrt(2) * rules.pointing_jitter)
    pull = np.kron(change.T @ change + np.eye(n) / rules.pointing**2 / n, np.eye(2))
    normal[: 2 * n, : 2 * n] += pull
    right[: 2 * n] -= pull @ state.shift.ravel()
    size = 2 * TERMS
    for band in range(bands):
        precision, rows = prior_precision(fixed=band == 0), slice(2 * n + band * size, 2 * n + (band + 1) * size)
        normal[rows, rows] += precision
        right[rows] -= precision @ (state.cameras[band] - nominal_camera().coefficients).ravel()
    phases = np.arange(2 * n + bands * size, len(normal))
    normal[phases, phases] += 1 / rules.phase_error**2
    right[phases] -= state.phases.ravel() / rules.phase_error**2


def with_camera(state, band, shift):
    """The State with the centre of a band's camera moved by ``shift`` (arcsec on the plane)."""
    cameras = state.cameras.copy()
    cameras[band, :, 0] += shift
    return replace(state, cameras=cameras)


def camera_of(state, band):
    """The Camera of a band (index)."""
    return Camera(state.cameras[band])
