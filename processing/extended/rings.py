"""An object's light in elliptical rings: means, second harmonics, and the covariance of their noise."""

from dataclasses import dataclass

import numba
import numpy as np

from processing.extended.apertures import correlation, electrons, shared_noise

NODES = np.sqrt((np.array([-np.sqrt(0.6), 0.0, np.sqrt(0.6)]) + 1) / 2)
"""Radii, as parts of a disc's, at which a function of the radius squared is taken for its mean (Gauss, Legendre)."""


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

    @property
    def middle(self):
        """Semi-major axis that halves the area of each ring: (n,)."""
        return np.sqrt(0.5 * (self.edges[1:] ** 2 + self.edges[:-1] ** 2))

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
    """Radii (n, 3) and weights (3,) for the means of rings."""
    low, high = edges[:-1, None] ** 2, edges[1:, None] ** 2
    return np.sqrt(low + (high - low) * NODES**2), np.array([5, 8, 5]) / 18


def rings(view, ellipse, edges, shared):
    """The Rings of one band about an Ellipse; ``shared``: ``ring_noise`` of the same edges and ellipse."""
    area, light, cosine, masked = ring_sums(view.filled, view.mask, ellipse.x, ellipse.y, ellipse.ratio, ellipse.angle,
                                            edges)  # fmt: skip
    area = np.maximum(area, 1e-3)
    double = np.sqrt(1 + 2 * np.minimum(masked / area, 0.5))
    covariance = view.sigma**2 * shared * np.outer(double, double) / np.outer(area, area)
    covariance[np.diag_indices(area.size)] += np.maximum(light, 0) / electrons() / area**2
    return Rings(edges, ellipse.ratio, area, light / area, 2 * cosine / area, covariance, view.background_error)


def ring_noise(edges, ellipse):
    """Covariance of the sums in rings in units of the variance of a pixel: (n, n)."""
    return _ring_noise(edges, ellipse.ratio, ellipse.angle, correlation())


@numba.njit(cache=True, nogil=True)
def _ring_noise(edges, ratio, angle, correlation):
    n = edges.size
    within = np.zeros((n, n))
    for i in range(1, n):
        for j in range(i, n):
            within[i, j] = within[j, i] = shared_noise(edges[i], edges[j], ratio, angle, correlation)
    return within[1:, 1:] - within[:-1, 1:] - within[1:, :-1] + within[:-1, :-1]


@numba.njit(cache=True, nogil=True)
def ring_sums(image, mask, x, y, ratio, angle, edges):
    """Area, light, light times cos 2t and masked area of rings: (n,) each. A pixel's 5 x 5 points each have a ring."""
    rings, reach = edges.size - 1, edges[-1]
    area, light, cosine, masked = np.zeros(rings), np.zeros(rings), np.zeros(rings), np.zeros(rings)
    ny, nx = image.shape
    cos, sin = np.cos(angle), np.sin(angle)
    whole = np.sqrt((reach * cos) ** 2 + (reach * ratio * sin) ** 2)
    high = np.sqrt((reach * sin) ** 2 + (reach * ratio * cos) ** 2)
    for j in range(max(0, int(y - high)), min(ny, int(y + high) + 2)):
        for i in range(max(0, int(x - whole)), min(nx, int(x + whole) + 2)):
            dx, dy = i - x, j - y
            u, v = dx * cos + dy * sin, (dy * cos - dx * sin) / ratio
            far = np.sqrt(u * u + v * v)
            if far > reach + 0.75 / ratio:
                continue
            points = 5 if far < 12.0 else 3
            for k in range(points * points):
                px = dx + (k % points + 0.5) / points - 0.5
                py = dy + (k // points + 0.5) / points - 0.5
                u, v = px * cos + py * sin, (py * cos - px * sin) / ratio
                square = u * u + v * v
                if square >= reach * reach:
                    continue
                ring = np.searchsorted(edges, np.sqrt(square), side="right") - 1
                part = 1.0 / (points * points)
                area[ring] += part
                light[ring] += part * image[j, i]
                if square > 0.0:
                    cosine[ring] += part * image[j, i] * (u * u - v * v) / square
                if mask[j, i]:
                    masked[ring] += part
    return area, light, cosine, masked
