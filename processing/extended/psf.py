"""The PSF of a field: that of an Atlas Image, and any PSF as spline surfaces, one for each cell of the field."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from processing.photometry.kernels import paint
from processing.photometry.spline_psf import KNOTS, SplinePSF, grid_size

RADIUS = 14
"""Pixels to which the surfaces reach."""

CELL = (256, 138)
"""Rows and columns of the cells: half of what a frame sees, and a quarter of its width."""

NEARLY = 1e-7
"""Pixels that keep a place between two pixels the nearer one's."""


@dataclass(frozen=True, eq=False)
class ImagePSF:
    """The PSF of an Atlas Image, the same everywhere in it: a SplinePSF of a star of unit flux."""

    surface: SplinePSF

    def at(self, x, y, half):
        """Light in the (2 half + 1)**2 pixels about (round(x), round(y)) of a star of unit flux at x, y."""
        near = min(half, self.surface.radius)
        return np.pad(self.surface.stamp(x - np.rint(x), y - np.rint(y), near), half - near)

    def fwhm(self, x, y):
        """Full width at half maximum, pixel."""
        return self.surface.fwhm()


@dataclass(frozen=True, eq=False)
class CellPSF:
    """``surfaces``: SplinePSF of the cells, by rows; ``shape``: rows and columns of cells; ``size``: height and width
    of one, pixel."""

    surfaces: list
    shape: tuple
    size: tuple

    def cells(self, x, y):
        """Numbers of the cells of places: int, of their shape."""
        row, column = (np.clip(np.asarray(place) // size, 0, n - 1).astype(int)
                       for place, size, n in zip((y, x), self.size, self.shape))  # fmt: skip
        return row * self.shape[1] + column

    def by_cell(self, x, y):
        """Number of each cell with some of the places in it, and which these are (indices)."""
        cells = self.cells(x, y)
        order = np.argsort(cells, kind="stable")
        ends = np.flatnonzero(np.diff(cells[order])) + 1
        return [(cells[rows[0]], rows) for rows in np.split(order, ends) if len(rows)]

    def paint(self, image, x, y, flux, faintest, corner=(0, 0)):
        """Add stars to ``image`` (ny, nx), each to where it falls below ``faintest`` DN a pixel, at least 4 pixels.

        ``x``, ``y``: on the field, of which ``corner`` is the pixel (0, 0) of the image.
        """
        for cell, rows in self.by_cell(x, y):
            psf = self.surfaces[cell]
            here, reach = (x[rows] - corner[0], y[rows] - corner[1]), _reach(psf, flux[rows], faintest)
            paint(image, *here, flux[rows], reach, psf.coefficients, psf.radius)


def cell_psf(psf, shape, cell=CELL):
    """The CellPSF of a field of this shape (rows, columns), in cells of about ``cell``.

    ``psf``: anything that has ``at``.
    """
    cells = tuple(max(1, round(n / size)) for n, size in zip(shape, cell))
    size = tuple(n / k for n, k in zip(shape, cells))
    surfaces = [_surface(psf, np.floor((i + 0.5) * size[1]), np.floor((j + 0.5) * size[0]))
                for j in range(cells[0]) for i in range(cells[1])]  # fmt: skip
    return CellPSF(surfaces, cells, size)


def _surface(psf, x, y):
    """The SplinePSF through the light of stars at the middle of a pixel and (just not) half a pixel off it."""
    size, half = grid_size(RADIUS), grid_size(RADIUS) // KNOTS // 2 + 1
    values, middle = np.zeros((KNOTS * (2 * half + 1),) * 2), KNOTS * half
    for b in range(KNOTS):
        for a in range(KNOTS):
            values[b::KNOTS, a::KNOTS] = psf.at(x - a / KNOTS + NEARLY, y - b / KNOTS + NEARLY, half)
    cut = np.s_[middle - size // 2:middle + size // 2 + 1]
    return SplinePSF(ndimage.spline_filter(values[cut, cut], order=3, mode="mirror"), RADIUS)


def _reach(psf, flux, faintest):
    profile = psf.stamp(0.0, 0.0)[psf.radius, psf.radius:]
    outward = np.maximum.accumulate(np.abs(profile[::-1]))
    reach = len(outward) - np.searchsorted(outward, faintest / np.maximum(np.abs(flux), 1e-6))
    return np.clip(reach, 4, psf.radius).astype(np.int64)
