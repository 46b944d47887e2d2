"""The ridge: what the parameters of stars are along the field, and how far they scatter about it.

The PSF of the field at an object's place, put where the object is and as bright as it, is measured as the object was:
its twin. Isolated stars of the field tell by how much stars differ from their twins, and with which scatter: a part
that bright stars have (the PSF is not known better) and a part that falls with the signal-to-noise ratio.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from processing.extended import cuts
from processing.extended.noise import ROBUST
from processing.extended.parameters import NAMES, SYMMETRY, centred, measured

HALF = 20
"""Half-width in pixels of the piece that is measured."""

WIDTH = 2 * HALF + 1

COMPARED = len(NAMES) + len(SYMMETRY)

ALONE, TOUCHING = (8.0, 0.03), (15.0, 0.3)
"""A star of the ridge has no neighbour within so many arcsec with more than this part of its flux."""

BRIGHT, MOST = 15.0, 300
"""Signal-to-noise ratio of the faintest stars of the ridge, and how many are measured at most."""

PRIOR_STARS = 10.0
"""Weight of what is expected where the field has few stars, in stars."""


@dataclass(frozen=True)
class Ridge:
    """One band of a field: arrays (COMPARED,). ``offset``: of stars from their twins; ``floor``: scatter of bright
    ones; ``slope``: scatter times the signal-to-noise ratio of faint ones; ``stars``: how many were measured."""

    offset: np.ndarray
    floor: np.ndarray
    slope: np.ndarray
    stars: int

    def sigma(self, snr):
        """Scatter of stars of this signal-to-noise ratio: (COMPARED,)."""
        return np.hypot(self.floor, self.slope / max(snr, 0.5))


@dataclass(frozen=True)
class Shape:
    """An object beside its twin in one band: ``own``, ``twin`` (COMPARED,): see parameters; ``snr``: of its light
    within 2 arcsec, noise of pixels taken as independent; ``light``: DN."""

    own: np.ndarray
    twin: np.ndarray
    snr: float
    light: float

    def scores(self, ridge):
        """How far the object is off the ridge, in units of the scatter of stars: (COMPARED,)."""
        return (self.own - self.twin - ridge.offset) / ridge.sigma(self.snr)


def shape(piece, star, noise, x, y):
    """The Shape of what is at x, y of a piece (WIDTH, WIDTH) without NaN; None without light.

    ``star``: (odd, odd), a star of unit flux in the middle of a pixel; ``noise``: DN, of a pixel.
    """
    x, y = centred(piece, x, y)
    own = measured(piece, noise, x, y)
    twin = _placed(star, x, y)
    unit = measured(twin, 1.0, x, y)[-1]
    if not np.isfinite(own[-1]) or not unit > 0:
        return None
    flux = own[-1] / unit
    snr = own[-1] / noise / np.sqrt(4 * np.pi)
    return Shape(own[:COMPARED], measured(flux * twin, noise, x, y)[:COMPARED], float(snr), float(own[-1]))


def _placed(star, x, y):
    """A star of unit flux at x, y of a piece."""
    column, row = round(x), round(y)
    moved = ndimage.shift(star, (y - row, x - column), order=3, mode="constant")
    half = len(star) // 2
    return cuts.cut(moved, (half - column, half - row), WIDTH, 0.0).astype(float)


def cut(plane, x, y, void=0.0):
    """The piece of an image about the pixel (x, y), ``void`` where it is not known: (WIDTH, WIDTH)."""
    out = cuts.cut(plane, (x - HALF, y - HALF), WIDTH, void).astype(float)
    return np.where(np.isfinite(out), out, void)


def ridge(band, left, expected):
    """The Ridge of a BandField.

    Parameters
    ----------
    band : BandField
    left : ndarray, (ny, nx), DN
        Background and all stars off it: each star of the ridge is put back alone.
    expected : Ridge
        Of fields like this: stands in where stars are few.
    """
    shapes = [one for one in _star_shapes(band, left) if one is not None and np.isfinite(one.own - one.twin).all()]
    if not shapes:
        return expected
    off = np.array([one.own - one.twin for one in shapes])
    snr = np.array([one.snr for one in shapes])
    offset = np.median(off[np.argsort(-snr)[:max(10, len(snr) // 2)]], axis=0)
    floor, slope = _scatter(off - offset, snr)
    trust = len(shapes) / (len(shapes) + PRIOR_STARS)
    pairs = (offset, expected.offset), (floor, expected.floor), (slope, expected.slope)
    return Ridge(*(trust * own + (1 - trust) * usual for own, usual in pairs), len(shapes))


def _star_shapes(band, left):
    stars, usual = band.stars, np.nanmedian(band.noise)
    for row in isolated(stars, usual):
        x, y = stars.x[row], stars.y[row]
        column, line = int(round(x)), int(round(y))
        star = band.psf.at(x, y, HALF)
        noise = cut(band.noise, column, line, usual)[HALF, HALF]
        middle = band.psf.at(column, line, HALF)
        yield shape(cut(left, column, line) + stars.flux[row] * star, middle, noise, x - column + HALF, y - line + HALF)


def isolated(stars, noise):
    """Rows of bright unsaturated stars without neighbours, spread over the range of brightness, at most MOST."""
    good = (stars.method == 2) & (stars.flux > BRIGHT * noise * 5)
    tree = cKDTree(np.column_stack([stars.x, stars.y]))
    for reach, part in (ALONE, TOUCHING):
        for row in np.flatnonzero(good):
            near = np.setdiff1d(tree.query_ball_point((stars.x[row], stars.y[row]), reach), row)
            good[row] = not (stars.flux[near] > part * stars.flux[row]).any()
    rows = np.flatnonzero(good)
    rows = rows[np.argsort(stars.flux[rows])]
    chosen = np.linspace(0, len(rows) - 1, min(MOST, len(rows)))
    return rows[np.unique(chosen.round().astype(int))]


def _scatter(off, snr):
    """Floor and slope of the scatter of stars off the ridge, galaxies among them or not: variance = floor**2 +
    (slope / snr)**2, the slope from the fainter half, the floor from the brightest third."""
    faint, bright = snr <= np.median(snr), snr >= np.quantile(snr, 0.67)
    slope = ROBUST * np.median(np.abs(off[faint]) * snr[faint, None], axis=0)
    noise = np.median(slope / snr[bright, None], axis=0)
    return np.sqrt(np.maximum((ROBUST * np.median(np.abs(off[bright]), axis=0)) ** 2 - noise**2, 0.0)), slope
