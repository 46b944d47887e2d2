"""An object's light in elliptical rings: means, second harmonics, and the covariance of their noise."""

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np

from processing.extended.apertures import HIDDEN, correlation, electrons, shared_noise

NODES = np.sqrt((np.array([-np.sqrt(0.6), 0.0, np.sqrt(0.6)]) + 1) / 2)
"""Radii, as parts of a disc's, at which a function of the radius squared is taken for its mean (Gauss, Legendre)."""

POINTS = 4
"""Points along each side of a pixel that several rings share."""


@dataclass(frozen=True, eq=False)
class Rings:
    """Rings between ``edges`` (n + 1,), semi-major axes in pixels, of axis ratio ``ratio``.

    ``area`` (n,), pixel; ``mean`` (n,), DN a pixel; ``cosine`` (n,), DN a pixel: amplitude of cos 2t, t the eccentric
    anomaly from the major axis; ``covariance`` (n, n), DN**2, of the means: pixels and photons; ``level``: one sigma of
    the background's level, DN a pixel, which all means share.
    """

    edges: np.ndarray
    ratio: float
    area: np.ndarray
    mean: np.ndarray
    cosine: np.ndarray
    covariance: np.ndarray
    level: float

    @cached_property
    def middle(self):
        """Semi-major axis that halves the area of each ring: (n,)."""
        return np.sqrt(0.5 * (self.edges[1:] ** 2 + self.edges[:-1] ** 2))

    @cached_property
    def noise(self):
        """Variances of the means and of the cosines without the background's level, DN**2: (n, 2).

        What pixels share reaches less far than half a wave of cos 2t but for the innermost rings, where half of the
        error is allowed for the place of the pixels.
        """
        lags = np.arange(1, correlation().size)
        spread = 2 * (correlation()[1:] * lags**2).sum() / (1 + 2 * correlation()[1:].sum())
        wave = 2 * np.maximum(np.exp(-2 * spread / (self.middle**2 * self.ratio)), 0.5)
        means = np.diag(self.covariance)
        return np.column_stack([means, wave * means])

    def error(self, weights):
        """One sigma of the sum of weights (n,) times the means."""
        return float(np.sqrt(weights @ self.covariance @ weights + (self.level * weights.sum()) ** 2))

    def inside(self, radius):
        """Part of each ring inside a semi-major axis: (n,)."""
        low, high = self.edges[:-1] ** 2, self.edges[1:] ** 2
        return np.clip((radius**2 - low) / (high - low), 0, 1)


def ring_edges(reach):
    """Edges of rings as the survey's profiles have them: 1 arcsec wide to 15, 2 to 30, 5 beyond (Section IV.5e)."""
    edges = np.concatenate([np.arange(16.0), np.arange(17.0, 31.1, 2), np.arange(36.0, 600, 5)])
    return edges[: max(int(np.searchsorted(edges, reach)) + 1, 6)]


def quadrature(edges):
    """Radii (3 n,), three for each ring, and weights (3,) for the means of rings."""
    low, high = edges[:-1, None] ** 2, edges[1:, None] ** 2
    return np.sqrt(low + (high - low) * NODES**2).ravel(), np.array([5, 8, 5]) / 18


def rings(views, ellipse, edges):
    """letter -> Rings of several bands about an Ellipse."""
    images, masks = stacked(views)
    area, light, cosine, masked = ring_sums(images, masks, ellipse.x, ellipse.y, ellipse.ratio, ellipse.angle, edges)
    area, shared = np.maximum(area, 1e-3), ring_noise(edges, ellipse)
    found = {}
    for k, view in enumerate(views):
        double = np.sqrt(1 + 2 * np.minimum(masked[k] / area, 0.5)) / area
        covariance = view.sigma**2 * shared * double * double[:, None]
        covariance[np.diag_indices(area.size)] += np.maximum(light[k], 0) / electrons() / area**2
        found[view.band] = Rings(edges, ellipse.ratio, area, light[k] / area, 2 * cosine[k] / area, covariance,
                                 view.background_error)  # fmt: skip
    return found


def stacked(views):
    """Images and masks of several bands, (bands, ny, nx)."""
    if len(views) == 1:
        return views[0].filled[None], views[0].mask[None]
    return np.stack([view.filled for view in views]), np.stack([view.mask for view in views])


def ring_noise(edges, ellipse):
    """Covariance of the sums in rings in units of the variance of a pixel: (n, n)."""
    within = _shared(edges, ellipse.ratio, ellipse.angle, correlation())
    return np.diff(np.diff(within, axis=0), axis=1)


@numba.njit(cache=True, nogil=True)
def _shared(edges, ratio, angle, correlation):
    """Covariance of the sums in ellipses: (n, n)."""
    n = edges.size
    within = np.zeros((n, n))
    for i in range(1, n):
        for j in range(i, n):
            within[i, j] = shared_noise(edges[i], edges[j], ratio, angle, correlation)
            within[j, i] = within[i, j]
    return within


@numba.njit(cache=True, nogil=True)
def ring_sums(images, masks, x, y, ratio, angle, edges):
    """Area (n,), and light, light times cos 2t and masked area, (bands, n), of rings.

    A pixel that lies in one ring, and not at the centre, is this one's; of others each of 4 x 4 points has its ring.
    """
    bands, ny, nx = images.shape
    n, reach = edges.size - 1, edges[-1]
    area, sums = np.zeros(n), np.zeros((3, bands, n))
    cos, sin = np.cos(angle), np.sin(angle)
    wide = np.sqrt((reach * cos) ** 2 + (reach * ratio * sin) ** 2)
    high = np.sqrt((reach * sin) ** 2 + (reach * ratio * cos) ** 2)
    margin = 0.7072 / ratio
    for j in range(max(0, int(y - high)), min(ny, int(y + high) + 2)):
        for i in range(max(0, int(x - wide)), min(nx, int(x + wide) + 2)):
            dx, dy = i - x, j - y
            u, v = dx * cos + dy * sin, (dy * cos - dx * sin) / ratio
            far = np.sqrt(u * u + v * v)
            if far >= reach + margin:
                continue
            inner = np.searchsorted(edges, max(far - margin, 0.0), side="right") - 1
            points = 1 if far > 2.0 and far + margin < edges[inner + 1] else POINTS
            part = 1.0 / (points * points)
            for k in range(points * points):
                px = dx + (k % points + 0.5) / points - 0.5
                py = dy + (k // points + 0.5) / points - 0.5
                u, v = px * cos + py * sin, (py * cos - px * sin) / ratio
                square, ring = u * u + v * v, inner
                while ring < n and square >= edges[ring + 1] ** 2:
                    ring += 1
                if ring == n:
                    continue
                area[ring] += part
                turn = part * (u * u - v * v) / max(square, 1e-12)
                for band in range(bands):
                    sums[0, band, ring] += part * images[band, j, i]
                    sums[1, band, ring] += turn * images[band, j, i]
                    if masks[band, j, i] & HIDDEN:
                        sums[2, band, ring] += part
    return area, sums[0], sums[1], sums[2]
