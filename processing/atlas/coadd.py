"""One Atlas Image: the frames that see it, levelled, resampled and averaged."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from processing.atlas.grid import Grid
from processing.atlas.resample import STEP, accumulate, differences, mean_square_weight, to_columns, to_rows, transposed
from processing.config import survey

EVERY = 5
"""Levels are compared at every so many pixels of both axes: ten thousand places."""


@dataclass(frozen=True)
class Field:
    """An Atlas Image of one band.

    ``data``: DN a 1 arcsec pixel, the average of the frames, so that a star has the DN it has in one frame; float32,
    ``grid.shape``, NaN where no frame looked; ``coverage``: frames behind each pixel, uint8; ``noise``: one sigma of each
    pixel, DN, NaN where no frame looked (neighbouring pixels are correlated: coadd.noise_correlation); ``frames``: those
    that took part; ``levels``: what was taken off each, DN a 1 arcsec pixel.
    """

    grid: Grid
    band: str
    data: np.ndarray
    coverage: np.ndarray
    noise: np.ndarray
    frames: np.ndarray
    levels: np.ndarray


@dataclass(frozen=True)
class Nodes:
    """Where a grid lies on a frame. ``frame``: its index; ``first``: the grid's row of the first node, which may be below the grid; ``u``, ``v``:
    column and row on the frame, ``area``: frame pixels a grid pixel, each (nodes up, nodes across)."""

    frame: int
    first: int
    u: np.ndarray
    v: np.ndarray
    area: np.ndarray


def coadd(frames, solution, band, grid, sky=None):
    """The Field of ``grid`` from the UsableFrames ``frames`` of ``band``.

    Every frame is levelled: what is taken off is the median of its differences from what is in the image already, where
    both see (Explanatory Supplement IV.3). The image gets the mean of what was taken off its frames, so that its level
    is that of the average frame; ``sky`` (DN a 1 arcsec pixel) replaces this level, None: that of the frames themselves.
    """
    half = np.float32(0.5 * survey().simulate.kernel_box / survey().simulate.frame_pixel)
    total, variance = np.zeros((2, *grid.shape), np.float32)
    coverage, used, offsets = np.zeros(grid.shape, np.uint8), [], []
    scratch = _Scratch(frames.image.shape[1:], grid.shape)
    for nodes in frame_nodes(solution, band, grid, frames.image.shape[1:]):
        if not np.isfinite(frames.noise[nodes.frame]):
            continue
        block, first = resampled(frames.image[nodes.frame], nodes, half, scratch)
        rows = np.s_[first : first + len(block)]
        offset = _offset(total[rows], coverage[rows], block, scratch.sample)
        scale = float(nodes.area.mean())
        noise2 = (frames.noise[nodes.frame] * scale) ** 2 * _kernel_noise(float(half))
        accumulate(total[rows], coverage[rows], variance[rows], block, offset, np.float32(noise2))
        used.append(nodes.frame)
        offsets.append(offset + frames.level[nodes.frame] * scale)
    return _field(grid, band, total, coverage, variance, np.array(used, int), np.array(offsets), frames, sky, half)


class _Scratch:
    """Arrays used again for every frame."""

    def __init__(self, frame, grid):
        ny, nx = frame
        self.turned = np.empty((nx, ny), np.float32)
        self.columns = np.empty((grid[1], ny), np.float32)
        self.middle = np.empty((ny, grid[1]), np.float32)
        self.block = np.empty(grid, np.float32)
        self.sample = np.empty((grid[0] // EVERY + 1) * (grid[1] // EVERY + 1), np.float32)


def resampled(frame, nodes, half, scratch):
    """A frame (ny, nx) on the grid's rows from the returned one on: DN a grid pixel, NaN where it does not see."""
    first = max(nodes.first, 0)
    last = min(nodes.first + (nodes.v.shape[0] - 1) * STEP, len(scratch.block))
    transposed(frame, scratch.turned)
    to_columns(scratch.turned, nodes.u, nodes.v, half, scratch.columns)
    transposed(scratch.columns, scratch.middle)
    block = scratch.block[: last - first]
    to_rows(scratch.middle, nodes.v, nodes.area, half, first - nodes.first, block)
    return block, first


def frame_nodes(solution, band, grid, frame_shape):
    """The Nodes of all frames that see a grid, in the order of the scan."""
    ny, nx = frame_shape
    near, first, rows = _windows(solution, band, grid)
    y, x = np.arange(-STEP, grid.shape[0] + 2 * STEP, STEP), np.arange(0, grid.shape[1] + STEP, STEP)
    places = grid.wcs.wcs_pix2world(*(a.ravel().astype(float) for a in np.meshgrid(x, y)), 0)
    ra, dec = (a.reshape(len(y), len(x))[first[:, None] + np.arange(rows)] for a in places)
    for frame, start, u, v in zip(near, first, *solution.pixel(band, near[:, None, None], ra, dec)):
        seen = (v.max() > 1) & (v.min() < ny - 2) & (u.max() > 1) & (u.min() < nx - 2)
        if seen:
            yield Nodes(int(frame), int(y[start]), u, v, _area(u, v))


def _windows(solution, band, grid):
    """Frames whose middle is near enough to the grid, their first rows of nodes there, and how many rows they have."""
    _, dec = solution.sky(band, np.arange(len(solution.frames)), 127.5, 127.5)
    middle, reach = (dec - grid.centre[1]) * 3600 + grid.shape[0] / 2, 0.5 * survey().instrument.frame_height + STEP
    near = np.flatnonzero(np.abs(middle - grid.shape[0] / 2) < grid.shape[0] / 2 + reach)
    nodes = len(range(-STEP, grid.shape[0] + 2 * STEP, STEP))
    rows = min(int(np.ceil(2 * reach / STEP)) + 1, nodes)
    first = np.clip(np.floor((middle[near] - reach) / STEP).astype(int) + 1, 0, nodes - rows)
    return near, first, rows


def _area(u, v):
    """Frame pixels in a grid pixel: the determinant of the map."""
    uy, ux = np.gradient(u, STEP)
    vy, vx = np.gradient(v, STEP)
    return np.abs(ux * vy - uy * vx)


def _offset(total, coverage, block, sample):
    """Median of the differences from what is in the image already; 0 where nothing is."""
    count = differences(total, coverage, block, EVERY, sample)
    return np.float32(np.median(sample[:count])) if count > 50 else np.float32(0.0)


@cache
def _kernel_noise(half):
    """Variance of a resampled pixel over that of a frame pixel (with as many DN a pixel)."""
    return mean_square_weight(half) ** 2


def _field(grid, band, total, coverage, variance, used, offsets, frames, sky, half):
    with np.errstate(invalid="ignore", divide="ignore"):
        count = np.where(coverage > 0, coverage, np.nan).astype(np.float32)
        data = total / count
        # Photons of stars; those of the sky are in the noise of the frames.
        light = np.maximum(data, 0) / 4 / survey().instrument.gain * _kernel_noise(float(half)) / count
        noise = np.sqrt(variance / count**2 + light)
    taken = float(np.mean(offsets)) if len(used) else 0.0
    own = float(np.mean(offsets - frames.level[used] * 0.25)) if len(used) else 0.0
    data += np.float32(taken if sky is None else sky + own)
    return Field(grid, band, data.astype(np.float32), coverage, noise.astype(np.float32), used, offsets)
