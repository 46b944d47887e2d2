"""Postage stamps of extended sources: one image in each band, and one in colours, put together where images meet.

A stamp has the pixels of the image that the source was extracted from, as they are. Where it goes beyond the edge,
other images of the band fill it in, on the same pixels (bilinear), brought to the same zero point and sky. Runs in the
system's Python inside DaCHS, so it needs nothing but numpy, astropy and PIL.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from processing.publish.cutouts import BLOCK
from processing.publish.galaxy_links import BANDS, COLOUR, stamp_side
from processing.publish.links import FITS, JPEG

MOST = 2048
"""Pixels of the side of a stamp, at most."""

QUALITY = 90
"""Of the JPEG."""

ENLARGED = 256
"""Pixels that the side of a picture has at least: small galaxies are shown larger."""


@dataclass(frozen=True, eq=False)
class Stamp:
    """``header``: cards with the place of the stamp on the sky; ``pixels``: float32, (ny, nx), DN, NaN where no image
    is; ``sky`` and ``noise``: DN, of the image that gave the pixels."""

    header: object
    pixels: np.ndarray
    sky: float
    noise: float


def product(galaxy, images, what, region, folder):
    """Media type and bytes of the stamp of a source; None for the bytes when no image shows it.

    Parameters
    ----------
    galaxy : dict
        Its row (``galaxy_links.find_galaxy``).
    images : list of dict
        Of those around it, the best first (``galaxy_links.images_of_galaxy``).
    what : str
        A band, or ``colour``.
    region : cutouts.Region
        What to show; None for the stamp of the source itself.
    folder : str
        That of the files.

    ValueError when ``what`` is none of these or the region is too large.
    """
    if what not in (*BANDS, COLOUR):
        raise ValueError(f"expected one of {', '.join((*BANDS, COLOUR))}, found {what[:20]!r}")
    outline = square(galaxy["ra"], galaxy["dec"], stamp_side(galaxy)) if region is None else region.outline
    found = {}
    for band in BANDS if what == COLOUR else (what,):
        paths = [Path(folder) / image["accesspath"] for image in images if image["band"] == band]
        one = stamp(paths, outline)
        if one is not None:
            found[band[0].lower()] = one
    if what == COLOUR:
        return JPEG, as_jpeg(found) if found else None
    return FITS, as_fits(next(iter(found.values()))) if found else None


def square(ra, dec, side):
    """Outline of a square of ``side`` arcsec about a place (deg): unit vectors, (4, 3)."""
    half = np.radians(side / 3600 / 2)
    ra, dec = np.radians([ra, dec])
    centre = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    north = np.cross(centre, east)
    signs = ((1, 1), (1, -1), (-1, -1), (-1, 1))
    corners = centre + np.tan(half) * np.array([a * east + b * north for a, b in signs])
    return corners / np.linalg.norm(corners, axis=1, keepdims=True)


def stamp(paths, outline):
    """The Stamp that covers ``outline`` (unit vectors, (n, 3)) from the images at ``paths``, the first of which gives
    the grid; None when no image has a pixel of it. ValueError when it is larger than MOST."""
    from astropy.io import fits

    found = None
    for path in paths:
        with fits.open(path) as hdus:
            header, data = hdus[0].header, hdus[0].data
        found = _begin(header, data, outline) if found is None else found
        _fill(found, header, data)
    return found if found is not None and np.isfinite(found.pixels).any() else None


def as_fits(found):
    """The bytes of a FITS file."""
    header = found.header.copy()
    header["BITPIX"] = -32
    for name in ("BSCALE", "BZERO", "BLANK"):
        header.remove(name, ignore_missing=True)
    data = found.pixels.astype(">f4").tobytes()
    return header.tostring().encode("ascii") + data + bytes(-len(data) % BLOCK)


def as_jpeg(stamps):
    """The bytes of a picture in colours, north up, from Stamps by band letter (j, h, k) on grids of their own: all are
    brought to the first one's."""
    from PIL import Image

    from processing.quality.picture import colours

    first = next(iter(stamps.values()))
    light = {}
    for band, one in stamps.items():
        grid = Stamp(first.header, np.full(first.pixels.shape, np.nan, np.float32), 0.0, 1.0)
        _fill(grid, one.header, (one.pixels - _sky_around(one)) / one.noise, plain=True)
        light[band] = np.nan_to_num(grid.pixels)
    picture = Image.fromarray(colours(light)[::-1])
    factor = -(-ENLARGED // max(picture.size))
    if factor > 1:
        picture = picture.resize((picture.width * factor, picture.height * factor), Image.BICUBIC)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, subsampling=0)
    return out.getvalue()


def _sky_around(one):
    """Median of a Stamp outside the circle that it holds, DN: the sky at the source; that of the image for want of it."""
    y, x = np.indices(one.pixels.shape) - (np.array(one.pixels.shape)[:, None, None] - 1) / 2
    corners = one.pixels[(np.hypot(x, y) > min(one.pixels.shape) / 2) & np.isfinite(one.pixels)]
    return float(np.median(corners)) if len(corners) >= 50 else one.sky


def _begin(header, data, outline):
    """A Stamp without a pixel on the grid of an image, around an outline."""
    from astropy.wcs import WCS

    x, y = WCS(header).wcs_world2pix(*_angles(outline), 1)
    (x0, x1), (y0, y1) = ((int(np.ceil(v.min())), int(np.floor(v.max()))) for v in (x, y))
    if max(x1 - x0, y1 - y0) >= MOST:
        raise ValueError(f"a stamp has at most {MOST} pixels a side, found {x1 - x0 + 1} x {y1 - y0 + 1}")
    moved = header.copy()
    moved["NAXIS1"], moved["NAXIS2"] = x1 - x0 + 1, y1 - y0 + 1
    moved["CRPIX1"] -= x0 - 1
    moved["CRPIX2"] -= y0 - 1
    moved.add_history(f"Columns {x0} to {x1}, lines {y0} to {y1} of the image; beyond its edges other images")
    seen = data[np.isfinite(data)][::7]
    low, sky = np.percentile(seen, [15.87, 50]) if len(seen) else (0.0, 0.0)
    empty = np.full((y1 - y0 + 1, x1 - x0 + 1), np.nan, np.float32)
    return Stamp(moved, empty, float(sky), max(float(sky - low), 1e-3))


def _fill(found, header, data, plain=False):
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


def _angles(vectors):
    """Longitude and latitude, degrees."""
    x, y, z = vectors.T
    return np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))
