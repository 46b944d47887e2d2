"""What looking for extended sources adds to the time of a scan: from the records of its units of work."""

from benchmarks.reduced import NIGHTS, again, reduce, science
from benchmarks.scenes import SCENES, make

SCENE = "typical"
"""A scan of 8,000 points."""


def share_of_a_scan():
    """Seconds of a science scan and the part of extended sources, printed; one core, so that nothing runs beside."""
    root, work = NIGHTS / SCENE, NIGHTS / "work" / SCENE
    night = make(SCENES[SCENE], root)
    seq = science(night).seq
    if not (work / night.name / "calibration.json").exists():
        reduce(night, work)
    scan = again(night, work, seq, 1)
    share = scan.extended / scan.points
    print(f"\na scan on one core: {scan.points:.0f} s for point sources, {scan.extended:.0f} s for extended ones: "
          f"{share:.2f} of that (wanted: at most 0.5)")  # fmt: skip
    return {"points": scan.points, "extended": scan.extended, "share": share}
