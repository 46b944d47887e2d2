"""Writes raw nights with the truth beside them; what is finished stays, so an interrupted run goes on where it was.

Each file comes from a seed of its own (survey, night, sequence, band): the same whichever others are written, in
whatever order and by how many threads. A night's log is written last: a night without one is not finished.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from threading import Event, Lock

import numpy as np
import pyarrow.parquet as pq

from processing import __version__
from processing.config import survey
from processing.errors import SurveyError
from processing.formats.raw_night import LETTERS, Sequence
from processing.formats.raw_reference import STANDARDS_FILE, write_astrometric, write_standards
from processing.formats.raw_writer import write_night_log, write_raw_file
from processing.simulate import tycho
from processing.simulate.detector import detector
from processing.simulate.exposure import core_width, expose
from processing.simulate.galaxy_parts import PARTS
from processing.simulate.night_plan import plan
from processing.simulate.optics import optics, tangent
from processing.simulate.pointing import track
from processing.simulate.references import astrometric, standards
from processing.simulate.scene import View
from processing.simulate.sky import around, sky_patch
from processing.simulate.truth import write_detector, write_json, write_night, write_sky, write_table
from processing.simulate.weather import weather

MARGIN = 240.0
"""Sources are drawn to this many arcsec outside what the frames see, for their wings."""

STAR_COLUMNS = ("id", "ra", "dec", "j", "h", "k", "vt")
GALAXY_COLUMNS = ("ra", "dec", "j", "h", "k", "reff", "sersic", "axis_ratio", "angle", *PARTS)
WORKERS = 2


def simulate_nights(out, settings, progress=lambda frames, total: None, workers=WORKERS):
    """Write ``settings`` (night_plan.Settings) below ``out``; returns the PlannedNights.

    ``progress`` is called with the frames just done (a file that is there counts at once) and the frames of all.
    SurveyError when ``out`` holds anything but the same simulation.
    """
    nights = plan(settings)
    raw = RawSurvey(Path(out), settings, nights)
    raw.begin()
    jobs = [(night, planned, band) for night in nights for planned in night.sequences for band in LETTERS]
    total = sum(planned.nframes for _, planned, _ in jobs)
    lock, stopped = Lock(), Event()

    def done(frames):
        if stopped.is_set():
            raise SurveyError("stopped")
        with lock:
            progress(frames, total)

    with ThreadPoolExecutor(workers) as pool:
        try:
            for result in [pool.submit(raw.write, *job, done) for job in jobs]:
                result.result()
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise
    for night in nights:
        write_night_log(raw.root / night.name, [raw.row(night, planned) for planned in night.sequences])
    return nights


class RawSurvey:
    """The files of one simulated survey."""

    def __init__(self, root, settings, nights):
        self.root, self.settings, self.nights = root, settings, nights
        self.truth = root / "truth"
        self.core = core_width(settings.seeing)

    def begin(self):
        """Refuse another simulation's folder; write sky, reference catalogs and what is constant."""
        self._same_simulation()
        for leftover in self.root.rglob(".*.partial-*"):
            if not Path("/proc", leftover.name.rpartition("-")[2]).exists():
                leftover.unlink()
        for tile, planned in self.targets.items():
            write_sky(self.truth / tile, lambda: self.sky(planned), self.settings.seeing)
        if not (self.root / "reference" / STANDARDS_FILE).exists():
            self._references()
        for night in self.nights:
            write_night(self.truth, night, self.settings.seed, self.core)
        for hemisphere in {night.site.hemisphere for night in self.nights}:
            for band in LETTERS:
                write_detector(self.truth, hemisphere, band, detector(self.settings.seed, hemisphere, band))

    def _same_simulation(self):
        record, file = {"version": __version__, "stage": "simulate", "settings": self._known()}, "simulation.json"
        if not (self.truth / file).exists():
            if self.root.exists() and (not self.root.is_dir() or any(self.root.iterdir())):
                expected = "expected a new or empty folder or the same simulation"
                raise SurveyError(f"{self.root}: {expected}, found something else")
            write_json(self.truth / file, record)
            return
        before = json.loads((self.truth / file).read_text())
        if before.get("settings") != record["settings"] or before.get("version") != __version__:
            differ = [k for k, v in record["settings"].items() if before.get("settings", {}).get(k) != v] or ["version"]
            what = ", ".join(differ)
            raise SurveyError(f"{self.root}: holds a simulation with another {what}; choose another folder")

    def _known(self):
        real = tycho.available() if self.settings.real is None else self.settings.real
        return {**asdict(self.settings), "real": real, "seeing": self.settings.seeing or survey().simulate.seeing}

    @cached_property
    def targets(self):
        """The first planned sequence of each tile and field, by name."""
        found = {}
        for night in self.nights:
            for planned in night.sequences:
                if planned.tile:
                    found.setdefault(planned.tile, planned)
        return found

    def sky(self, planned):
        """What is on and around the tile or field of a planned sequence."""
        s, camera = self.settings, survey()
        step = 5 * camera.simulated_night.field_step if planned.type == "cal" else 0.0
        height = planned.nframes * camera.simulate.frame_step + camera.instrument.frame_height
        width = camera.instrument.frame_height + step
        ra = planned.ra + step / 2 / 3600 / np.cos(np.radians(planned.dec))
        patch = around(ra, planned.dec, (width + 2 * MARGIN) / 3600, (height + 2 * MARGIN) / 3600)
        return sky_patch(patch, s.limit, s.seed, s.density, s.real)

    def stars(self, tile, columns=STAR_COLUMNS):
        """Columns of the stars of a tile as arrays."""
        return _columns(self.truth / tile / "stars.parquet", columns)

    def _references(self):
        everywhere = [self.stars(tile) for tile in self.targets]
        stars = {name: np.concatenate([s[name] for s in everywhere]) for name in STAR_COLUMNS}
        write_astrometric(self.root, astrometric(stars, self.settings.seed))
        fields = [self._standards(tile) for tile, planned in self.targets.items() if planned.type == "cal"]
        write_standards(self.root, {name: np.concatenate([f[name] for f in fields]) for name in fields[0]})

    def _standards(self, tile):
        """Of the part of the field that every scan sees completely."""
        planned, stars, camera = self.targets[tile], self.stars(tile), survey()
        step = 5 * camera.simulated_night.field_step
        xi, eta = tangent(stars["ra"], stars["dec"], planned.ra, planned.dec)
        half = camera.instrument.frame_height / 2 - 25
        length = planned.nframes * camera.simulate.frame_step / 2 - half
        inside = (xi > step - half) & (xi < half) & (np.abs(eta) < max(length, 60.0))
        return standards(tile, stars, inside, self.settings.seed)

    def row(self, night, planned):
        """The row of the log."""
        frames = track(self.settings.seed, night, planned).frames()
        first = [float(frames[name][0]) for name in ("ra", "dec", "airmass")]
        start = planned.start.isoformat(timespec="milliseconds")
        return Sequence(planned.seq, planned.type, planned.tile, planned.direction, start, *first, planned.nframes)

    def write(self, night, planned, band, done):
        """Write one file with its truth unless it is there."""
        row, folder, seed = self.row(night, planned), self.root / night.name, self.settings.seed
        if (folder / row.file_name(band)).exists():
            done(planned.nframes)
            return
        array = detector(seed, night.site.hemisphere, band)
        view = View(optics(seed, night.number, band), weather(seed, night.number, band), array, self.core)
        path = track(seed, night, planned)
        rng = np.random.default_rng([seed, 27, night.number, planned.seq, LETTERS.index(band)])
        reads, truth, rays = expose(view, planned, path, self._sources(planned.tile, band), rng, lambda: done(1))
        stem = row.file_name(band).removesuffix(".fits")
        write_table(self.truth / night.name / f"{stem}.parquet", truth)
        write_table(self.truth / night.name / f"{stem}_rays.parquet", rays)
        where = folder, row, band, night.site.hemisphere
        write_raw_file(*where, reads, path.frames(), array.numbers, self.settings.compress)

    def _sources(self, tile, band):
        if not tile:
            return None
        galaxies = _columns(self.truth / tile / "galaxies.parquet", GALAXY_COLUMNS)
        return self.stars(tile, ("ra", "dec", band)), galaxies


def _columns(path, names):
    """Of the columns ``names`` those that are there."""
    table = pq.read_table(path)
    return {name: table[name].to_numpy() for name in names if name in table.column_names}
