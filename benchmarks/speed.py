"""The figures of speed of a reduction: a PSF fit, Atlas images, a whole scan on one core and on two."""

import json
import time
from contextlib import contextmanager

import numpy as np

from benchmarks.accuracy import Row
from benchmarks.reduced import again
from benchmarks.report import RESULTS
from processing.atlas.frames import usable_frames
from processing.formats.raw_night import read_night
from processing.formats.raw_reference import read_astrometric
from processing.night.folder import NightFolder, read_detector
from processing.photometry.fit import Stars
from processing.photometry.scan import measure
from processing.night.steps import calibrate_scan, solve
from processing.simulate.bound import faint_star_bound

FIT = {"sparse": 25.0, "crowded": 50.0}
"""Microseconds wanted for each source and frame."""

SCAN = {"typical": (60, 40), "mid": (None, None)}
"""Seconds wanted for a scan on one core and on two; nothing is asked for one of twice as many sources."""

MOST_STEPS = 12


def table(scenes):
    """Rows of speed; the fits of ``mid`` and ``crowded``, a scan of ``typical`` and of ``mid``."""
    rows = []
    for name, kind in (("mid", "sparse"), ("crowded", "crowded")):
        if name in scenes:
            rows += fit_rows(scenes[name], kind)
    rows += atlas_rows()
    return rows + [row for name in SCAN if name in scenes for row in scan_rows(scenes[name], SCAN[name])]


def fit_rows(scene, kind, band="j"):
    """Processor time of the PSF fit of one band for each source in each frame that sees it: once from wrong fluxes and
    places to where it stays, and all fits together that the photometry of the band makes."""
    place = NightFolder(scene.night.resolve(), scene.work.resolve() / scene.night.name)
    scan = calibrate_scan(read_night(scene.night), scene.row.seq, {band: read_detector(place.detector(band))})
    solution = solve(scan, read_astrometric(scene.night.parent))
    frames = scan.frames[band]
    usable = {band: usable_frames(frames.image, frames.flaws, solution, band)}
    watch = Stopwatch()
    with watch.watching(measure, "fitted"):
        measure.measure_scan(scan, solution, usable)
    last = watch.results[-1]
    steps, seconds = converge(last, band)
    count, number = len(last.places.star), len(last.stars)
    once, all_rounds = 1e6 * seconds / count, 1e6 * watch.seconds / count
    return [
        Row(f"PSF fit, converged, a source and frame, {kind}", f"<= {FIT[kind]:.0f} us",
            f"{once:.1f} us, {steps} steps", number, once <= FIT[kind]),
        Row("... all fits of the photometry of a band", "", f"{all_rounds:.1f} us, {len(watch.results)} fits", number,
            True),
    ]  # fmt: skip


def converge(model, band, seed=1):
    """Steps and processor seconds until the fit of a Model, begun with wrong fluxes (10 %) and places (0.2 arcsec),
    changes hardly any flux by a tenth of its error."""
    rng, stars = np.random.default_rng(seed), model.stars
    off = [getattr(stars, name) + rng.normal(0, 0.2, len(stars)) for name in ("x", "y")]
    model = model.with_stars(Stars(*off, stars.flux * rng.normal(1, 0.1, len(stars))))
    enough, begin = 0.1 * faint_star_bound(band).flux, time.process_time()
    for step in range(1, MOST_STEPS + 1):
        before, model = model.stars.flux, measure.fitted(model, 1)
        if np.percentile(np.abs(model.stars.flux - before), 99) < enough:
            break
    return step, time.process_time() - begin


class Stopwatch:
    """Adds up the processor time that a function takes, and keeps what it returns."""

    def __init__(self):
        self.seconds, self.results = 0.0, []

    @contextmanager
    def watching(self, module, name):
        """Time all calls of ``module.name`` within."""
        function = getattr(module, name)

        def timed(*args, **settings):
            begin = time.process_time()
            result = function(*args, **settings)
            self.seconds += time.process_time() - begin
            self.results.append(result)
            return result

        setattr(module, name, timed)
        try:
            yield self
        finally:
            setattr(module, name, function)


def atlas_rows():
    """What bench_coadd measured last."""
    path = RESULTS / "coadd.json"
    if not path.exists():
        return []
    found = json.loads(path.read_text())["pixels_per_cpu_second"] / 1e6
    return [Row("Atlas images, one core (bench_coadd)", ">= 20 Mpixel/s", f"{found:.0f} Mpixel/s", 0, found >= 20)]


def scan_rows(scene, wanted):
    """The science scan once more on one core and on two, with the darks, flats and zero points that are there.

    ``wanted``: seconds for each, or None; they are asked of the units for point sources.
    """
    rows = []
    for cores, limit, word in zip((1, 2), wanted, ("one core", "two")):
        scan = again(scene.night, scene.work, scene.row.seq, cores)
        text = f"{scan.points:.0f} s; with extended sources {scan.points + scan.extended:.0f} s"
        rows.append(Row(f"three-band scan, {scan.row['rows']} sources, {scene.row.nframes} frames, {word}",
                        f"<= {limit} s" if limit else "", text, 0, not limit or scan.points <= limit))  # fmt: skip
    memory = max(row["memory"] for row in scene.status.values())
    rows.append(Row("memory of a worker", "< 3 GB", f"{memory:.2f} GB", 0, memory < 3))
    return rows
