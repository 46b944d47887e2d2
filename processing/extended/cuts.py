"""Squares of a field with the light of everything in it."""

import numpy as np


def cut(image, corner, size, beyond):
    """A square of ``size`` pixels of an image from ``corner`` (x, y) on, ``beyond`` off its edges."""
    out = np.full((size, size), beyond, image.dtype)
    x, y = corner
    y0, y1, x0, x1 = max(y, 0), min(y + size, image.shape[0]), max(x, 0), min(x + size, image.shape[1])
    if y1 > y0 and x1 > x0:
        out[y0 - y:y1 - y, x0 - x:x1 - x] = image[y0:y1, x0:x1]
    return out


def above_level(one, corner, size):
    """A square of a CleanBand's data without background, NaN where not observed: DN."""
    return cut(one.band.data, corner, size, np.nan) - one.level.on(corner, (size, size))


def light_around(one, x, y, inner=4.0, outer=8.0):
    """Median light above the background in a ring about a place, DN a pixel; 0 where nothing is observed."""
    half = int(np.ceil(outer)) + 1
    cx, cy = round(float(x)), round(float(y))
    v, u = np.mgrid[-half:half + 1, -half:half + 1]
    values, distance = above_level(one, (cx - half, cy - half), 2 * half + 1), np.hypot(u + cx - x, v + cy - y)
    ring = values[(distance >= inner) & (distance < outer) & np.isfinite(values)]
    return float(np.median(ring)) if ring.size else 0.0
