"""What the reduction of raw nights achieves: five simulated nights through ``twomass reduce``, judged by their truth.

Prints the table of accuracy and speed, wanted and measured, with the number of stars behind each figure; writes
results/reduce.json. The nights have seeds that no test uses; they are made once and kept in work/benchmark. The
reduction calibrates, learns the PSF and finds positions by itself; bounds are those of Cramer and Rao from the truth,
for all apparitions together (processing.simulate.frame_bound). Names of scenes as arguments: only these.
"""

import shutil
import sys
import time

from benchmarks import accuracy, speed
from benchmarks.answers import answers
from benchmarks.judge import match
from benchmarks.reduced import NIGHTS, measured, points, reduce, science, status
from benchmarks.report import write_report
from benchmarks.scenes import SCENES, make
from processing.formats.raw_night import LETTERS


def main(names=tuple(SCENES)):
    begin, scenes = time.perf_counter(), {}
    for name in names:
        scenes[name] = judged(name)
        print(f"{name}: {time.perf_counter() - begin:.0f} s", flush=True)
    rows = accuracy.table(scenes) + speed.table(scenes)
    print("\n".join([*accuracy.HEAD, *(row.line() for row in rows)]))
    figures = {"table": [row.record() for row in rows], "scenes": accuracy.details(scenes),
               "seconds": round(time.perf_counter() - begin)}  # fmt: skip
    write_report("reduce" if set(names) == set(SCENES) else "reduce_" + "_".join(names), figures)


def judged(name):
    """A benchmark scene made, reduced and matched with its truth: Judged."""
    root, work = NIGHTS / name, NIGHTS / "work"
    night = make(SCENES[name], root)
    row = science(night)
    known = answers(root, night.name, row.seq, row.tile)
    shutil.rmtree(work / name, ignore_errors=True)
    seconds = reduce(night, work / name)
    columns = points(work / name, night, row.seq)
    found = {band: match(measured(columns, band, known[band].centre), known[band]) for band in LETTERS}
    return accuracy.Judged(name, night, work / name, row, found, seconds, status(work / name / night.name))


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or tuple(SCENES))
