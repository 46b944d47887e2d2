"""Where each star falls on each frame."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from processing.photometry.scan.kernels import FIT

CELL = 16
"""Side in pixels of the cells of a frame within which the PSF is the same."""

SIDE = 256


@dataclass(frozen=True)
class Apparitions:
    """The images of stars on the frames of one band, arrays of one length, sorted by frame and cell.

    ``star``: index; ``frame``: index; ``x``, ``y``: pixel on the frame; ``stars``: how many stars there are;
    ``jacobian``: (frames, 2, 2), d(x, y)/d(X, Y) with X, Y on the strip.
    """

    star: np.ndarray
    frame: np.ndarray
    x: np.ndarray
    y: np.ndarray
    stars: int
    jacobian: np.ndarray

    @cached_property
    def key(self):
        """Number of the cell, unique over the frames."""
        return _key(self.frame, self.x, self.y)

    @cached_property
    def cell(self):
        """Number of the cell on its frame, by rows."""
        return self.key % (SIDE // CELL) ** 2

    def begins(self, frames):
        """Where the apparitions of each of so many frames begin, and where those of the last end: (frames + 1,)."""
        return np.searchsorted(self.frame, np.arange(frames + 1))

    @cached_property
    def by_star(self):
        """``begin`` (stars + 1,) and ``order``: apparitions of star s are order[begin[s]:begin[s + 1]], by frame."""
        order = np.lexsort((self.frame, self.star))
        return np.searchsorted(self.star[order], np.arange(self.stars + 1)), order

    def rows(self, rows):
        """Some of the apparitions (mask), of stars with the same numbers."""
        return Apparitions(self.star[rows], self.frame[rows], self.x[rows], self.y[rows], self.stars, self.jacobian)

    def select(self, keep):
        """Those of the stars at ``keep`` (mask), numbered anew."""
        rows, number = keep[self.star], np.cumsum(keep) - 1
        return Apparitions(number[self.star[rows]], self.frame[rows], self.x[rows], self.y[rows], int(keep.sum()),
                           self.jacobian)  # fmt: skip

    def moved(self, dx, dy):
        """The same with stars moved by ``dx``, ``dy`` (stars,) pixels of the strip; the cells stay as they are."""
        step = np.stack([dx[self.star], dy[self.star]], axis=1)
        jacobian = self.jacobian[self.frame]
        x = self.x + jacobian[:, 0, 0] * step[:, 0] + jacobian[:, 0, 1] * step[:, 1]
        y = self.y + jacobian[:, 1, 0] * step[:, 0] + jacobian[:, 1, 1] * step[:, 1]
        other = Apparitions(self.star, self.frame, x, y, self.stars, self.jacobian)
        other.__dict__.update(key=self.key, cell=self.cell, by_star=self.by_star)
        return other


def apparitions(x, y, mapping, margin=FIT):
    """The Apparitions of stars at ``x``, ``y`` (n,) of the strip; ``margin``: pixels beyond the frame's edges."""
    star, frame = mapping.pairs(y)
    u, v = mapping.pixel(frame, x[star], y[star])
    on = (np.abs(u - 127.5) < 128 + margin) & (np.abs(v - 127.5) < 128 + margin)
    star, frame, u, v = star[on], frame[on], u[on], v[on]
    order = np.argsort(_key(frame, u, v), kind="stable")
    return Apparitions(star[order], frame[order], u[order], v[order], len(x), mapping.jacobian)


def _key(frame, x, y):
    cells = SIDE // CELL
    column, row = (np.clip((np.rint(a) // CELL).astype(np.int64), 0, cells - 1) for a in (x, y))
    return (frame.astype(np.int64) * cells + row) * cells + column


class Mapping:
    """From the strip to the pixels of the frames of one band: a polynomial of third order for each frame.

    Fitted to the Solution at 7 x 7 places of each frame; it keeps the place to better than 1 mas.
    """

    POWERS = tuple((a, b) for a in range(4) for b in range(4 - a))

    def __init__(self, solution, band, grid):
        frames = np.arange(len(solution.frames))
        side = np.linspace(-4.0, 259.0, 7)
        u, v = (a.ravel() for a in np.meshgrid(side, side))
        ra, dec = solution.sky(band, frames[:, None], u, v)
        x, y = (a.reshape(ra.shape) for a in grid.wcs.wcs_world2pix(ra.ravel(), dec.ravel(), 0))
        self.middle = np.stack([x.mean(axis=1), y.mean(axis=1)], axis=1)
        self.half = float(np.ptp(y[0]) / 2)
        terms = self._terms(x - self.middle[:, :1], y - self.middle[:, 1:])
        values = np.stack([np.broadcast_to(u, x.shape), np.broadcast_to(v, x.shape)], 2)
        self.coefficients = np.linalg.pinv(terms) @ values
        one = [self.POWERS.index((1, 0)), self.POWERS.index((0, 1))]
        self.jacobian = np.swapaxes(self.coefficients[:, one], 1, 2) / self._scale
        self.order = np.argsort(self.middle[:, 1])

    _scale = 256.0

    def _terms(self, x, y):
        x, y = x / self._scale, y / self._scale
        return np.stack([x**a * y**b for a, b in self.POWERS], axis=-1)

    def pairs(self, y):
        """Star and frame indices of all pairs that may meet."""
        middle = self.middle[self.order, 1]
        low, high = np.searchsorted(middle, [y - self.half - 8, y + self.half + 8])
        count = np.maximum(high - low, 0)
        star = np.repeat(np.arange(len(y)), count)
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return star, self.order[np.repeat(low, count) + within]

    def pixel(self, frame, x, y):
        """Pixels on the frames of places on the strip; arrays of one length."""
        terms = self._terms(x - self.middle[frame, 0], y - self.middle[frame, 1])
        both = np.einsum("nt,nta->na", terms, self.coefficients[frame])
        return both[:, 0], both[:, 1]
