"""What the Atlas Images of a field cover: distances to their edges, and the coverage map."""

import numpy as np

from processing.sphere import ARCSEC, unit_vectors

CORNERS = range(1, 5)
"""SE, SW, NW, NE: the order of the columns ra_1 ... dec_4."""


def corners_of(row):
    """Corners, shape (4, 2), degrees, of a row of the table of images or scans."""
    return np.array([(row[f"ra_{n}"], row[f"dec_{n}"]) for n in CORNERS])


def edge_distance(ra, dec, corners):
    """Distance (arcsec) of positions (degrees, shape (n,)) from the nearest side of a quadrangle; negative outside.

    The sides are great circles between the ``corners``, shape (4, 2), degrees, as the survey measured its edge
    distances (Explanatory Supplement II.2a, dist_edge_ns).
    """
    tips = unit_vectors(corners[:, 0], corners[:, 1])
    poles = np.cross(tips, np.roll(tips, -1, axis=0))
    poles /= np.linalg.norm(poles, axis=1, keepdims=True)
    poles *= np.sign(poles @ tips.mean(axis=0))[:, None]
    heights = unit_vectors(ra, dec) @ poles.T
    return np.arcsin(np.clip(heights, -1.0, 1.0)).min(axis=1) * ARCSEC


def coadd_distance(ra, dec, images):
    """Distance (arcsec) from the edge of what all bands of one coadd cover; negative outside."""
    return np.min([edge_distance(ra, dec, corners_of(image)) for image in images], axis=0)


def scan_distance(ra, dec, coadds):
    """Distance (arcsec) from the edge of the coadd in which a position lies deepest; ``coadds`` are lists of rows."""
    return np.max([coadd_distance(ra, dec, images) for images in coadds], axis=0)


def bounding_circle(coadds):
    """Middle (unit vector) of a circle around all ``coadds`` (lists of images), and its radius as a chord."""
    corners = np.concatenate([corners_of(image) for images in coadds for image in images])
    tips = unit_vectors(corners[:, 0], corners[:, 1])
    middle = tips.mean(axis=0)
    middle /= np.linalg.norm(middle)
    return middle, float(np.linalg.norm(tips - middle, axis=1).max())


def coverage(images, order):
    """The MOC of all ``images``, with cells of HEALPix ``order``."""
    from astropy import units
    from mocpy import MOC

    outlines = {tuple(corners_of(image).ravel()): corners_of(image) for image in images}
    parts = [MOC.from_polygon(*(corners.T * units.deg), max_depth=order) for corners in outlines.values()]
    return parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
