"""The ellipse of an isophote.

Section IV.5 traces the pixels of one isophote and searches a grid of axis ratios and angles for the least scatter of
their semi-major axes. Here the light of a whole elliptical ring about the isophote is expanded in harmonics and the
ellipse turned and flattened until the second ones vanish (Jedrzejewski 1987, MNRAS 226, 747), outliers left out: the
same ellipse without noise, and less scatter with it, as some hundred pixels count instead of those on the line.
"""

from dataclasses import dataclass

import numba
import numpy as np

from processing.extended.ellipses import Ellipse
from processing.extended.equations import solve

INNER, OUTER = 0.78, 1.28
"""Edges of the ring in which an isophote is fitted, in its semi-major axis."""

ROUNDS, SMALLEST, CLIP = 25, 1.5, 4.0
"""Most rounds of the fit; smallest semi-major axis, pixel; pixels farther off than so many sigma are left out."""


@dataclass(frozen=True)
class Isophote:
    """``ellipse``; ``radius``: semi-major axis, pixel; ``scatter``: rms of the semi-major axes that the pixels on it
    imply, in units of the radius (the survey's chi fraction)."""

    ellipse: Ellipse
    radius: float
    scatter: float

    @property
    def area(self):
        return np.pi * self.ellipse.ratio * self.radius**2


def isophote(image, good, level, place, start=None):
    """The Isophote at ``level`` (DN a pixel) about ``place`` (x, y); None where the object is not that bright.

    ``good`` (ny, nx): pixels that show the object alone. ``start``: the Isophote of another band or level.
    """
    x, y = place
    radius = _first_radius(image, good, level, x, y)
    if radius < SMALLEST:
        return None
    ellipse = start.ellipse if start else Ellipse(x, y)
    radius, ratio, angle, scatter = _fit(image, good, level, x, y, radius, ellipse.ratio, ellipse.angle)
    if not radius >= SMALLEST:
        return None
    return Isophote(Ellipse(x, y, ratio, angle), radius, scatter)


@numba.njit(cache=True, nogil=True)
def _first_radius(image, good, level, x, y):
    """Radius at which the mean of one-pixel rings first stays below ``level`` for two rings; 0 for none."""
    ny, nx = image.shape
    reach = int(min(max(x, nx - x), max(y, ny - y)))
    total, count = np.zeros(reach + 1), np.zeros(reach + 1)
    for j in range(ny):
        for i in range(nx):
            ring = int(np.sqrt((i - x) ** 2 + (j - y) ** 2) + 0.5)
            if ring <= reach and good[j, i]:
                total[ring] += image[j, i]
                count[ring] += 1
    for ring in range(1, reach):
        if total[ring] < level * count[ring] and total[ring + 1] < level * count[ring + 1]:
            if ring == 1 and total[0] < level * count[0]:
                return 0.0
            return max(ring - 0.5, SMALLEST)
    return 0.0


@numba.njit(cache=True, nogil=True)
def _fit(image, good, level, x, y, radius, ratio, angle):
    """Semi-major axis, axis ratio, angle and scatter; radius 0 where the ellipse runs away."""
    ny, nx = image.shape
    largest = 1.0 * min(min(x, nx - 1 - x), min(y, ny - 1 - y))
    scatter = np.nan
    for turn in range(ROUNDS):
        terms, left = _harmonics(image, good, x, y, radius, ratio, angle)
        if not terms[1] < 0.0:
            return 0.0, ratio, angle, scatter
        step = min(max((level - terms[0]) / terms[1], -0.3), 0.3)
        e1 = min(max(terms[5] / terms[1], -0.15), 0.15)
        e2 = min(max(terms[6] / terms[1], -0.15), 0.15)
        radius, ratio, angle = _bent(radius * np.exp(step), ratio, angle, e1, e2)
        scatter = left / -terms[1]
        if radius > largest or radius < SMALLEST:
            return 0.0, ratio, angle, scatter
        if turn > 2 and abs(step) < 1e-3 and abs(e1) + abs(e2) < 1e-3:
            break
    return radius, ratio, angle, scatter


@numba.njit(cache=True, nogil=True)
def _bent(radius, ratio, angle, e1, e2):
    """The ellipse on which semi-major axes are (1 + e1 cos 2t + e2 sin 2t) larger: radius, ratio, angle."""
    long, short, cross = 1 + 2 * e1, (1 - 2 * e1) / ratio**2, 2 * e2 / ratio
    mean, half = 0.5 * (long + short), 0.5 * (long - short)
    spread = np.sqrt(half**2 + cross**2)
    small, large = mean - spread, mean + spread
    turn = 0.5 * np.arctan2(-cross, -half)
    return radius / np.sqrt(small), min(max(np.sqrt(small / large), 0.05), 1.0), angle + turn


@numba.njit(cache=True, nogil=True)
def _harmonics(image, good, x, y, radius, ratio, angle):
    """Least squares of light against (1, s, s**2, cos t, sin t, cos 2t, sin 2t), s the log of the semi-major axis over
    ``radius``, on a ring: terms (7,) with the slope moved behind the constant, and the rms of what is left, DN."""
    ny, nx = image.shape
    cos, sin = np.cos(angle), np.sin(angle)
    inner, outer = min(INNER * radius, radius - 1.0), max(OUTER * radius, radius + 1.0)
    terms, left, row = np.zeros(7), np.inf, np.empty(7)
    for turn in range(3):
        normal, right, squares, count = np.zeros((7, 7)), np.zeros(7), 0.0, 0
        for j in range(max(0, int(y - outer)), min(ny, int(y + outer) + 2)):
            for i in range(max(0, int(x - outer)), min(nx, int(x + outer) + 2)):
                u, v = (i - x) * cos + (j - y) * sin, ((j - y) * cos - (i - x) * sin) / ratio
                far = np.sqrt(u * u + v * v)
                if far < max(inner, 0.3) or far > outer or not good[j, i]:
                    continue
                s, c1, s1 = np.log(far / radius), u / far, v / far
                row[0], row[1], row[2], row[3], row[4] = 1.0, s, s * s, c1, s1
                row[5], row[6] = c1 * c1 - s1 * s1, 2 * c1 * s1
                miss = image[j, i]
                for a in range(7):
                    miss -= row[a] * terms[a]
                if abs(miss) > CLIP * left:
                    continue
                squares, count = squares + miss * miss, count + 1
                for a in range(7):
                    right[a] += row[a] * image[j, i]
                    for b in range(7):
                        normal[a, b] += row[a] * row[b]
        if count < 12:
            return np.zeros(7), left
        left = np.sqrt(squares / (count - 7)) if turn else np.inf
        if turn < 2:
            for a in range(7):
                normal[a, a] *= 1 + 1e-9
            if not solve(normal, right):
                return np.zeros(7), left
            terms = right
    return terms, left
