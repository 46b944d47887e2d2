"""A night of two overlapping scans with very bright stars in them, in one of them alone, and beside both."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from astropy.table import Table

from processing.formats.raw_night import LETTERS
from processing.formats.raw_writer import write_night_log
from processing.simulate.night_plan import Settings, plan, tile_ra
from processing.simulate.nights import RawSurvey
from processing.simulate.sky import Sky

SETTINGS = Settings(280.0, 30.0, scans=2, seed=4711, frames=60, cal_frames=24, still_frames=12, density=0.5, real=False)
CAL_SCANS = 4

BOTH = ((-150, -1500, 0.0), (100, -1000, 2.0), (-60, -500, 4.0), (140, -100, 5.0), (-180, 250, 6.0), (40, 600, 7.0),
        (-120, 900, 1.0), (120, 1300, 3.0), (-40, 1700, 6.0))  # fmt: skip
"""Stars in the first tile: arcsec east and north of its middle, Ks."""

WEST = ((20, -700, 1.0), (80, 50, 2.0), (20, 400, 4.0), (150, 1100, 0.0), (12, 1500, 6.0), (40, -1300, -2.0))
"""In the first tile, arcsec west of the second's edge."""

EAST = ((15, -300, 3.0), (60, 700, 1.5), (120, -1750, -1.0))
"""In the second tile, arcsec east of the first's edge."""

OUTSIDE = ((60, -900, 0.0), (25, 150, 3.0))
"""In neither, arcsec west of the first tile."""

HALF = 256.0
"""Of an array, arcsec."""


class BesideSurvey(RawSurvey):
    """A survey of a sky with these stars."""

    def sky(self, planned):
        sky = super().sky(planned)
        if planned.type != "sci":
            return sky
        added = bright_stars()
        near = np.abs(east_of(added["ra"].to_numpy(), planned.ra)) < 800.0
        return Sky(pa.concat_tables([sky.stars, added.filter(near).cast(sky.stars.schema)]), sky.galaxies, sky.real)


def east_of(ra, middle):
    """arcsec."""
    return (ra - middle) * 3600 * np.cos(np.radians(SETTINGS.dec))


def bright_stars():
    """The stars, a Table as Sky.stars."""
    first = tile_ra(SETTINGS, 0)
    step = east_of(tile_ra(SETTINGS, 1), first)
    rows = [*BOTH, *((step - HALF - away, north, ks) for away, north, ks in WEST),
            *((HALF + away, north, ks) for away, north, ks in EAST),
            *((-HALF - away, north, ks) for away, north, ks in OUTSIDE)]  # fmt: skip
    east, north, ks = np.array(rows, float).T
    jk, n = np.random.default_rng(3).uniform(0.2, 1.0, len(ks)), len(ks)
    ra = first + east / 3600 / np.cos(np.radians(SETTINGS.dec))
    return pa.table({"id": np.arange(n, dtype=np.int64), "ra": ra, "dec": SETTINGS.dec + north / 3600, "j": ks + jk,
                     "h": ks + 0.25 * jk, "k": ks, "vt": ks + 3 * jk, "real": np.zeros(n, bool),
                     "primary": pa.nulls(n, pa.int64())})  # fmt: skip


def make(folder):
    """Write the night below ``folder`` unless it is there, with the list of its stars (bright.ecsv); its folder."""
    raw = BesideSurvey(Path(folder), SETTINGS, plan(SETTINGS))
    night = raw.nights[0]
    if (raw.root / night.name / "night.ecsv").exists():
        return raw.root / night.name
    raw.begin()
    kept = [one for one in night.sequences if one.type != "cal"]
    kept += [one for one in night.sequences if one.type == "cal"][:CAL_SCANS]
    kept.sort(key=lambda one: one.seq)
    for planned in kept:
        for band in LETTERS:
            raw.write(night, planned, band, lambda frames: None)
    stars = bright_stars()
    columns = {"ra": stars["ra"], "dec": stars["dec"], **{f"{band}_m": stars[band] for band in LETTERS}}
    Table({name: values.to_numpy() for name, values in columns.items()}).write(raw.root / "bright.ecsv")
    write_night_log(raw.root / night.name, [raw.row(night, planned) for planned in kept])
    return raw.root / night.name
