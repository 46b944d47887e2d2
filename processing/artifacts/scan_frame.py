"""What of a scan decides where its artifacts lie: the axes of the arrays, the step of the frames, the depth."""

from dataclasses import dataclass

import numpy as np

from processing.config import survey
from processing.schema import BANDS

NORTH = {"n": 1.0, "s": -1.0, None: np.nan}
"""Sign of the motion of the telescope by the direction of the scan; NaN when that is not known."""


@dataclass(frozen=True)
class ScanFrame:
    """``ra``: meridian of the scan, deg; ``turn``: angle of the arrays' y axes from north through east, deg, (3,) for
    J, H, Ks, and ``turn_error``: by how much it may be wrong, deg; ``step``: arcsec north from one frame to the next,
    negative for a scan that goes south, NaN when not known; ``limit``: magnitude of the faintest source listed, (3,).
    """

    ra: float
    turn: np.ndarray
    turn_error: float
    step: float
    limit: np.ndarray


def scan_frame(record):
    """The ScanFrame of a scan; ``record``: content of its ``scan.json``.

    A record without the angles of the arrays (older ones, and those of Atlas Images) gives the nominal ones and the
    error that allows for any rotation of the camera; without limits those wanted of the survey.
    """
    scan = record["scan"]
    rules, astrometry = survey().artifacts, (record.get("quality") or {}).get("astrometry") or {}
    angles = np.array([_number((astrometry.get("rotation") or {}).get(band.letter)) for band in BANDS])
    known = np.isfinite(angles)
    step = astrometry.get("frame_step")
    if step is None:
        step = survey().simulate.frame_step * NORTH.get(scan.get("direction"), np.nan)
    turn = np.where(known, angles, angles[known].mean() if known.any() else 0.0)
    return ScanFrame(scan["ra"], turn, rules.turn_error if known.any() else rules.turn, step, _limits(scan))


def nominal_limits():
    """Magnitudes of the faintest sources where nothing is known of the scan, (3,)."""
    return np.array(survey().scan_quality.limit) + survey().artifacts.depth


def _limits(scan):
    found = np.array([_number(scan.get(f"{band.letter}_limit")) for band in BANDS])
    return np.where(np.isfinite(found), found + survey().artifacts.depth, nominal_limits())


def _number(value):
    return np.nan if value is None else float(value)
