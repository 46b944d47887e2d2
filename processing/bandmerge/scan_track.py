"""Where the frames of a scan lie on the plane of its source lists, and which of them saw a place.

All coordinates are 0-based pixels of the strip grid: x grows to the west, y to the north.
"""

from dataclasses import dataclass

import numpy as np

from processing.config import survey

STEP = 16.0
"""Distance, pixels, of the places along the scan at which its sides are kept."""


@dataclass(frozen=True)
class ScanTrack:
    """The frames of a scan on the plane.

    ``x``, ``y``: middle of the arrays in each frame, mean of the bands, (n,); ``ends``: (south, north), y between which
    every band is covered as deep as an Atlas Image, or as deep as the scan is; ``nodes``: y (m,) and ``sides`` (2, m):
    x of the east and west side of what all frames of all bands there cover, NaN where there is no frame.
    """

    x: np.ndarray
    y: np.ndarray
    ends: tuple
    nodes: np.ndarray
    sides: np.ndarray

    def mean(self, y, values):
        """Mean of ``values`` (n,) or (n, k), one a frame, over the frames that saw the places ``y`` (m,).

        Where no frame did (beyond the ends): that of the nearest frame.
        """
        order = np.argsort(self.y)
        along, half = self.y[order], survey().instrument.frame_height / 2
        first, last = np.searchsorted(along, y - half), np.searchsorted(along, y + half)
        nearest = np.clip(np.rint(np.interp(y, along, np.arange(len(along)))).astype(int), 0, len(along) - 1)
        alone = last <= first
        first, last = np.where(alone, nearest, first), np.where(alone, nearest + 1, last)
        values = np.asarray(values, float)[order]
        zero = values.mean(axis=0)
        total = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values - zero, axis=0)])
        count = (last - first).reshape(-1, *[1] * (values.ndim - 1))
        return zero + (total[last] - total[first]) / count

    def cross(self, x, y):
        """Mean distance (pixels, positive to the west) from the middle column of the arrays, over the frames that saw
        the place."""
        return x - self.mean(y, self.x)

    def inside(self, x, y):
        """How far inside the four edges south, north, east, west places lie: (4, n), pixels, negative outside."""
        east, west = (np.interp(y, self.nodes, side) for side in self.sides)
        south, north = self.ends
        return np.array([y - south, north - y, x - east, west - x])


def scan_track(solution, grid, usable=None):
    """The ScanTrack of a Solution on ``grid``.

    ``usable``: letter of each band that was measured -> bool (n,), frames that hold anything; None: all of all bands.
    """
    n = len(solution.frames)
    good = dict.fromkeys(solution.bands, np.ones(n, bool)) if usable is None else usable
    middles = [_pixels(solution, band, grid, np.arange(n), 127.5, 127.5) for band in good]
    borders = [_borders(solution, band, grid, np.flatnonzero(seen)) for band, seen in good.items()]
    ends = [_ends(border) for border in borders]
    south, north = max(low for low, _ in ends), min(high for _, high in ends)
    x, y = np.mean(middles, axis=0)
    return ScanTrack(x, y, (south, north), *_sides(borders, grid.shape[0]))


def _pixels(solution, band, grid, frame, x, y):
    """x, y on the grid of pixels of frames."""
    ra, dec = solution.sky(band, frame, x, y)
    px, py = grid.wcs.wcs_world2pix(ra.ravel(), dec.ravel(), 0)
    return px.reshape(ra.shape), py.reshape(ra.shape)


def _borders(solution, band, grid, frames, points=33):
    """East and west side of frames: x and y on the grid, each (2, frames, points) from the south to the north."""
    edge = 2 * 128 - 0.5
    across, up = np.array([-0.5, edge])[:, None, None], np.linspace(-0.5, edge, points)
    return _pixels(solution, band, grid, frames[:, None], across, up)


def _ends(border):
    """y of the south and north end of what as many frames as an Atlas Image has cover: the worse corner of a frame."""
    y = border[1]
    depth = min(int(survey().instrument.frames_per_coadd), y.shape[1])
    lower, upper = np.sort(y[:, :, 0].max(axis=0)), np.sort(y[:, :, -1].min(axis=0))
    return float(lower[depth - 1]), float(upper[-depth])


def _sides(borders, rows):
    """Nodes along the grid, and there the innermost east and west side of all frames of all bands."""
    nodes = np.arange(0.0, rows + STEP, STEP)
    sides = np.array([np.full(len(nodes), -np.inf), np.full(len(nodes), np.inf)])
    for x, y in borders:
        for which, inner in ((0, np.maximum), (1, np.minimum)):
            for frame_x, frame_y in zip(x[which], y[which]):
                seen = slice(*np.searchsorted(nodes, (frame_y[0], frame_y[-1])))
                here = np.interp(nodes[seen], frame_y, frame_x)
                sides[which, seen] = inner(sides[which, seen], here)
    known = np.isfinite(sides).all(axis=0)
    return nodes[known], sides[:, known]
