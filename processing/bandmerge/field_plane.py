"""The plane of a field: the pixels that its Atlas Images share, and what their headers tell."""

import numpy as np

from processing.bandmerge.places import image_to_sky
from processing.bandmerge.plane import edge_columns, nearer
from processing.config import survey
from processing.formats.atlas_scan import along_scan, cross_scan, observed_at, scan_ends, side_edges
from processing.schema import BANDS


class FieldPlane:
    """The ``Plane`` of a ``processing.formats.atlas_field.Field``."""

    def __init__(self, field):
        self.field, self.image = field, field.first
        self.pixel_scale = self.image.pixel_scale
        self.band_floor = survey().merge.band_floor
        self.area = self.image.data.size * self.pixel_scale**2
        self.magzp = {letter: image.magzp for letter, image in field.images.items()}
        self.zero_point_error = {band.letter: band.zero_point_error for band in BANDS}

    def sky_position(self, x, y):
        """See ``Plane``."""
        return self.image.sky_position(x, y)

    def to_sky(self, x, y):
        """See ``Plane``; one matrix for the whole image."""
        return image_to_sky(self.image.wcs, self.pixel_scale)

    def frame_covariance(self, x, y):
        """See ``Plane``; the survey's usual error."""
        return survey().merge.frame_floor ** 2 * np.eye(2)

    def observation(self, x, y):
        """See ``Plane``; times to the catalog's 9 s, as the header's scan rate is good to 30 s."""
        image, place, n = self.image, self.field.place, len(x)
        jdate = observed_at(image, place, y)
        return {
            "hemis": np.full(n, image.hemis), "date": np.full(n, image.date), "scan": np.full(n, image.scan),
            "coadd": None if place.coadd is None else np.full(n, place.coadd),
            "x_scan": cross_scan(image, x), "jdate": None if jdate is None else np.round(jdate, 4),
        }

    def image_position(self, x, y):
        """See ``Plane``."""
        return (np.asarray(x) + 0.5) * self.pixel_scale, (np.asarray(y) + 0.5) * self.pixel_scale

    def edges(self, x, y):
        """See ``Plane``; where an edge is cut off, the border of the image stands for it and gives no distance."""
        image, place, nothing = self.image, self.field.place, [None] * len(x)
        along, ends = along_scan(image, place, y), scan_ends(place)
        ns = (nothing, nothing) if ends is None else _between(along, ends, "sn", ends)
        borders = cross_scan(image, [-0.5, image.data.shape[1] - 0.5])
        sides = side_edges(list(self.field.images.values()))
        return edge_columns(ns, _between(cross_scan(image, x), sides, "ew", borders))


def _between(place, edges, letters, borders):
    """``nearer`` for sources at ``place`` (n,) between two ``edges`` (None = cut off), coordinates in arcsec."""
    inside = [np.abs(place - (border if edge is None else edge)) for edge, border in zip(edges, borders)]
    return nearer(inside, letters, [edge is not None for edge in edges])
