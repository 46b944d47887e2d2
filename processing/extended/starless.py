"""What all point sources leave of the light of a region: where the middle of a galaxy is behind a star."""

import numpy as np
from scipy import ndimage


class Starless:
    """The light of a region with all point sources off, smoothed by as much as its Scale."""

    def __init__(self, clean, region):
        size, self.size = region.scale.size, region.scale.size
        self.corner = [max(int(place.min()) - 3 * size, 0) for place in (region.y, region.x)]
        box = tuple(slice(low, int(place.max()) + 3 * size) for low, place in zip(self.corner, (region.y, region.x)))
        light = sum(one.left[box] * (one.glare[box] == 0) / one.noise**2 for one in clean.bands.values())
        seen = sum((one.glare[box] == 0) / one.noise**2 for one in clean.bands.values())
        light, seen = (ndimage.gaussian_filter(one, float(size), truncate=3.0) for one in (light, seen))
        self.light = np.where(seen > 0.1 * seen.max(), light / np.maximum(seen, 1e-9), 0.0)

    def at(self, x, y):
        """Light at places, DN a pixel; 0 beyond."""
        row, column = (np.rint(place).astype(int) - low for place, low in zip((y, x), self.corner))
        ny, nx = self.light.shape
        inside = (row >= 0) & (row < ny) & (column >= 0) & (column < nx)
        return np.where(inside, self.light[np.clip(row, 0, ny - 1), np.clip(column, 0, nx - 1)], 0.0)

    def about(self, x, y, dx, dy):
        """As that of a Scale."""
        return self.at(x + dx * self.size, y + dy * self.size)
