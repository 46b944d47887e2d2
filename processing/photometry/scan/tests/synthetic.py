"""Synthetic scans: frames of stars that are Gaussians integrated over pixels, without a line of the spline code.

    scan = synthetic.scan(x, y, flux)          frames with noise, and what they were made of
    model = synthetic.model(scan)              the Model at the truth, with the exact PSF
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage
from scipy.special import erf

from processing.astrometry.adjust import start
from processing.astrometry.camera import POWERS
from processing.astrometry.solution import Solution
from processing.atlas.grid import strip_grid
from processing.photometry.fit import Stars
from processing.photometry.scan.fit import Model
from processing.photometry.scan.kernels import KNOTS
from processing.photometry.scan.places import Mapping, apparitions
from processing.photometry.scan.psf import FIELD, RADIUS, FramePSF

BAND = "j"
FRAMES = 12
SIGMA = 0.42
"""Of a star before the pixel, in pixels of 2 arcsec: with the pixel a FWHM of 2.4 arcsec."""

NOISE = 8.0
"""DN, of a pixel of sky: 368 DN of sky and 58 electrons of the reads at ``GAIN``."""

GAIN = 10.0
FWHM = 2.3548 * 2.0 * np.sqrt(SIGMA**2 + 1 / 12)
"""arcsec, on a frame."""

HALF = 5
"""Pixels to which a star is drawn: more than seven sigma of the widest here."""

ALONE = 24.0
"""arcsec between stars that share no pixel: fitted areas are 13.6 arcsec wide."""


@dataclass(frozen=True)
class Scan:
    """``x``, ``y`` (strip), ``flux`` (DN): the stars; ``light``: what is expected, ``images``: with noise, both without
    sky, DN, (n, 256, 256)."""

    solution: Solution
    grid: object
    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    light: np.ndarray
    images: np.ndarray
    usable: np.ndarray
    noise: np.ndarray

    @property
    def stars(self):
        return Stars(self.x, self.y, self.flux)


def solution(frames=FRAMES, seed=1, rotation=0.3, distortion=0.07):
    """Frames 82.4 arcsec apart that wander by half an arcsec, seen by a camera turned by ``rotation`` deg, with a
    radial distortion of ``distortion`` arcsec (0.07: 0.1 pixel in the corners)."""
    rng = np.random.default_rng(seed)
    north = 82.4 * (np.arange(frames) - (frames - 1) / 2) + rng.normal(0, 0.5, frames)
    east = rng.normal(0, 0.5, frames)
    reported = 284.0 + east / 3600 / np.cos(np.radians(12.0)), 12.0 + north / 3600
    state = start(reported, 1)
    state.cameras[0] = _camera(state.cameras[0], np.radians(rotation), distortion)
    nothing = np.zeros((frames, 2))
    return Solution(reported, (BAND,), state, nothing, nothing, {BAND: 0.0}, nothing[:0], 0, "")


def _camera(nominal, angle, distortion):
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ nominal
    for axis, sign, powers in ((0, -1, ((3, 0), (1, 2))), (1, 1, ((2, 1), (0, 3)))):
        for power in powers:
            turned[axis, POWERS.index(power)] += sign * distortion
    return turned


def pixels(solution, grid, x, y):
    """Pixels (frames, stars) of places of the strip, from the Solution itself."""
    ra, dec = grid.wcs.wcs_pix2world(x, y, 0)
    return solution.pixel(BAND, np.arange(len(solution.frames))[:, None], ra, dec)


def gaussian(x, y, sigma=SIGMA, stretch=(0.0, 0.0), half=HALF):
    """Light in the pixels about the nearest ones of stars at ``x``, ``y``: (n, 2 half + 1, 2 half + 1).

    ``stretch`` (2,) or (2, n): the star is two equal Gaussians so far on either side of its place, which adds the
    products of ``stretch`` to the second moments.
    """
    x, y, sigma = np.broadcast_arrays(np.atleast_1d(x).astype(float), y, sigma)
    dx, dy = x - np.rint(x), y - np.rint(y)
    each = [_columns(dy + s * stretch[1], sigma, half)[:, :, None] * _columns(dx + s * stretch[0], sigma, half)[:, None]
            for s in (-1, 1)]  # fmt: skip
    return 0.5 * (each[0] + each[1])


def _columns(centre, sigma, half):
    edges = np.arange(-half, half + 2) - 0.5
    return np.diff(0.5 * erf((edges - centre[:, None]) / sigma[:, None] / np.sqrt(2)), axis=1)


def drawn(frame, x, y, flux, frames, **shape):
    """Frames (n, 256, 256), DN, of apparitions; ``shape``: of ``gaussian``."""
    images, stamps = np.zeros((frames, 256 + 4 * HALF, 256 + 4 * HALF)), gaussian(x, y, **shape)
    step = np.arange(-HALF, HALF + 1) + 2 * HALF
    row, column = (np.rint(a).astype(int)[:, None] + step for a in (y, x))
    np.add.at(images, (frame[:, None, None], row[:, :, None], column[:, None]), flux[:, None, None] * stamps)
    return images[:, 2 * HALF:-2 * HALF, 2 * HALF:-2 * HALF]


def scan(x, y, flux, frames=FRAMES, seed=1, shape=None, noisy=True, bad=0.002):
    """The Scan of stars on the strip.

    ``shape``: function of frame, x, y (arrays) that gives ``sigma`` and ``stretch``, None: round stars of ``SIGMA``;
    ``bad``: share of the pixels that no frame can use; they hold 30,000 DN.
    """
    x, y, flux = (np.array(a, float) for a in np.broadcast_arrays(*np.atleast_1d(x, y, flux)))
    sky = solution(frames)
    grid = strip_grid(sky)
    u, v = pixels(sky, grid, x, y)
    frame, star = np.nonzero((np.abs(u - 127.5) < 128 + HALF) & (np.abs(v - 127.5) < 128 + HALF))
    place = frame, u[frame, star], v[frame, star]
    light = drawn(*place, flux[star], frames, **(shape(*place) if shape else {}))
    rng = np.random.default_rng([seed, 5])
    noise = np.sqrt(NOISE**2 + light / GAIN) * rng.standard_normal(light.shape) if noisy else 0.0
    usable = np.broadcast_to(rng.uniform(size=(256, 256)) > bad, light.shape).copy()
    images = np.where(usable, light + noise, 3e4).astype(np.float32)
    return Scan(sky, grid, x, y, flux, light, images, usable, np.full(frames, NOISE))


def exact_psf(frames=FRAMES, sigma=SIGMA):
    """The FramePSF of such stars: a spline through the exact light in a pixel at each of its knots."""
    m = 2 * KNOTS * RADIUS + 5
    away = (np.arange(m) - (m - 1) / 2) / KNOTS
    edge = [0.5 * erf((away + side) / sigma / np.sqrt(2)) for side in (0.5, -0.5)]
    surface = ndimage.spline_filter(np.outer(edge[0] - edge[1], edge[0] - edge[1]), order=3, mode="mirror")
    nodes = np.array([0.0, frames - 1.0])
    return FramePSF(surface, nodes, np.zeros((2, 3)), np.zeros((len(FIELD), 3)))


def model(scan, stars=None, psf=None, profile_error=0.0):
    """The Model of a Scan; ``stars``: those that are there, unless others are given."""
    stars, mapping = scan.stars if stars is None else stars, Mapping(scan.solution, BAND, scan.grid)
    psf = exact_psf(len(scan.images)) if psf is None else psf
    return Model(scan.images, scan.usable, scan.noise, GAIN, mapping, psf, stars,
                 apparitions(stars.x, stars.y, mapping), profile_error)  # fmt: skip


def lattice(step=ALONE, frames=FRAMES, seed=2, margin=40.0, ends=200.0):
    """Places of the strip about ``step`` arcsec apart, at random phases of the pixels: x, y."""
    rows, columns = strip_grid(solution(frames)).shape
    y, x = np.mgrid[ends:rows - ends:step, margin:columns - margin:step]
    shift = np.random.default_rng(seed).uniform(-1.5, 1.5, (2, x.size))
    return x.ravel() + shift[0], y.ravel() + shift[1]


def fluxes(count, low, high, seed=3):
    """Fluxes between ``low`` and ``high``, even in the logarithm."""
    return np.exp(np.random.default_rng(seed).uniform(np.log(low), np.log(high), count))


def shifted(stars, seed=4, place=0.2, flux=0.1):
    """Stars as a first guess has them: moved at random by ``place`` arcsec, fluxes wrong by ``flux`` of themselves."""
    rng = np.random.default_rng(seed)
    dx, dy, df = rng.standard_normal((3, len(stars)))
    return Stars(stars.x + place * dx, stars.y + place * dy, stars.flux * (1 + flux * df))


def without(scan, where):
    """The Scan with pixels that are not usable besides, at ``where`` (bool); they hold 30,000 DN."""
    images = np.where(where, np.float32(3e4), scan.images)
    return replace(scan, images=images, usable=scan.usable & ~where)
