"""What a raw file must agree with: the night's log, and itself."""

from datetime import datetime

import numpy as np

from processing.errors import SurveyError

START_TOLERANCE = 0.0015
"""Seconds by which DATE-OBS may differ from the log: both are written to the millisecond."""

POSITION_TOLERANCE = 0.01
"""Degrees by which the first frame may differ from the log: another field is further away."""


def check_header(header, row, band, hemisphere, where):
    """What the header says must not contradict the log; what it does not say the log tells."""
    said = {"BAND": band, "HEMIS": hemisphere, "SCANNO": row.seq, "SCANDIR": row.direction, "TYPE": row.type,
            "TILE": row.tile}  # fmt: skip
    for key, expected in said.items():
        found = header.get(key, expected)
        if str(found).strip() != str(expected):
            raise SurveyError(f"{where}: header {key} is {found!r}, expected {expected!r}")
    found = str(header.get("DATE-OBS", row.start)).strip()
    try:
        apart = abs((datetime.fromisoformat(found) - datetime.fromisoformat(row.start)).total_seconds())
    except (ValueError, TypeError) as error:
        raise SurveyError(f"{where}: header DATE-OBS is {found!r}, expected {row.start!r}") from error
    if apart > START_TOLERANCE:
        raise SurveyError(f"{where}: header DATE-OBS is {found!r}, the night log has {row.start!r}")


def check_counts(cubes, frames, row, where):
    """As many planes as rows of FRAMES and as the log says."""
    listed = len(frames["frame"])
    for name, cube in cubes.items():
        if len(cube) != listed:
            raise SurveyError(f"{where}: {name} has {len(cube)} frames, FRAMES lists {listed}")
    if listed != row.nframes:
        raise SurveyError(f"{where}: FRAMES lists {listed} frames, the night log {row.nframes}")


def check_frames(frames, row, where):
    """Frames are numbered, in time order and, on the sky, where and which way the log says."""
    if not np.array_equal(frames["frame"], np.arange(1, row.nframes + 1)):
        raise SurveyError(f"{where}: FRAMES column frame is not 1 to {row.nframes}")
    if not np.all(np.isfinite(frames["mjd"])) or np.any(np.diff(frames["mjd"]) <= 0):
        raise SurveyError(f"{where}: FRAMES column mjd does not grow from frame to frame")
    if row.on_sky:
        _check_positions(frames, row, where)


def _check_positions(frames, row, where):
    for name in ("ra", "dec", "airmass"):
        if not np.all(np.isfinite(frames[name])):
            raise SurveyError(f"{where}: FRAMES column {name} has no value for frame {_first_bad(frames[name])}")
    ra, dec = frames["ra"][0], frames["dec"][0]
    across = ((ra - row.ra + 180) % 360 - 180) * np.cos(np.radians(dec))
    if np.hypot(across, dec - row.dec) > POSITION_TOLERANCE:
        raise SurveyError(
            f"{where}: first frame at {ra:.4f} {dec:+.4f}, the night log has {row.ra:.4f} {row.dec:+.4f}"
        )
    way = "n" if frames["dec"][-1] > dec else "s"
    if way != row.direction:
        raise SurveyError(f"{where}: declination goes {way} in FRAMES, direction is {row.direction} in the night log")


def _first_bad(values):
    return int(np.argmax(~np.isfinite(values))) + 1
