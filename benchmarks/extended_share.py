"""What looking for extended sources adds to the time of a scan: from the records of its units of work."""

import json
from pathlib import Path

from benchmarks.reduced import NIGHTS, again, reduce, science
from benchmarks.scenes import SCENES, make

SCENE = "typical"
"""A scan of 8,000 points."""


def share_of_a_scan():
    """Seconds of the units of a science scan and the part of extended sources, printed; one worker, so that nothing
    else runs beside."""
    root, work = NIGHTS / SCENE, NIGHTS / "work" / SCENE
    night = make(SCENES[SCENE], root)
    seq = science(night).seq
    if not (work / night.name / "calibration.json").exists():
        reduce(night, work)
    again(night, work, seq, 1)
    seconds = {path.stem: json.loads(path.read_text())["seconds"]
               for path in sorted(Path(work / night.name / "units").glob(f"*_{seq:03d}*.json"))}  # fmt: skip
    extended = seconds.pop(f"extended_{seq:03d}")
    points = sum(seconds.values())
    print(f"\na scan on one core: {points:.0f} s for point sources, {extended:.0f} s for extended ones: "
          f"{extended / points:.2f} of that (wanted: at most 0.5)")  # fmt: skip
    return {"units": seconds, "extended": extended, "share": extended / points}
