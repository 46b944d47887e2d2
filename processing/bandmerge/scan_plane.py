"""The plane of a whole scan: the strip grid, and what the solution of its frames tells."""

from functools import cached_property

import numpy as np

from processing.atlas.grid import scan_grids, strip_grid
from processing.bandmerge.plane import edge_columns, nearer
from processing.bandmerge.scan_track import scan_track
from processing.config import survey
from processing.formats.raw_night import night_date

MJD_ZERO = 2400000.5


class ScanPlane:
    """The ``Plane`` of a scan.

    Parameters
    ----------
    solution : processing.astrometry.solution.Solution
    night, number : str, int
        Name of the night (yymmdd and hemisphere) and scan number.
    mjd : ndarray, shape (n,), d
        Middle of the frames, UTC.
    magzp, zero_point_error : dict of str to float, mag
        By band letter, see ``Plane``.
    usable : dict of str to ndarray of bool, shape (n,), optional
        By band letter: frames that hold anything; all of them unless given.
    images : list of processing.atlas.grid.Grid, optional
        The Atlas Images that there are; those of ``scan_grids`` unless given.
    """

    def __init__(self, solution, night, number, mjd, magzp, zero_point_error, usable=None, images=None):
        self.solution, self.night, self.number = solution, night, number
        self.mjd, self.magzp, self.zero_point_error = np.asarray(mjd, float), magzp, zero_point_error
        self.grid = strip_grid(solution)
        self.images = scan_grids(solution) if images is None else images
        self.track = scan_track(solution, self.grid, usable)
        self.pixel_scale = float(3600 * np.abs(self.grid.wcs.wcs.cdelt[1]))
        self.band_floor = survey().merge.scan_floor
        self.area = float(np.prod(self.grid.shape)) * self.pixel_scale**2

    def sky_position(self, x, y):
        """See ``Plane``."""
        ra, dec = self.grid.wcs.wcs_pix2world(np.asarray(x, float), np.asarray(y, float), 0)
        return np.mod(ra, 360.0), dec

    def to_sky(self, x, y):
        """See ``Plane``; a matrix a place, as the plane of six degrees is not everywhere true to scale."""
        ra, dec = self.sky_position(x, y)
        steps = []
        for dx, dy in ((1, 0), (0, 1)):
            east, north = self.sky_position(np.add(x, dx), np.add(y, dy))
            steps.append(((np.mod(east - ra + 180, 360) - 180) * np.cos(np.radians(dec)), north - dec))
        return np.moveaxis(np.array(steps), 2, 0).swapaxes(1, 2) * 3600 / self.pixel_scale

    def frame_covariance(self, x, y):
        """See ``Plane``; errors of neighbouring frames are nearly the same, so that a mean does not make it less."""
        cov = np.zeros((len(y), 2, 2))
        cov[:, [0, 1], [0, 1]] = self.track.mean(np.asarray(y), self.solution.error**2)
        return cov

    def observation(self, x, y):
        """See ``Plane``; the time is the mean of the frames that saw the source, to 0.1 s."""
        n = len(x)
        return {
            "hemis": np.full(n, self.night[-1]), "date": np.full(n, night_date(self.night).isoformat()),
            "scan": np.full(n, self.number), "coadd": self.image_numbers[self._deepest(x, y)],
            "x_scan": self.track.cross(x, y) * self.pixel_scale,
            "jdate": np.round(self.track.mean(y, self.mjd) + MJD_ZERO, 6),
        }

    def image_position(self, x, y):
        """See ``Plane``."""
        number, place = self._deepest(x, y), np.empty((2, len(x)))
        ra, dec = self.sky_position(x, y)
        for k, image in enumerate(self.images):
            here = number == k
            place[:, here] = image.wcs.wcs_world2pix(ra[here], dec[here], 0)
        return tuple((place + 0.5) * self.pixel_scale)

    def edges(self, x, y):
        """See ``Plane``; edges of what six frames and all bands cover, negative beyond them."""
        inside = self.track.inside(x, y) * self.pixel_scale
        return edge_columns(nearer(inside[:2], "sn"), nearer(inside[2:], "ew"))

    @cached_property
    def image_numbers(self):
        """Numbers of the Atlas Images, (images,)."""
        return np.array([image.number for image in self.images], int)

    @cached_property
    def _boxes(self):
        """West, east, south, north sides of the Atlas Images on the plane, (images, 4): both grids have north up."""
        boxes = []
        for image in self.images:
            rows, columns = image.shape
            middle = np.array([[(columns - 1) / 2, (rows - 1) / 2]])
            ends = middle + np.array([[0, -rows / 2], [0, rows / 2], [-columns / 2, 0], [columns / 2, 0]])
            x, y = self.grid.wcs.wcs_world2pix(*image.wcs.wcs_pix2world(*ends.T, 0), 0)
            boxes.append((x[2], x[3], y[0], y[1]))
        return np.array(boxes)

    def _deepest(self, x, y):
        """Index of the Atlas Image in which each place lies farthest from the edges, or nearest to which it lies."""
        depth = [np.minimum.reduce([x - left, right - x, y - low, high - y]) for left, right, low, high in self._boxes]
        return np.argmax(depth, axis=0)
