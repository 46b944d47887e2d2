"""The sum of the bands, stars off and seeds left in, in cells of several sizes: what shows there, and how far."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import ndimage

from processing.config import survey
from processing.extended.noise import robust_scatter
from processing.extended.pixels import add_band, add_cells
from processing.extended.starlight import draw

CORE = 6
"""Pixels about a seed that count although its own light is there."""

WINDOW = 1024
"""Rows over which the noise of a scale is one."""


@dataclass(frozen=True, eq=False)
class Summed:
    """The bands' sum: ``data`` (ny, nx), DN, 0 where not ``good`` (bool); ``rows``: noise of each row in units of the
    typical one."""

    data: np.ndarray
    good: np.ndarray
    rows: np.ndarray


def summed(bands, wide):
    """The Summed of CleanBands (list) with the Seeds ``wide`` left in.

    Weighed by the noise: galaxies have about as many DN in all bands.
    """
    shape, core = bands[0].left.shape, _around(bands[0].left.shape, wide.x, wide.y)
    total, seen = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for one, members in zip(bands, wide.members.T):
        own = np.zeros(shape, np.float32)
        draw(own, one.band.stars, members[members >= 0], one.psf, one.noise)
        add_band(one.left, own, one.good, one.glare, core, np.float32(one.noise**-2), total, seen)
    good = seen > 0
    rows = np.mean([one.discs.rows for one in bands], axis=0)
    return Summed(np.divide(total, seen, out=total, where=good), good, rows)


def _around(shape, x, y):
    mask = np.zeros(shape, bool)
    for cx, cy in zip(np.rint(x).astype(int), np.rint(y).astype(int)):
        mask[max(cy - CORE, 0):cy + CORE + 1, max(cx - CORE, 0):cx + CORE + 1] = True
    return mask


@dataclass(frozen=True, eq=False)
class Scale:
    """Cells of ``size`` pixels. ``data``: mean of a pixel, smoothed by one cell, DN; ``significance``: of it;
    ``regions``: the numbers, from 1, of those above the isophote; ``noise``: of ``data``, DN, (rows,)."""

    size: int
    data: np.ndarray
    significance: np.ndarray
    regions: np.ndarray
    noise: np.ndarray

    def cells(self, x, y, dx=0, dy=0):
        """Rows and columns of the cells (``dx``, ``dy``) from those of places; at the edge the last ones."""
        return tuple(np.clip((np.asarray(place) + 0.5) // self.size + off, 0, n - 1).astype(int)
                     for place, off, n in zip((y, x), (dy, dx), self.regions.shape))  # fmt: skip

    def regions_at(self, x, y):
        """Numbers of the regions at places, 0 for none."""
        return self.regions[self.cells(x, y)]

    def about(self, x, y, dx, dy):
        """Data of the cells (``dx``, ``dy``) from those of places."""
        return self.data[self.cells(x, y, dx, dy)]

    def noise_at(self, y):
        """Noise of the data at places."""
        return self.noise[self.cells(y, y)[0]]

    def peaks(self, faint):
        """Regions whose highest significance is above ``faint``: their numbers, and these."""
        high = self.significance > faint
        numbers, which = np.unique(self.regions[high], return_inverse=True)
        highest = np.zeros(len(numbers), np.float32)
        np.maximum.at(highest, which, self.significance[high])
        return numbers, highest

    @cached_property
    def _slices(self):
        return ndimage.find_objects(self.regions)

    def region(self, number):
        """Of a region: x, y (pixel of the field) of its cells, and their data: three arrays."""
        where = self._slices[number - 1]
        rows, columns = np.nonzero(self.regions[where] == number)
        x, y = ((k + s.start + 0.5) * self.size - 0.5 for k, s in ((columns, where[1]), (rows, where[0])))
        return x, y, self.data[where][rows, columns]

    def hide(self, total, numbers):
        """Take the pixels of regions, and one cell about them, out of a Summed."""
        cells = ndimage.binary_dilation(np.isin(self.regions, numbers), np.ones((3, 3)))
        hidden = np.repeat(np.repeat(cells, self.size, axis=0), self.size, axis=1)
        hidden = hidden[:total.data.shape[0], :total.data.shape[1]]
        total.good[hidden] = False


def scale_of(total, size):
    """The Scale of a Summed in cells of ``size`` pixels."""
    ny, nx = (-(-n // size) for n in total.data.shape)
    sums, counts = np.zeros((2, ny, nx), np.float32)
    add_cells(total.data, total.good, size, sums, counts)
    sums, seen = (ndimage.gaussian_filter(one / size**2, 1.0, mode="constant", truncate=3.0) for one in (sums, counts))
    data = np.where(seen > 0.5, sums / np.maximum(seen, 0.5), np.float32(np.nan))
    noise = _noise(data, total.rows[np.minimum(np.arange(ny) * size + size // 2, len(total.rows) - 1)], size)
    significance = np.nan_to_num(data / noise[:, None])
    regions, _ = ndimage.label(significance > survey().extended_field.isophote, np.ones((3, 3)))
    return Scale(size, np.nan_to_num(data), significance, regions, noise)


def _noise(data, expected, size):
    """Noise of each row of cells, (rows,).

    It is the scatter over WINDOW pixels along the field, and within these in proportion to what is ``expected``.
    """
    data = data / expected[:, None].astype(np.float32)
    parts = np.array_split(np.arange(len(data)), max(1, round(len(data) * size / WINDOW)))
    each = [robust_scatter(data[part]) for part in parts]
    along = np.interp(np.arange(len(data)), [part.mean() for part in parts], each)
    return (along * expected).astype(np.float32)
