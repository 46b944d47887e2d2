"""Where the mean brightness on an ellipse falls to a given surface brightness."""

from dataclasses import dataclass

import numba
import numpy as np


WIDTH = 0.25
"""Sigma in the log of the semi-major axis over which rings are averaged about an isophote."""

GRID = np.exp(np.arange(np.log(0.5), np.log(400), 0.06))
"""Semi-major axes, pixel, at which a profile is worked out."""


@dataclass(frozen=True, eq=False)
class Radius:
    """Of an aperture: ``radius``, semi-major axis, pixel; ``follows`` (n,): how it does with the means of ``rings``,
    and ``rest``: its variance from all but those, pixel**2; of fixed radii they are None and 0."""

    radius: float
    rings: object = None
    follows: np.ndarray | None = None
    rest: float = 0.0

    @property
    def error(self):
        """One sigma, pixel."""
        return float(np.hypot(self.rings.error(self.follows), np.sqrt(self.rest))) if self.rings else 0.0


class Brightness:
    """Mean brightness of a band on ellipses of one shape: the fitted profile, which knows how steep it falls, times
    the ratio of the rings about the place to those of the profile, which knows how bright it is."""

    def __init__(self, profile, rings, ellipse):
        self.rings = rings
        self.grid = profile.brightness(GRID, ellipse.ratios(GRID))
        self.model = np.maximum(profile.brightness(rings.middle, rings.ratio), 1e-12)
        self.weight = 1 / (rings.noise[:, 0] + rings.level**2)

    def isophote(self, level, reach):
        """The Radius at which it is ``level`` DN a pixel; None where it is not within ``reach`` pixels."""
        radius, follows = _isophote(level, self.grid, GRID, self.rings.middle, self.model, self.weight, self.rings.mean)
        return Radius(radius, self.rings, follows) if 0.5 < radius <= reach else None


@numba.njit(cache=True, nogil=True)
def _isophote(level, grid, grid_radii, middle, model, weight, mean):
    """Radius, 0 for none, and how it follows the rings' means."""
    scale, radius, steepness = 1.0, 0.0, 0.0
    local = np.zeros(middle.size)
    for _ in range(8):
        k = 0
        while k < grid.size and scale * grid[k] >= level:
            k += 1
        if k == 0 or k == grid.size:
            return 0.0, local
        step = np.log(grid_radii[k] / grid_radii[k - 1])
        steepness = np.log(grid[k - 1] / grid[k]) / step
        new = grid_radii[k - 1] * np.exp(np.log(grid[k - 1] * scale / level) / steepness)
        if radius > 0.0 and abs(new / radius - 1) < 1e-3:
            break
        radius = new if radius == 0.0 else np.sqrt(new * radius)
        total, scale = 0.0, 0.0
        for n in range(middle.size):
            near = np.log(middle[n] / radius) / WIDTH
            local[n] = weight[n] * np.exp(-0.5 * near * near) * model[n]
            total += local[n] * model[n]
            scale += local[n] * mean[n]
        if total <= 0.0:
            return 0.0, local
        local /= total
        scale = max(scale / total, 1e-3)
    return radius, radius / (steepness * scale) * local


def rim_error(size, sum_error, rim):
    """One sigma of the light within a Radius that follows this light: the errors of its rings, those that move its rim
    included.

    ``sum_error``: of the light in the aperture as it lies, DN; ``rim``: light that a pixel more of radius adds, DN.
    """
    inside = size.rings.area * size.rings.inside(size.radius)
    still, moved = size.rings.error(inside), size.rings.error(inside + rim * size.follows)
    return float(np.sqrt(max(sum_error**2 + moved**2 - still**2 + rim**2 * size.rest, 0.25 * sum_error**2)))
