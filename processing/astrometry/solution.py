"""What is known about the frames of a scan once it is solved."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from processing.astrometry.adjust import State, camera_of
from processing.astrometry.plane import angles, from_plane, to_plane
from processing.sphere import unit_vectors


@dataclass(frozen=True)
class Solution:
    """Pixel to sky and back, for every frame and band of a scan.

    ``reported``: (ra, dec) of the telescope, deg; ``bands``: letters; ``state``: shifts and cameras; ``error``: one
    sigma of each frame's place, arcsec east and north, (n, 2), the reference frame's included; ``relative_error``: the
    same against the scan as a whole; ``rms``: dict from band to rms residual of an apparition, each axis, arcsec;
    ``reference_residuals``: star minus reference star, (k, 2), arcsec; ``stars``: in common; ``note``: what is wrong,
    "" when nothing is.
    """

    reported: tuple
    bands: tuple
    state: State
    error: np.ndarray
    relative_error: np.ndarray
    rms: dict
    reference_residuals: np.ndarray
    stars: int
    note: str

    @cached_property
    def frames(self):
        """Bases (n, 3, 3) of the frames: rows are east, north and the camera axis."""
        return self.state.pointing(self.reported)

    @property
    def pointing(self):
        """ra, dec (deg) of the camera axis in every frame."""
        return angles(self.frames[:, 2])

    def camera(self, band):
        """The Camera of a band."""
        return camera_of(self.state, self.bands.index(band))

    def sky(self, band, frame, x, y):
        """ra, dec (deg ICRS) of 0-based pixels; ``frame`` (index from 0), ``x``, ``y`` broadcast."""
        frame, x, y = np.broadcast_arrays(frame, np.asarray(x, float), y)
        return angles(from_plane(self.frames[frame], *self.camera(band).plane(x, y)))

    def pixel(self, band, frame, ra, dec):
        """x, y (0-based) of positions (deg ICRS); meaningless far outside the frame."""
        frame, ra, dec = np.broadcast_arrays(frame, np.asarray(ra, float), dec)
        return self.camera(band).pixel(*to_plane(self.frames[frame], unit_vectors(ra, dec)))
