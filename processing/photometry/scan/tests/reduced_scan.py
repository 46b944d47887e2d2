"""A simulated raw scan of one band, calibrated and solved by the project's own code, and the truth about its stars."""

from dataclasses import dataclass

import numpy as np

from processing.astrometry.solve import solve_scan
from processing.atlas.frames import usable_frames
from processing.formats.raw_night import read_night
from processing.formats.raw_reference import read_astrometric
from processing.formats.raw_writer import write_night_log
from processing.photometry.scan.measure import measure_scan
from processing.reduce import calibrate_detector, calibrate_scan
from processing.simulate.frame_bound import frame_bound
from processing.simulate.night_plan import Settings, plan
from processing.simulate.nights import RawSurvey
from processing.simulate.true_light import TrueLight
from processing.simulate.truth import Truth

BAND = "j"
SETTINGS = Settings(95.0, 38.0, seed=77, frames=24, cal_frames=12, still_frames=12, limit=15.5, real=False)


@dataclass(frozen=True)
class Reduced:
    """``scan``, ``solution``, ``usable``: as they go into measure_scan; ``sources``: BandSources; the stars of S/N 5 and
    more that five frames see: ``x``, ``y`` on the strip, ``flux`` (DN of 1.3 s, mean of the frames), ``bound``
    (FrameBound), ``galaxies``: x, y of these."""

    scan: object
    solution: object
    usable: dict
    sources: object
    x: np.ndarray
    y: np.ndarray
    bound: object
    galaxies: np.ndarray


def simulated(root):
    """The Night below ``root``: its darks, flats and the science scan, in one band; and the RawSurvey."""
    raw = RawSurvey(root, SETTINGS, plan(SETTINGS))
    raw.begin()
    night = raw.nights[0]
    kept = [planned for planned in night.sequences if planned.type in ("dark", "flat", "sci")]
    for planned in kept:
        raw.write(night, planned, BAND, lambda frames: None)
    write_night_log(raw.root / night.name, [raw.row(night, planned) for planned in kept])
    return read_night(raw.root / night.name), raw
