"""One Atlas Image: the frames that see it, levelled, resampled and averaged."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from processing.atlas.grid import Grid
from processing.atlas.resample import (
    STEP, accumulate, differences, finished, mean_square_weight, to_columns, to_rows, transposed,
)  # fmt: skip
from processing.config import survey

EVERY = 8
"""Levels are compared at every so many pixels of both axes: four thousand places, for 0.02 of the noise."""


@dataclass(frozen=True)
class Field:
    """An Atlas Image of one band.

    ``data``: DN a 1 arcsec pixel, the average of the frames, so that a star has the DN it has in one frame; float32,
    ``grid.shape``, NaN where no frame looked; ``coverage``: frames behind each pixel, uint8; ``noise``: one sigma of
    each pixel, DN, NaN where no frame looked (neighbouring pixels are correlated: coadd.noise_correlation); ``frames``:
    those that took part; ``levels``: what was taken off each, DN a 1 arcsec pixel.
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
    """Where a grid lies on a frame. ``frame``: its index; ``first``: the grid's row of the first node, which may be
    below the grid; ``u``, ``v``: column and row on the frame, ``area``: frame pixels a grid pixel, each (nodes up,
    nodes across)."""

    frame: int
    first: int
    u: np.ndarray
    v: np.ndarray
    area: np.ndarray


def coadd(frames, solution, band, grid, sky=None, starlight=True):
    """The Field of ``grid`` from the UsableFrames ``frames`` of ``band``.

    Every frame is levelled: what is taken off is the median of its differences from what is in the image already, where
    both see (Explanatory Supplement IV.3). The image gets the mean of what was taken off its frames, so that its level
    is that of the average frame; ``sky`` (DN a 1 arcsec pixel) replaces this level, None: that of the frames.
    ``starlight``: whether the photons of what shines count in the noise as those of the sky do.
    """
    half = np.float32(0.5 * survey().simulate.kernel_box / survey().simulate.frame_pixel)
    total, variance = np.zeros((2, *grid.shape), np.float32)
    coverage, used, offsets, levels = np.zeros(grid.shape, np.uint8), [], [], []
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
        offsets.append(offset)
        levels.append(frames.level[nodes.frame] * scale)
    level = np.mean(offsets or [0.0]) + (np.mean(levels or [0.0]) if sky is None else sky)
    photons = _kernel_noise(float(half)) / survey().simulate.frame_pixel**2 / survey().instrument.gain
    data, noise = finished(total, coverage, variance, np.float32(level), np.float32(photons if starlight else 0.0))
    return Field(grid, band, data, coverage, noise, np.array(used, int), np.add(offsets, levels))


class _Scratch:
    """Memory used again for every frame."""

    def __init__(self, frame, grid):
        sizes = {"turned": frame[1], "columns": grid[1], "middle": grid[1]}
        self.memory = {name: np.empty(frame[0] * width, np.float32) for name, width in sizes.items()}
        self.block = np.empty(grid, np.float32)
        self.sample = np.empty((grid[0] // EVERY + 1) * (grid[1] // EVERY + 1), np.float32)

    def array(self, name, rows, columns):
        """Contiguous array in this memory."""
        return self.memory[name][: rows * columns].reshape(rows, columns)


def resampled(frame, nodes, half, scratch):
    """A frame (ny, nx) on the grid's rows from the returned one on: DN a grid pixel, NaN where it does not see."""
    low, high = max(int(nodes.v.min()) - 2, 0), min(int(nodes.v.max()) + 3, len(frame))
    first, last = max(nodes.first, 0), min(nodes.first + (len(nodes.v) - 1) * STEP, len(scratch.block))
    (rows, width), v = (high - low, scratch.block.shape[1]), nodes.v - low
    turned, columns = scratch.array("turned", frame.shape[1], rows), scratch.array("columns", width, rows)
    middle, block = scratch.array("middle", rows, width), scratch.block[: last - first]
    transposed(frame[low:high], turned)
    to_columns(turned, nodes.u, v, half, columns)
    transposed(columns, middle)
    to_rows(middle, v, nodes.area, half, first - nodes.first, block)
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
