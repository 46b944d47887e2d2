"""The simulated nights on which the reduction is judged: their skies, and how they are made once and kept.

    night = make(SCENES["mid"], folder)          # folder/<night>, folder/reference, folder/truth

No test uses these seeds.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from processing.formats.raw_night import LETTERS
from processing.formats.raw_writer import write_night_log
from processing.simulate.night_plan import Settings, plan
from processing.simulate.nights import RawSurvey
from processing.simulate.sky import Sky

BRIGHT_EVERY = 400.0
"""Arcsec along the scan from one star of Read 3 to the next."""

READ1_STARS = 8
"""Stars of Read 1 between two of them."""

GIANTS, READ3, READ1 = (-4.0, 0.0), (0.0, 4.0), (4.0, 9.0)
"""Ks of these stars; every GIANT_EVERY-th of Read 3 is a giant, whose halo fills a frame."""

GIANT_EVERY = 4

CLEAR, APART = 110.0, 30.0
"""Arcsec that a star of Read 1 keeps from one of Read 3, and from others like it."""


@dataclass(frozen=True)
class Scene:
    """A night: what simulate is asked for; ``bright``: whether very bright stars are added to the first tile."""

    settings: Settings
    bright: bool = False


SCENES = {
    "sparse": Scene(Settings(190.0, 33.0, seed=77101, cal_frames=24)),
    "mid": Scene(Settings(280.0, 30.0, seed=77102, cal_frames=24)),
    "typical": Scene(Settings(280.0, 30.0, seed=77105, density=0.5, cal_frames=24)),
    "crowded": Scene(Settings(290.0, 20.0, seed=77103, frames=60, density=1.8, cal_frames=24)),
    "bright": Scene(Settings(280.0, 28.0, seed=77104, frames=200, cal_frames=24), bright=True),
}
"""sparse: galactic latitude 80; mid: 15,000 rows in a scan; typical: the 8,000 for which speed is asked; crowded: 1e5
stars a square degree to J 16."""


class BrightSurvey(RawSurvey):
    """A survey of a sky with many very bright stars in its science tiles."""

    def sky(self, planned):
        sky = super().sky(planned)
        if planned.type != "sci":
            return sky
        added = bright_stars(planned, np.random.default_rng([self.settings.seed, 41]))
        return Sky(pa.concat_tables([sky.stars, added.cast(sky.stars.schema)]), sky.galaxies, sky.real)


def bright_stars(planned, rng):
    """Stars of READ3 along both sides of the tile in turn, stars of READ1 in between: a Table as Sky.stars."""
    length = planned.nframes * 82.4 - 400.0
    north = np.arange(-length / 2, length / 2, BRIGHT_EVERY)
    east = np.where(np.arange(len(north)) % 2, 120.0, -120.0) + rng.uniform(-60, 60, len(north))
    places = _between(east, north, rng)
    ks = np.r_[_read3(len(north), rng), rng.uniform(*READ1, len(places) - len(north))]
    jk = rng.uniform(0.2, 1.0, len(ks))
    h = ks + 0.25 * jk
    dec = planned.dec + places[:, 1] / 3600
    ra = (planned.ra + places[:, 0] / 3600 / np.cos(np.radians(dec))) % 360
    ids = np.arange(len(ks), dtype=np.int64)
    return pa.table({"id": ids, "ra": ra, "dec": dec, "j": ks + jk, "h": h, "k": ks, "vt": ks + 3 * jk,
                     "real": np.zeros(len(ks), bool), "primary": pa.nulls(len(ks), pa.int64())})  # fmt: skip


def _read3(count, rng):
    """Magnitudes spread evenly over READ3 and GIANTS, in random order."""
    giant = np.arange(count) % GIANT_EVERY == 1
    ks = np.empty(count)
    ks[giant], ks[~giant] = (rng.permutation(np.linspace(*ends, n)) for ends, n in (
        (GIANTS, giant.sum()), (READ3, (~giant).sum())))  # fmt: skip
    return ks


def _between(east, north, rng):
    """Places (n, 2) of the stars of READ3, then of those of READ1, arcsec east and north of the middle of the tile."""
    places = [np.array(pair) for pair in zip(east, north)]
    giants = np.array(places)
    for y in north:
        for _ in range(READ1_STARS):
            place = np.array([rng.uniform(-235, 235), y + rng.uniform(0, BRIGHT_EVERY)])
            clear = np.hypot(*(giants - place).T).min() > CLEAR
            if clear and np.hypot(*(np.array(places) - place).T).min() > APART:
                places.append(place)
    return np.array(places)


def make(scene, folder, progress=lambda frames: None):
    """Write the night of a Scene below ``folder`` unless it is there; returns its folder."""
    settings = replace(scene.settings, real=False)
    nights = plan(settings)
    raw = (BrightSurvey if scene.bright else RawSurvey)(Path(folder), settings, nights)
    night = nights[0]
    if (raw.root / night.name / "night.ecsv").exists():
        return raw.root / night.name
    raw.begin()
    for planned in night.sequences:
        for band in LETTERS:
            raw.write(night, planned, band, progress)
    write_night_log(raw.root / night.name, [raw.row(night, planned) for planned in night.sequences])
    return raw.root / night.name
