"""How fast frames become Atlas Images: input pixels a second on one core, of a whole scan in one band.

Usable frames in, images with coverage and noise out: places of the frames on the grids, levelling, resampling and
averaging are in the figure; bad pixels, transients and the writing of files are not, and have figures of their own.
"""

import time

import numpy as np

from benchmarks.report import write_report
from processing.atlas.coadd import coadd
from processing.atlas.frames import usable_frames
from processing.atlas.grid import scan_grids
from processing.atlas.tests.known_scan import noise_frames, straight, true_solution

FRAMES, ROUNDS = 273, 3
WANTED = 20e6


def main():
    solution = true_solution(straight(FRAMES, dec=10.0))
    image = noise_frames(FRAMES, level=368.0)
    flaws = (np.random.default_rng(1).uniform(size=image.shape[1:]) < 0.005).astype(np.uint8)
    flaws = np.broadcast_to(flaws, image.shape)
    usable_frames(image[:3], flaws[:3], solution_of(3), "j")
    prepare, frames = _measured(lambda: usable_frames(image, flaws, solution, "j"), time.perf_counter)
    grids = scan_grids(solution)
    coadd(frames, solution, "j", grids[-1])    # compiles
    clocks = time.perf_counter, time.process_time
    wall, cpu = (min(_measured(lambda: [coadd(frames, solution, "j", grid) for grid in grids], clock)[0]
                     for _ in range(ROUNDS)) for clock in clocks)  # fmt: skip
    print(f"coadd      {image.size / cpu / 1e6:6.1f} million input pixels/s of processor time, "
          f"{image.size / wall / 1e6:.1f} of elapsed time (wanted {WANTED / 1e6:.0f}); "
          f"{len(grids)} images of {FRAMES} frames in {cpu:.2f} s")
    print(f"prepare    {image.size / prepare / 1e6:6.1f} million input pixels/s: bad pixels, noise, transients")
    write_report("coadd", {"frames": FRAMES, "images": len(grids), "pixels_per_cpu_second": image.size / cpu,
                           "pixels_per_second": image.size / wall, "wanted": WANTED,
                           "pixels_per_second_prepare": image.size / prepare})  # fmt: skip


def solution_of(n):
    """A Solution of so many frames."""
    return true_solution(straight(n, dec=10.0))


def _measured(action, clock):
    begin = clock()
    result = action()
    return clock() - begin, result


if __name__ == "__main__":
    main()
