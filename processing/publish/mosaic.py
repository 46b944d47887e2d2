"""The pixels of a postage stamp: those of one image, continued by other images beyond its edge."""

from dataclasses import dataclass

import numpy as np

from processing.publish.cutouts import angles, moved

MOST = 2048
"""Pixels of the side of a stamp, at most."""


@dataclass(frozen=True, eq=False)
class Stamp:
    """``header``: cards with the place of the stamp on the sky; ``pixels``: float32, (ny, nx), DN, NaN where no image
    is; ``sky`` and ``noise``: DN, of the image that gave the pixels."""

    header: object
    pixels: np.ndarray
    sky: float
    noise: float


def stamp(paths, outline):
    """The Stamp that covers ``outline`` (unit vectors, (n, 3)) from the images at ``paths``, the first of which gives
    the grid; None when no image has a pixel of it. ValueError when it is larger than MOST."""
    from astropy.io import fits

    found = None
    for path in paths:
        with fits.open(path) as hdus:
            header, data = hdus[0].header, hdus[0].data
        found = _begin(header, data, outline) if found is None else found
        fill(found, header, data)
    return found if found is not None and np.isfinite(found.pixels).any() else None


def _begin(header, data, outline):
    """A Stamp without a pixel on the grid of an image, around an outline."""
    from astropy.wcs import WCS

    x, y = WCS(header).wcs_world2pix(*angles(outline), 1)
    (x0, x1), (y0, y1) = ((int(np.ceil(v.min())), int(np.floor(v.max()))) for v in (x, y))
    if max(x1 - x0, y1 - y0) >= MOST:
        raise ValueError(f"a stamp has at most {MOST} pixels a side, found {x1 - x0 + 1} x {y1 - y0 + 1}")
    empty = np.full((y1 - y0 + 1, x1 - x0 + 1), np.nan, np.float32)
    header = moved(header, x0, y0, empty.shape)
    header.add_history(f"Columns {x0} to {x1}, lines {y0} to {y1} of the image; beyond its edges other images")
    seen = data[np.isfinite(data)][::7]
    low, sky = np.percentile(seen, [15.87, 50]) if len(seen) else (0.0, 0.0)
    return Stamp(header, empty, float(sky), max(float(sky - low), 1e-3))


def fill(found, header, data, plain=False):
    """Give pixels of a Stamp that have none the light of an image, at its zero point and sky; ``plain``: as it is."""
    empty = np.argwhere(~np.isfinite(found.pixels))
    if not len(empty):
        return
    x, y = _places(found.header, header, empty)
    light = _bilinear(data, x, y)
    known = np.isfinite(light)
    rows, columns = empty[known].T
    begun = np.isfinite(found.pixels).any()
    if begun and not plain:
        seen = data[np.isfinite(data)][::7]
        scale = 10 ** (0.4 * (found.header.get("MAGZP", 0.0) - header.get("MAGZP", 0.0)))
        light = (light - np.median(seen)) * scale + found.sky
    found.pixels[rows, columns] = light[known]


def _places(header, other, pixels):
    """Columns and lines (from 0) in another image of ``pixels``, (n, 2) lines and columns, of one with this header."""
    from astropy.wcs import WCS

    there = WCS(other).wcs_world2pix(WCS(header).wcs_pix2world(pixels[:, ::-1], 0), 0)
    near = np.rint(there)
    return np.where(np.abs(there - near) < 1e-3, near, there).T  # the same grid: the same pixels


def _bilinear(image, x, y):
    """Light at places between pixels; NaN outside of the image and beside pixels without any."""
    ny, nx = image.shape
    inside = (x >= 0) & (x <= nx - 1) & (y >= 0) & (y <= ny - 1)
    x, y = np.where(inside, x, 0.0), np.where(inside, y, 0.0)
    i, j = np.minimum(x.astype(int), max(nx - 2, 0)), np.minimum(y.astype(int), max(ny - 2, 0))
    right, up = np.minimum(i + 1, nx - 1), np.minimum(j + 1, ny - 1)
    u, v = x - i, y - j
    total = np.zeros(len(x))
    for column, across in ((i, 1 - u), (right, u)):
        for line, along in ((j, 1 - v), (up, v)):
            weight = across * along
            total += np.where(weight > 0, weight * image[line, column], 0.0)
    return np.where(inside, total, np.nan)
