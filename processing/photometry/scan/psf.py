"""The PSF of frames: one surface for the scan, wider or narrower by place on the array and by time.

The surface is the effective PSF (Anderson & King 2000, PASP 112, 1360), cubic B-splines with four knots a pixel. What
changes is its second moments: seeing, focus and tracking convolve the image, and a convolution with a narrow Gaussian
of covariance V is exp(V : grad grad / 2), here to second order. The three moments are a straight line between nodes in
time plus a quadratic over the field, fitted to the stars (see learn).
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import ndimage

from processing.photometry.scan.drawing import CORE_LANES, WIDE_LANES, curvature, sorted_by_phase
from processing.photometry.scan.kernels import CORE, CORE_SIZE, KNOTS
from processing.photometry.scan.places import CELL, SIDE

RADIUS = 8
"""Pixels to which the surface reaches: 16 arcsec."""

NODE_FRAMES = 16
"""Frames between the nodes in time."""

WINGS = (0.06, 3.15, 2.0)
"""Share of the light, FWHM (pixel) and exponent of the wings in the first guess (see photometry.psf.WINGS)."""

FIELD = ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
"""Powers of x and y, in half frames, of the change over the field."""


@dataclass(frozen=True)
class FramePSF:
    """``surface``: (m, m), sums to 1 over the pixels; ``nodes``: frames (t,); ``time``: (t, 3) and ``field``: (5, 3)
    the changes of the second moments xx, xy, yy (pixel**2)."""

    surface: np.ndarray
    nodes: np.ndarray
    time: np.ndarray
    field: np.ndarray

    def moments(self, frame, x, y):
        """Change of the second moments at pixels of frames: (n, 3), pixel**2."""
        return self.basis(frame, x, y) @ np.concatenate([self.time, self.field])

    def basis(self, frame, x, y):
        """What ``time`` and ``field`` are multiplied with: (n, t + 5)."""
        return np.concatenate([self.in_time(frame), over_field(x, y)], axis=1)

    def in_time(self, frame):
        """What ``time`` is multiplied with: (n, t)."""
        place = np.interp(frame, self.nodes, np.arange(len(self.nodes)))
        return np.maximum(0.0, 1.0 - np.abs(place[:, None] - np.arange(len(self.nodes))))

    @cached_property
    def tables(self):
        """``series``, ``time``, ``field``, ``curved``, ``wide`` of drawing.Drawing."""
        series = sorted_by_phase(self.planes, CORE_LANES)
        time = self.in_time(np.arange(round(self.nodes[-1]) + 1)) @ self.time
        middles = np.arange(SIDE // CELL) * CELL + (CELL - 1) / 2
        y, x = (a.ravel() for a in np.meshgrid(middles, middles, indexing="ij"))
        field = over_field(x, y) @ self.field
        return series, time, field, curvature(series, field), sorted_by_phase(self.surface, WIDE_LANES)

    def cell_moments(self, places):
        """The moments at the middles of the cells of ``places`` (Apparitions): (n, 3), pixel**2."""
        x, y = (np.clip(np.rint(a) // CELL, 0, SIDE // CELL - 1) * CELL + (CELL - 1) / 2 for a in (places.x, places.y))
        return self.moments(places.frame, x, y)

    @cached_property
    def planes(self):
        """Core coefficients of the series: (10, c, c): the surface, first and second derivatives with the moments."""
        cut = KNOTS * (RADIUS - CORE)
        middle = np.s_[cut:cut + CORE_SIZE, cut:cut + CORE_SIZE]
        return np.stack([plane[middle] for plane in series_of(self.surface)])

    def towards(self, other, part):
        """The PSF ``part`` of the way to another of the same nodes."""
        mean = {name: (1 - part) * getattr(self, name) + part * getattr(other, name) for name in ("surface", "time", "field")}
        return replace(self, **mean)

    def with_surface(self, surface):
        """The same with another surface."""
        return replace(self, surface=surface)

    def sampled(self, step):
        """Light in a pixel at distances that are multiples of ``step`` pixels, mean PSF: (n, n), odd n."""
        half = int(RADIUS / step) - 1
        axis = np.arange(-half, half + 1) * step * KNOTS + (len(self.surface) - 1) / 2
        return ndimage.map_coordinates(self.surface, np.meshgrid(axis, axis, indexing="ij"), order=3, prefilter=False)


def over_field(x, y):
    """What ``FramePSF.field`` is multiplied with: (n, 5)."""
    u, v = (np.asarray(x) - 127.5) / 128, (np.asarray(y) - 127.5) / 128
    return np.stack([u**a * v**b - (1 / 3 if max(a, b) == 2 else 0.0) for a, b in FIELD], axis=1)


def series_of(surface):
    """The surface, and what the moments change in it to first and second order, in the order of ``kernels.mix``."""
    first = [_changed(surface, k) for k in range(3)]
    return [surface, *first, *(_changed(first[i], k) for i in range(3) for k in range(i, 3))]


def _changed(surface, moment):
    """What a change of the second moment xx, xy or yy by 1 pixel**2 does to the surface's coefficients."""
    if moment == 1:
        slope = ndimage.correlate1d(surface, [-0.5, 0, 0.5], axis=0, mode="constant")
        return KNOTS**2 * ndimage.correlate1d(slope, [-0.5, 0, 0.5], axis=1, mode="constant")
    axis = 1 if moment == 0 else 0
    return 0.5 * KNOTS**2 * ndimage.correlate1d(surface, [1.0, -2.0, 1.0], axis=axis, mode="constant")


def first_guess(frames, width):
    """A round FramePSF: a Gaussian of ``width`` pixels (sigma) behind square pixels, and the survey's wings.

    ``frames``: how many the scan has.
    """
    m = 2 * KNOTS * RADIUS + 5
    fine = 4
    axis = (np.arange(m * fine) - (m * fine - 1) / 2) / (KNOTS * fine)
    r2 = axis[:, None] ** 2 + axis**2
    share, wide, exponent = WINGS
    alpha2 = wide**2 / 4 / (2 ** (1 / exponent) - 1)
    light = (1 - share) * np.exp(-r2 / 2 / width**2) / (2 * np.pi * width**2)
    light += share * (exponent - 1) / np.pi / alpha2 * (1 + r2 / alpha2) ** -exponent
    pixel = KNOTS * fine
    light = ndimage.uniform_filter(light, pixel, mode="constant", origin=0)
    light = 0.5 * (light + light[::-1])
    light = 0.5 * (light + light[:, ::-1])
    values = light.reshape(m, fine, m, fine).mean(axis=(1, 3))
    nodes = np.linspace(0, frames - 1, max(2, round(frames / NODE_FRAMES) + 1))
    surface = ndimage.spline_filter(values, order=3, mode="mirror")
    return FramePSF(normalised(surface), nodes, np.zeros((len(nodes), 3)), np.zeros((len(FIELD), 3)))


def normalised(surface, radius=3.5):
    """The surface with unit light within ``radius`` pixels, averaged over the places of a star within a pixel.

    7 arcsec is the survey's total aperture (extraction.growth_radius).
    """
    return surface / enclosed(surface, radius)


def enclosed(surface, radius):
    """Light of the surface within ``radius`` pixels of the star.

    A knot stands for 1 / KNOTS**2 pixel; those on the rim count by the part inside.
    """
    axis = (np.arange(len(surface)) - (len(surface) - 1) / 2) / KNOTS
    distance = np.hypot(axis[:, None], axis)
    part = np.clip((radius - distance) * KNOTS + 0.5, 0, 1)
    return float((surface * part).sum() / KNOTS**2)
