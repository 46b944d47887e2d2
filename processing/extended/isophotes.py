"""Where the mean brightness on an ellipse falls to a given surface brightness, and the light inside."""

from dataclasses import dataclass

import numpy as np


WIDTH = 0.25
"""Sigma in the log of the semi-major axis over which rings are averaged about an isophote."""

GRID = np.exp(np.arange(np.log(0.5), np.log(400), 0.03))
"""Semi-major axes, pixel, at which a profile is worked out."""


@dataclass(frozen=True)
class Isophotal:
    """``radius``: semi-major axis, pixel; ``error``: pixel; ``follows`` (n,): how it does with the means of rings."""

    radius: float
    error: float
    follows: np.ndarray


class Brightness:
    """Mean brightness of a band on ellipses of one shape: the fitted profile, which knows how steep it falls, times
    the ratio of the rings about the place to those of the profile, which knows how bright it is."""

    def __init__(self, profile, rings, ellipse):
        self.rings = rings
        self.grid = profile.brightness(GRID, ellipse.ratios(GRID))
        middle = rings.middle
        self.model = np.maximum(profile.brightness(middle, np.full(middle.size, rings.ratio)), 1e-12)
        self.weight = 1 / (np.diag(rings.covariance) + rings.level**2)
        self.log_middle = np.log(middle)

    def isophote(self, level, reach):
        """The Isophotal of ``level`` DN a pixel; None where it is nowhere within ``reach`` pixels."""
        scale, follows, radius = 1.0, None, None
        for _ in range(8):
            outside = np.flatnonzero(scale * self.grid < level)
            if not len(outside) or outside[0] == 0:
                return None
            k = outside[0]
            bright, faint = np.log(self.grid[k - 1] * scale / level), np.log(self.grid[k] * scale / level)
            part = bright / (bright - faint)
            new = GRID[k - 1] * (GRID[k] / GRID[k - 1]) ** part
            if radius and abs(new / radius - 1) < 1e-3:
                break
            radius = new if radius is None else np.sqrt(new * radius)
            local = self.weight * np.exp(-0.5 * ((self.log_middle - np.log(radius)) / WIDTH) ** 2) * self.model
            follows = local / (local * self.model).sum()
            scale = max(float(follows @ self.rings.mean), 1e-3)
        if not 0.5 < radius <= reach:
            return None
        steepness = (bright - faint) / np.log(GRID[k] / GRID[k - 1])
        follows = radius / (steepness * scale) * follows
        return Isophotal(radius, self.rings.error(follows), follows)


def isophotal_error(isophotal, rings, sum_error, level):
    """One sigma of the light inside an isophote, DN: the errors of its rings, those that move its rim included.

    ``sum_error``: of the light in the aperture as it lies, DN; ``level``: DN a pixel on the rim.
    """
    inside = rings.area * rings.inside(isophotal.radius)
    rim = 2 * np.pi * rings.ratio * isophotal.radius * level
    still, moved = rings.error(inside), rings.error(inside + rim * isophotal.follows)
    return float(np.sqrt(max(sum_error**2 + moved**2 - still**2, 0.25 * sum_error**2)))
