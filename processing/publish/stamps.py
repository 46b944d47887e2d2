"""Postage stamps of extended sources: one image in each band, and one in colours, put together where images meet.

A stamp has the pixels of the image that the source was extracted from, as they are. Where it goes beyond the edge,
other images of the band fill it in, on the same pixels (bilinear), brought to the same zero point and sky. Runs in the
system's Python inside DaCHS, so it needs nothing but numpy, astropy and PIL.
"""

import io
from pathlib import Path

import numpy as np

from processing.publish.cutouts import fits_bytes
from processing.publish.galaxy_links import BANDS, COLOUR, stamp_side
from processing.publish.links import FITS, JPEG
from processing.publish.mosaic import Stamp, fill, stamp

QUALITY = 90
"""Of the JPEG."""

ENLARGED = 256
"""Pixels that the side of a picture has at least: small galaxies are shown larger."""


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


def as_fits(found):
    """The bytes of a FITS file."""
    header = found.header.copy()
    header["BITPIX"] = -32
    for name in ("BSCALE", "BZERO", "BLANK"):
        header.remove(name, ignore_missing=True)
    return fits_bytes(header, found.pixels.astype(np.float32))


def as_jpeg(stamps):
    """The bytes of a picture in colours, north up, from Stamps by band letter (j, h, k) on grids of their own: all are
    brought to the first one's."""
    from PIL import Image

    from processing.quality.picture import colours

    first = next(iter(stamps.values()))
    light = {}
    for band, one in stamps.items():
        grid = Stamp(first.header, np.full(first.pixels.shape, np.nan, np.float32), 0.0, 1.0)
        fill(grid, one.header, (one.pixels - _sky_around(one)) / one.noise, plain=True)
        light[band] = np.nan_to_num(grid.pixels)
    picture = Image.fromarray(colours(light)[::-1])
    factor = -(-ENLARGED // max(picture.size))
    if factor > 1:
        picture = picture.resize((picture.width * factor, picture.height * factor), Image.BICUBIC)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, subsampling=0)
    return out.getvalue()


def _sky_around(one):
    """Median of a Stamp outside the circle that it holds, DN: the sky at the source; for want of it, of the image."""
    y, x = np.indices(one.pixels.shape) - (np.array(one.pixels.shape)[:, None, None] - 1) / 2
    corners = one.pixels[(np.hypot(x, y) > min(one.pixels.shape) / 2) & np.isfinite(one.pixels)]
    return float(np.median(corners)) if len(corners) >= 50 else one.sky
