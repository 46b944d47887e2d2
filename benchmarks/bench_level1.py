"""The Level 1 table of a simulated survey: thirteen overlapping tiles in two nights, from the raw reads to the release.

The second night begins with the tile that the first ended with; both have a visit to a calibration field before,
between and after their science scans. Prints the table with the figures from repeats and from the truth; writes
results/level1.json: every figure, and how many rows each step of the release left. The nights have a seed that no test
uses; they and what was reduced are kept in work/benchmark/survey, so that a second run only does what has changed.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.reduced import NIGHTS
from benchmarks.report import write_report
from processing.release import read_release
from processing.validate.command import report

ROOT = NIGHTS / "survey"
SKY = ["--ra", "130", "--dec", "20", "--scans", "7", "--nights", "2", "--seed", "20261122"]
"""At galactic latitude 32."""

FIGURE = ("item", "quantity", "band", "basis", "measured", "error", "unit", "objects", "threshold", "verdict",
          "tension", "agrees")  # fmt: skip


def main():
    seconds = {}
    if not (ROOT / "raw").exists():
        seconds["simulate"] = twomass("simulate", "--out", ROOT / "raw", *SKY)
    nights = sorted(path.parent for path in (ROOT / "raw").glob("*/night.ecsv"))
    seconds["reduce"] = twomass("reduce", *nights, "--out", ROOT / "work")
    seconds["release"] = twomass("release", ROOT / "work", "--out", ROOT / "release")
    seconds["validate"] = twomass("validate", ROOT / "release", "--truth", ROOT / "raw" / "truth")
    release = read_release(ROOT / "release")
    level1 = json.loads((release.path / "level1.json").read_text())
    print("\n".join(report(level1)))
    write_report("level1", {
        "requirements": [{key: one[key] for key in ("item", "requirement", "verdict")}
                         for one in level1["requirements"]],
        "figures": [{key: row[key] for key in FIGURE} for row in level1["figures"]], "caveats": level1["caveats"],
        "rows": release.rows, "rows_by_step": release.rows_by_step, "seconds": seconds,
    })


def twomass(*words):
    """Run the command; returns seconds."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "processing.cli", *map(str, words)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[1])
    return round(time.perf_counter() - begin)


if __name__ == "__main__":
    main()
