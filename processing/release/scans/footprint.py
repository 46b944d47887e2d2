"""What images and scans cover: outlines, distances to their edges, and the coverage map.

An outline is a list of parts, each an array of quadrangles, shape (m, 4, 2), degrees: a place is in a part when all its
quadrangles hold it (the images of one coadd, a band each), and in the outline when a part does.
"""

import numpy as np

from processing.sphere import ARCSEC, unit_vectors

CORNERS = range(1, 5)
"""SE, SW, NW, NE: the order of the columns ra_1 ... dec_4."""

SAMPLES = 64
"""Places along each side by which two outlines are found to touch: every 6 arcmin of the longest scan."""


def corners_of(row):
    """Corners, shape (4, 2), degrees, of a row of the table of images or scans."""
    return np.array([(row[f"ra_{n}"], row[f"dec_{n}"]) for n in CORNERS])


def outline_of(groups):
    """The outline of ``groups``: lists of rows with corners, each the images that must all cover a place."""
    return [np.array([corners_of(row) for row in rows]) for rows in groups]


def edge_distance(ra, dec, corners):
    """Distance (arcsec) of positions (degrees, shape (n,)) from the nearest side of a quadrangle; negative outside.

    The sides are great circles between the ``corners``, shape (4, 2), degrees, as the survey measured its edge
    distances (Explanatory Supplement II.2a, dist_edge_ns).
    """
    return _edge_distance(unit_vectors(ra, dec), corners)


def outline_distance(places, outline):
    """Distance (arcsec) of unit vectors, shape (n, 3), from the edge of the part of an outline in which they lie
    deepest; negative outside."""
    parts = [np.min([_edge_distance(places, corners) for corners in part], axis=0) for part in outline]
    return np.max(parts, axis=0)


def bounding_circle(outline):
    """Middle (unit vector) of a circle around an outline, and its radius as a chord."""
    corners = np.concatenate([part.reshape(-1, 2) for part in outline])
    tips = unit_vectors(corners[:, 0], corners[:, 1])
    middle = tips.mean(axis=0)
    middle /= np.linalg.norm(middle)
    return middle, float(np.linalg.norm(tips - middle, axis=1).max())


def outlines_touch(one, other, margin):
    """Whether places along the sides of one outline lie in the other or within ``margin`` (arcsec) of it."""
    pairs = ((one, other), (other, one))
    return any((outline_distance(_along_sides(a), b) > -margin).any() for a, b in pairs)


def coverage(images, order):
    """The MOC of all ``images``, with cells of HEALPix ``order``."""
    from astropy import units
    from mocpy import MOC

    outlines = {tuple(corners_of(image).ravel()): corners_of(image) for image in images}
    parts = [MOC.from_polygon(*(corners.T * units.deg), max_depth=order) for corners in outlines.values()]
    return parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]


def _edge_distance(places, corners):
    tips = unit_vectors(corners[:, 0], corners[:, 1])
    poles = np.cross(tips, np.roll(tips, -1, axis=0))
    poles /= np.linalg.norm(poles, axis=1, keepdims=True)
    poles *= np.sign(poles @ tips.mean(axis=0))[:, None]
    return np.arcsin(np.clip((places @ poles.T).min(axis=1), -1.0, 1.0)) * ARCSEC


def _along_sides(outline):
    """Unit vectors along all sides of the first quadrangle of each part."""
    tips = unit_vectors(*np.moveaxis(np.array([part[0] for part in outline]), -1, 0))
    steps = np.arange(SAMPLES)[:, None, None, None] / SAMPLES
    places = (tips + steps * (np.roll(tips, -1, axis=1) - tips)).reshape(-1, 3)
    return places / np.linalg.norm(places, axis=1, keepdims=True)
