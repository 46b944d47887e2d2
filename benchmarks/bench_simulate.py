"""How long a full scan of 273 frames in three bands takes to simulate, sky to files, and how much memory.

Prints seconds a scan and frames a second; writes results/simulate.json. A sparse and a denser field, two threads.
"""

import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.report import write_report
from processing.simulate.night_plan import Settings, plan
from processing.simulate.nights import LETTERS, RawSurvey
from processing.simulate.truth import write_sky

FIELDS = {"galactic latitude 80": (190.0, 33.0), "galactic latitude 7": (290.0, 30.0)}
SEED = 90210


def main():
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        warm_up(Path(folder) / "warm")
        for name, (ra, dec) in FIELDS.items():
            figures[name] = one_scan(Path(folder) / name.replace(" ", "_"), Settings(ra, dec, seed=SEED))
            print(name, figures[name])
    figures["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print("memory", figures["memory_mb"], "MB")
    write_report("simulate", figures)


def warm_up(folder):
    """Compile."""
    one_scan(folder, Settings(190.0, 33.0, frames=12, cal_frames=12, still_frames=12, limit=12.0))


def one_scan(folder, settings):
    """Seconds for the sky and for the three files of the first science scan."""
    nights = plan(settings)
    raw = RawSurvey(folder, settings, nights)
    science = next(planned for planned in nights[0].sequences if planned.type == "sci")
    begin = time.perf_counter()
    write_sky(raw.truth / science.tile, lambda: raw.sky(science))
    sky = time.perf_counter() - begin
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda band: raw.write(nights[0], science, band, lambda frames: None), LETTERS))
    seconds = time.perf_counter() - begin
    stars = len(raw.stars(science.tile, ("id",))["id"])
    return {"stars": stars, "sky_s": round(sky, 1), "scan_s": round(seconds, 1), "frames": 3 * science.nframes}


if __name__ == "__main__":
    main()
