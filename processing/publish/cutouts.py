"""Cutouts of images by region on the sky (SODA 1.0): the smallest part that covers what the image has of the region.

Pixels, world coordinates and header are the image's own; only the reference pixel moves. Runs in the system's Python
inside DaCHS (resources/q.rd), so it needs nothing but numpy and astropy.
"""

import re
from dataclasses import dataclass

import numpy as np

SAMPLES = 4000
"""Points along a region's outline: within 0.002 pixel of it where it bends, for circles as large as an image."""

BLOCK = 2880
"""Bytes; a FITS file is a whole number of them."""


@dataclass(frozen=True)
class Region:
    """A part of the sky.

    ``outline``: unit vectors, shape (n, 3), of points on it, corners among them; ``holds``: function of unit vectors
    (n, 3) to bool (n,).
    """

    outline: np.ndarray
    holds: object


def parse(text):
    """The Region that a POS of SODA names: CIRCLE, RANGE or POLYGON with numbers in degrees, ICRS.

    A RANGE whose first longitude is larger than the second goes through 0. ValueError, one sentence, for all else.
    """
    shape, _, numbers = text.strip().partition(" ")
    makers = {"CIRCLE": (_circle, 3), "RANGE": (_range, 4), "POLYGON": (_polygon, None)}
    if shape.upper() not in makers:
        raise ValueError(f"expected CIRCLE, RANGE or POLYGON, found {shape[:20]!r}")
    make, wanted = makers[shape.upper()]
    values = [_number(word) for word in re.split(r"[\s,]+", numbers.strip())]
    if wanted and len(values) != wanted:
        raise ValueError(f"{shape.upper()} wants {wanted} numbers, found {len(values)}")
    return make(*values)


def box_of(region, header):
    """First and last column, first and last line (from 1) of the pixels that a region touches; None if there are none.

    An extreme of what image and region share is on the outline of one of them, so no other pixel is looked at.
    """
    from astropy.wcs import WCS

    wcs, size = WCS(header), np.array([header["NAXIS1"], header["NAXIS2"]])
    rim = _rim(*size)
    at_rim = _vectors(*wcs.wcs_pix2world(rim, 1).T)
    centre = at_rim.mean(axis=0) / np.linalg.norm(at_rim.mean(axis=0))
    near = region.outline[region.outline @ centre > 0.5]  # the other side of the sky has no place in the projection
    found = [rim[region.holds(at_rim)]]
    if len(near):
        pixels = np.rint(wcs.wcs_world2pix(np.transpose(angles(near)), 1))
        found.append(pixels[((pixels >= 1) & (pixels <= size)).all(axis=1)])
    found = np.concatenate(found).astype(int)
    return (*np.stack([found.min(axis=0), found.max(axis=0)], axis=1).ravel().tolist(),) if len(found) else None


def cut(path, region):
    """The bytes of a FITS file, the part of the image at ``path`` that covers ``region``; None if they do not meet."""
    from astropy.io import fits

    with fits.open(path, do_not_scale_image_data=True) as hdus:
        header = hdus[0].header
        box = box_of(region, header)
        if box is None:
            return None
        x0, x1, y0, y1 = box
        pixels = np.ascontiguousarray(hdus[0].section[y0 - 1:y1, x0 - 1:x1])
        header = moved(header, x0, y0, pixels.shape)
        header.add_history(f"Columns {x0} to {x1}, lines {y0} to {y1} of the image")
    return fits_bytes(header, pixels)


def fits_bytes(header, pixels):
    """The bytes of a FITS file with this header, which has to fit, and these pixels."""
    data = pixels.astype(pixels.dtype.newbyteorder(">"), copy=False).tobytes()
    return header.tostring().encode("ascii") + data + bytes(-len(data) % BLOCK)


def moved(header, x0, y0, shape):
    """The header of the part of an image that begins with its pixel (x0, y0) and has this shape (lines, columns)."""
    header = header.copy()
    header["NAXIS2"], header["NAXIS1"] = shape
    header["CRPIX1"] -= x0 - 1
    header["CRPIX2"] -= y0 - 1
    return header


def _number(word):
    try:
        value = float(word)
    except ValueError:
        raise ValueError(f"expected a number, found {word[:20]!r}") from None
    if np.isnan(value):
        raise ValueError("expected a number, found NaN")
    return value


def _circle(ra, dec, radius):
    _check(ra, dec)
    if not 0 <= radius <= 180:
        raise ValueError(f"the radius of a CIRCLE is from 0 to 180 degrees, found {radius}")
    centre, east, north = _axes(ra, dec)
    turn, radius = np.linspace(0, 2 * np.pi, SAMPLES)[:, None], np.radians(radius)
    outline = np.cos(radius) * centre + np.sin(radius) * (np.cos(turn) * north + np.sin(turn) * east)
    return Region(outline, lambda points: points @ centre >= np.cos(radius))


def _range(ra0, ra1, dec0, dec1):
    dec0, dec1 = max(dec0, -90.0), min(dec1, 90.0)
    if dec0 > dec1:
        raise ValueError(f"a RANGE wants the smaller latitude first, found {dec0} {dec1}")
    width = 360.0 if not np.isfinite([ra0, ra1]).all() or abs(ra1 - ra0) >= 360 else (ra1 - ra0) % 360
    ra0 = ra0 if np.isfinite(ra0) and width < 360 else 0.0
    step = np.linspace(0, 1, SAMPLES // 4)
    along, up = ra0 + width * step, dec0 + (dec1 - dec0) * step
    sides = [(along, dec0), (along, dec1), (ra0, up), (ra0 + width, up)]
    outline = np.concatenate([_vectors(*np.broadcast_arrays(*side)) for side in sides])
    return Region(outline, lambda points: _in_range(*angles(points), ra0, width, dec0, dec1))


def _in_range(ra, dec, ra0, width, dec0, dec1):
    return ((ra - ra0) % 360 <= width) & (dec >= dec0) & (dec <= dec1)


def _polygon(*values):
    if len(values) < 6 or len(values) % 2:
        raise ValueError(f"POLYGON wants at least three pairs of numbers, found {len(values)} numbers")
    for ra, dec in zip(values[::2], values[1::2]):
        _check(ra, dec)
    corners = _vectors(np.array(values[::2]), np.array(values[1::2]))
    step = np.linspace(0, 1, SAMPLES // len(corners) + 2)[:, None]
    sides = [begin + step * (end - begin) for begin, end in zip(corners, np.roll(corners, -1, axis=0))]
    outline = np.concatenate(sides)
    outline /= np.maximum(np.linalg.norm(outline, axis=1, keepdims=True), 1e-12)
    return Region(outline, lambda points: _winds_around(points, corners))


def _winds_around(points, corners):
    """Whether the corners (m, 3), seen from each point, go around it; they are less than a hemisphere."""
    total, following = np.zeros(len(points)), np.roll(corners, -1, axis=0)
    for begin, end in zip(corners, following):
        one, other = (corner - (points @ corner)[:, None] * points for corner in (begin, end))
        total += np.arctan2((points * np.cross(one, other)).sum(axis=1), (one * other).sum(axis=1))
    return (np.abs(total) > np.pi) & (points @ corners.sum(axis=0) > 0)


def _check(ra, dec):
    if not (np.isfinite(ra) and -90 <= dec <= 90):
        raise ValueError(f"expected a place in degrees with a latitude from -90 to 90, found {ra} {dec}")


def _rim(columns, lines):
    """Pixel coordinates (n, 2) of the outermost pixels of an image."""
    x, y = np.arange(1, columns + 1), np.arange(1, lines + 1)
    sides = [(x, 1), (x, lines), (1, y), (columns, y)]
    return np.concatenate([np.stack(np.broadcast_arrays(*side), axis=-1) for side in sides]).astype(float)


def _axes(ra, dec):
    """Unit vectors of a place and of its east and north."""
    ra, dec = np.radians([ra, dec])
    return (np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)]),
            np.array([-np.sin(ra), np.cos(ra), 0.0]),
            np.array([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)]))  # fmt: skip


def _vectors(ra, dec):
    """Unit vectors, shape (n, 3), of places in degrees."""
    ra, dec = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def angles(vectors):
    """Longitude from 0 to 360 and latitude, degrees."""
    x, y, z = vectors.T
    return np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))
