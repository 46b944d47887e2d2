"""A raw night small enough to be reduced several times: darks, flats, a calibration scan and a science scan."""

import os
import shutil
from pathlib import Path

from processing.formats.raw_night import LETTERS, read_night
from processing.formats.raw_writer import write_night_log
from processing.simulate.night_plan import Settings, plan
from processing.simulate.nights import RawSurvey

SETTINGS = Settings(100.0, 35.0, scans=1, seed=31, frames=12, cal_frames=12, still_frames=12, limit=14.5, real=False)
CAL_SCANS = 1


def simulate_small_night(root):
    """Write the night below ``root``; returns it."""
    raw = RawSurvey(Path(root), SETTINGS, plan(SETTINGS))
    raw.begin()
    night = raw.nights[0]
    kept = [planned for planned in night.sequences if planned.type in ("dark", "flat", "sci")]
    kept += [planned for planned in night.sequences if planned.type == "cal"][:CAL_SCANS]
    kept.sort(key=lambda planned: planned.seq)
    for planned in kept:
        for band in LETTERS:
            raw.write(night, planned, band, lambda frames: None)
    write_night_log(raw.root / night.name, [raw.row(night, planned) for planned in kept])
    return read_night(raw.root / night.name)


def copy_of(night, root):
    """The same night below another ``root``, with files that can be replaced (links); returns it."""
    folder = Path(root) / night.name
    folder.mkdir(parents=True)
    shutil.copytree(night.path.parent / "reference", Path(root) / "reference")
    shutil.copy2(night.path / "night.ecsv", folder)
    for path in night.path.glob("*.fits"):
        os.link(path, folder / path.name)
    return read_night(folder)


def copy_detectors(folder, other):
    """Darks, flats and bad pixels from the working folder of a night to an ``other`` of the same night."""
    for path in (*folder.glob("kept/detector_*"), *folder.glob("units/detector_*")):
        target = other / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
