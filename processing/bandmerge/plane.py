"""What band merging must know of the plane on which source lists lie: where on the sky, how bright, when, which edges.

A field of Atlas Images (``field_plane``) and a whole scan (``scan_plane``) answer the same questions, so that the
catalog is made in one way.
"""

from typing import Protocol

import numpy as np


class Plane(Protocol):
    """A plane with 0-based pixels, x to the west and y to the north.

    Attributes
    ----------
    pixel_scale : float, arcsec
    area : float, arcsec**2
        Of the whole plane: the density of a list too short for a local one.
    band_floor : float, arcsec
        Error of a position in one band, each axis, that its covariance does not know of.
    magzp : dict of str to float, mag
        By band letter: magnitude of 1 DN.
    zero_point_error : dict of str to float, mag
        By band letter: what ``msigcom`` adds to ``cmsig`` for the zero point.
    """

    pixel_scale: float
    area: float
    band_floor: float
    magzp: dict
    zero_point_error: dict

    def sky_position(self, x, y):
        """ra (0 <= ra < 360), dec (deg ICRS) of pixels."""

    def to_sky(self, x, y):
        """Matrix (2, 2) or (n, 2, 2) from a step in the plane (arcsec) to one to the east and north (arcsec)."""

    def frame_covariance(self, x, y):
        """Covariance (2, 2) or (n, 2, 2), arcsec**2 in the plane, of what all bands share: the reference frame."""

    def observation(self, x, y):
        """Columns hemis, date, scan, coadd, x_scan (arcsec), jdate (d): arrays (n,), None where not known.

        ``jdate`` is rounded to what it is good for.
        """

    def image_position(self, x, y):
        """Place from the sides of small x and y of the Atlas Image of ``observation``, arcsec: two arrays (n,)."""

    def edges(self, x, y):
        """Columns dist_edge_ns, dist_edge_ew (whole arcsec), dist_edge_flg: lists, None where not known."""


def edge_columns(along, across):
    """The three columns of the edges from what ``nearer`` says of the direction along and across the scan."""
    (ns, ns_side), (ew, ew_side) = along, across
    both = [a + b if a and b else None for a, b in zip(ns_side, ew_side)]
    return {"dist_edge_ns": ns, "dist_edge_ew": ew, "dist_edge_flg": both}


def nearer(inside, letters, known=(True, True)):
    """Whole arcsec to the nearer of two edges, and its letter: two lists, with None where it cannot be said.

    ``inside`` (2, n), arcsec, is how far inside each edge a source lies (negative: outside); ``known``: whether each is
    an edge or only the border of what was looked at, which an edge beyond it can be no nearer than.
    """
    inside = np.asarray(inside, float)
    first = np.argmin(inside, axis=0)
    certain = np.array(known)[first]
    distance = np.rint(inside.min(axis=0)).astype(int)
    return ([int(d) if ok else None for d, ok in zip(distance, certain)],
            [letters[k] if ok else None for k, ok in zip(first, certain)])
