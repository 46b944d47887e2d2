"""How far a star saturates the second read."""

import numba
import numpy as np

from processing.photometry.bright.find import FULL
from processing.photometry.bright.light import PIXEL

SHARE = 0.2
"""A ring of which a smaller part is saturated is outside: spikes reach further."""


def saturated_radius(flaws, places, count):
    """Radius (arcsec) inside which the 1.3 s images of ``count`` stars are unusable, the largest of all frames; one
    pixel more than is saturated."""
    out = np.zeros(count)
    np.maximum.at(out, places.star, _radii(flaws, places.frame, places.x, places.y))
    return PIXEL * (out + 1)


@numba.njit(cache=True)
def _radii(flaws, frame, x, y):
    """The same of apparitions, in pixels; 0 where nothing is saturated."""
    ny, nx = flaws.shape[1:]
    out = np.zeros(len(frame))
    for k in range(len(frame)):
        radius = 0.5
        while radius < 100.0:
            full, all_pixels = 0, 0
            for j in range(max(int(y[k] - radius - 2), 0), min(int(y[k] + radius + 3), ny)):
                for i in range(max(int(x[k] - radius - 2), 0), min(int(x[k] + radius + 3), nx)):
                    if abs(np.hypot(i - x[k], j - y[k]) - radius) <= 0.5:
                        all_pixels += 1
                        full += (flaws[frame[k], j, i] & FULL) != 0
            if all_pixels == 0 or full < SHARE * all_pixels:
                break
            out[k] = radius + 0.5
            radius += 0.5
    return out
