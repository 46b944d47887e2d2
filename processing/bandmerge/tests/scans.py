"""A solved scan for tests: nominal cameras that follow a meridian, without rotation, one band beside the others."""

import numpy as np

from processing.astrometry.adjust import start, with_camera
from processing.astrometry.solution import Solution
from processing.bandmerge.scan_plane import ScanPlane

STEP, PERIOD, BEGIN = 82.4, 1.4855, 51371.3
BANDS = ("j", "h", "k")


def solved(n=60, dec=40.0, ra=120.0, south=False, error=0.05, shift=(6.0, -8.0)):
    """Solution of ``n`` frames around ``dec``; the camera of Ks looks ``shift`` (arcsec east and north) beside."""
    along = (np.arange(n) - (n - 1) / 2) * STEP / 3600
    reported = np.full(n, ra), dec + (-along if south else along)
    state = with_camera(start(reported, len(BANDS)), 2, np.array(shift))
    errors = np.full((n, 2), error)
    return Solution(reported, BANDS, state, errors, errors / 2, dict.fromkeys(BANDS, 0.03), np.zeros((0, 2)), 100, "")


def times(n=60):
    return BEGIN + np.arange(n) * PERIOD / 86400


def plane_of(solution, **changed):
    magzp, error = dict.fromkeys(BANDS, 20.0), dict.fromkeys(BANDS, 0.01)
    return ScanPlane(solution, "990712n", 11, times(len(solution.frames)), magzp, error, **changed)


def depth(solution, ra, dec):
    """Frames that hold each place, in every band: (bands, m)."""
    frames, counts = np.arange(len(solution.frames))[:, None], []
    for band in solution.bands:
        x, y = solution.pixel(band, frames, ra[None], dec[None])
        counts.append(((np.abs(x - 127.5) < 128) & (np.abs(y - 127.5) < 128)).sum(axis=0))
    return np.array(counts)
