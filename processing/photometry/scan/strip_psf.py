"""The PSF of a scan's strip: that of the frames, smeared by the coadd, by place.

The surface of the frames has four knots a pixel of 2 arcsec, so that one with two knots a pixel of the strip has the
same knots; what changes along the scan and across it are the second moments (see psf.FramePSF), of which a place of the
strip has the mean over the frames that see it.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from processing.config import survey
from processing.photometry.scan.kernels import KNOTS, mix
from processing.photometry.scan.psf import RADIUS, series_of
from processing.photometry.spline_psf import KNOTS as STRIP_KNOTS
from processing.photometry.spline_psf import SplinePSF

CELL = 64
"""Side in pixels of the cells of the strip within which its PSF is the same."""

REACH = RADIUS * KNOTS // STRIP_KNOTS
"""Pixels of the strip to which the PSF reaches: 16 arcsec."""

FINE = 4
"""Steps a knot at which the surface is smeared."""


@dataclass(frozen=True, eq=False)
class StripPSF:
    """The image of a star on the strip.

    ``series`` (10, m, m): coefficients of SplinePSF and their derivatives with the moments, light in a pixel of 1
    arcsec of a star of unit flux; ``moments`` (rows, columns, 3): their changes in each cell, pixel**2 of a frame.
    """

    series: np.ndarray
    moments: np.ndarray
    known: dict = field(default_factory=dict, repr=False)

    def at(self, x, y, half):
        """Light in the (2 half + 1)**2 pixels about (round(x), round(y)) of a star of unit flux at x, y; 0 beyond 16
        arcsec."""
        near = min(half, REACH)
        return np.pad(self.surface(x, y).stamp(x - np.rint(x), y - np.rint(y), near), half - near)

    def fwhm(self, x, y):
        """Full width at half maximum, arcsec: the diameter of the circle with the area above half the peak."""
        cell = self._cell(x, y)
        if ("fwhm", cell) not in self.known:
            self.known["fwhm", cell] = float(self.surface(x, y).fwhm())
        return self.known["fwhm", cell]

    def surface(self, x, y):
        """The SplinePSF of the cell of a place."""
        cell = self._cell(x, y)
        if cell not in self.known:
            mixed = np.empty(self.series.shape[1:])
            mix(self.series, self.moments[cell], mixed)
            self.known[cell] = SplinePSF(mixed, REACH)
        return self.known[cell]

    def _cell(self, x, y):
        rows, columns, _ = self.moments.shape
        return int(np.clip(y // CELL, 0, rows - 1)), int(np.clip(x // CELL, 0, columns - 1))


def strip_psf(model, shape, total):
    """The StripPSF of a fitted Model for a strip of this shape; ``total``: flux of a star over that of its fit."""
    return StripPSF(np.stack([smeared(plane) for plane in series_of(model.psf.surface)]) / total,
                    mean_moments(model.psf, model.mapping, shape))  # fmt: skip


def smeared(surface):
    """Coefficients on the strip of a surface on frames: after linear interpolation and the box of the kernel.

    Both have knots at the same places, half an arcsec apart (see atlas.resample).
    """
    settings, fine = survey().simulate, KNOTS * FINE
    edge = RADIUS * fine
    axis = np.arange(-edge, edge + 1) / FINE + (len(surface) - 1) / 2
    light = ndimage.map_coordinates(surface, np.meshgrid(axis, axis, indexing="ij"), order=3, prefilter=False)
    for kernel in (_triangle(fine), _box(settings.kernel_box / settings.frame_pixel * fine)):
        for along in (0, 1):
            light = ndimage.convolve1d(light, kernel, axis=along, mode="constant")
    values = np.pad(light[::FINE, ::FINE] / settings.frame_pixel**2, (len(surface) - 2 * RADIUS * KNOTS - 1) // 2)
    return ndimage.spline_filter(values, order=3, mode="mirror")


def _triangle(steps):
    """Linear interpolation between pixels of so many steps."""
    kernel = 1 - np.abs(np.arange(1 - steps, steps)) / steps
    return kernel / kernel.sum()


def _box(steps):
    """A box of so many steps, the outermost ones in part."""
    half = int(np.ceil(steps / 2 - 0.5))
    kernel = np.ones(2 * half + 1)
    kernel[[0, -1]] = (steps - (2 * half - 1)) / 2
    return kernel / kernel.sum()


def mean_moments(psf, mapping, shape):
    """Mean changes of the moments over the frames that see the middles of the cells: (rows, columns, 3); 0 where none
    does."""
    rows, columns = (-(-n // CELL) for n in shape)
    y, x = (a.ravel() * CELL + (CELL - 1) / 2 for a in np.indices((rows, columns)))
    place, frame = mapping.pairs(y)
    u, v = mapping.pixel(frame, x[place], y[place])
    on = (np.abs(u - 127.5) < 128) & (np.abs(v - 127.5) < 128)
    place, moments = place[on], psf.moments(frame[on], u[on], v[on])
    count = np.maximum(np.bincount(place, minlength=len(x)), 1)
    sums = [np.bincount(place, weights=moment, minlength=len(x)) for moment in moments.T]
    return (np.stack(sums, axis=1) / count[:, None]).reshape(rows, columns, 3)
