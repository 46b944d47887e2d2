"""What a simulated telescope does in its nights: sequences with their times, tiles and directions.

Each night begins two hours before the middle of the night with darks, twilight-like flats and a calibration field, goes
on with science scans of neighbouring tiles in alternating direction, visits a calibration field after every six of
them, and ends with one. Nothing in it depends on what comes later, so a longer night begins like a shorter one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from processing.config import survey
from processing.errors import SurveyError
from processing.simulate.observation import CTIO, HOPKINS, NORTHERN_FROM, sidereal

BEFORE_MIDNIGHT = timedelta(hours=2)
PAUSE = 20.0
"""Seconds between sequences: moving to the next and settling."""

STILLS = ("dark", "dark", "flat", "flat")
FIELD_SCANS = 6
FIELD_HOURS = 2.0
"""Calibration fields lie every two hours of right ascension (survey: 35 fields near -30, 0, +30)."""

FIELD_DECS = {"n": (30, 0), "s": (-30, 0)}
HIGH, LOW = 1.0, 1.5
"""Airmass of the calibration fields that are looked for in turn."""

LARGEST_AIRMASS = 2.5
LARGEST_DEC = 80.0


@dataclass(frozen=True)
class Settings:
    """What is asked for: ``scans`` science scans in each of ``nights`` nights, of ``frames`` frames each.

    ``ra``, ``dec``: middle of the first tile, deg; ``cal_frames``, ``still_frames``: frames of calibration scans, darks
    and flats; ``limit``: Ks of the faintest sources; ``density``: factor on the number of stars; ``real``: whether the
    bright stars are Tycho-2's (None: if installed); ``seeing``: arcsec; ``compress``: Rice.
    """

    ra: float
    dec: float
    scans: int = 1
    nights: int = 1
    seed: int = 1
    frames: int = 273
    cal_frames: int = 48
    still_frames: int = 24
    limit: float = 17.0
    density: float = 1.0
    real: bool | None = None
    seeing: float | None = None
    compress: bool = False


@dataclass(frozen=True)
class Planned:
    """A sequence to come: as in the night's log, with the middle of its track (``ra``, ``dec``, deg; NaN for stills).

    ``start`` is a datetime (UTC), ``begin`` the same in seconds from the night's midnight.
    """

    seq: int
    type: str
    tile: str
    direction: str
    start: datetime
    begin: float
    ra: float
    dec: float
    nframes: int


@dataclass(frozen=True)
class PlannedNight:
    """One night: its number from 0, its name, its site, local midnight (UTC) and its sequences."""

    number: int
    name: str
    site: object
    midnight: datetime
    sequences: tuple


def plan(settings):
    """The PlannedNights of a survey; SurveyError when its sky cannot be observed."""
    reach = abs(settings.dec) + settings.frames * survey().simulate.frame_step / 7200
    if reach > LARGEST_DEC:
        raise SurveyError(f"scans: expected declinations up to {LARGEST_DEC:.0f} deg, found {reach:.1f}")
    return [_night(settings, number) for number in range(settings.nights)]


def _night(settings, number):
    site = HOPKINS if settings.dec > NORTHERN_FROM else CTIO
    midnight = _midnight(settings.ra, site) + timedelta(days=number)
    clock = _Clock(midnight)
    for kind in STILLS:
        clock.add(kind, "", "-", np.nan, np.nan, settings.still_frames)
    visits = 0
    first = number * max(settings.scans - 1, 0)
    for k in range(settings.scans):
        if k % survey().simulated_night.visit_scans == 0:
            _visit(clock, visits, site, settings.cal_frames)
            visits += 1
        ra = tile_ra(settings, first + k)
        _check_airmass(clock.now, ra, settings.dec, site, k)
        clock.add("sci", tile_name(ra, settings.dec), "ns"[k % 2], ra, settings.dec, settings.frames)
    _visit(clock, visits, site, settings.cal_frames)
    return PlannedNight(number, f"{midnight:%y%m%d}{site.hemisphere}", site, midnight, tuple(clock.sequences))


class _Clock:
    """Adds sequence after sequence to a night."""

    def __init__(self, midnight):
        self.midnight, self.now, self.sequences = midnight, midnight - BEFORE_MIDNIGHT, []

    def add(self, kind, tile, direction, ra, dec, nframes):
        begin = (self.now - self.midnight).total_seconds()
        seq = len(self.sequences) + 1
        self.sequences.append(Planned(seq, kind, tile, direction, self.now, begin, ra, dec, nframes))
        seconds = nframes * survey().simulated_night.frame_period + PAUSE
        self.now += timedelta(milliseconds=round(1000 * seconds))


def _visit(clock, number, site, nframes):
    """Six scans over one calibration field, each a little further east, in alternating direction."""
    name, ra, dec = calibration_field(clock.now, site, (HIGH, LOW)[number % 2])
    step = survey().simulated_night.field_step / 3600 / np.cos(np.radians(dec))
    for k in range(FIELD_SCANS):
        clock.add("cal", name, "ns"[k % 2], (ra + k * step) % 360, float(dec), nframes)


def calibration_field(when, site, wanted):
    """Name, ra and dec of the field whose airmass is nearest ``wanted``."""
    fields = [(15 * FIELD_HOURS * n, dec) for n in range(12) for dec in FIELD_DECS[site.hemisphere]]
    apart = [abs(float(airmass([when], ra, dec, site)[0]) - wanted) for ra, dec in fields]
    ra, dec = fields[int(np.argmin(apart))]
    return f"cal{int(ra / 15):02d}{dec:+03d}", ra, dec


def _midnight(ra, site):
    """Local midnight (UTC) of the night of 1999 in which ``ra`` culminates about then."""
    day = ((ra / 15 - 6.68) % 24) * 365.25 / 24
    midnight = datetime(1999, 1, 1) + timedelta(days=int(day), hours=-site.longitude / 15)
    return midnight.replace(microsecond=0)


def tile_ra(settings, number):
    """Right ascension (deg) of the middle of tile ``number`` (from 0); the overlap is that near the equator."""
    half = settings.frames * survey().simulate.frame_step / 7200
    widest = max(abs(settings.dec) - half, 0.0)
    step = survey().instrument.frame_height - survey().simulated_night.overlap
    return float((settings.ra + number * step / 3600 / np.cos(np.radians(widest))) % 360)


def tile_name(ra, dec):
    """A number that tells tiles apart: the same for the same place, in whatever night."""
    return str(round((dec + 90) * 60) * 10000 + round(ra / 360 * 9999))


def _check_airmass(when, ra, dec, site, k):
    found = float(airmass([when], ra, dec, site)[0])
    if found > LARGEST_AIRMASS:
        raise SurveyError(
            f"scan {k + 1} of the night: expected an airmass of at most {LARGEST_AIRMASS} at dec {dec:+.1f}, "
            f"found {found:.1f}; ask for fewer scans or another position"
        )


def airmass(times, ra, dec, site):
    """Airmass at datetimes ``times`` towards ra, dec (deg, arrays or numbers); Kasten & Young 1989."""
    hours = np.array([sidereal(when, site) for when in times])
    lat, dec, angle = np.radians(site.latitude), np.radians(dec), np.radians(15 * hours - np.asarray(ra))
    sine = np.sin(lat) * np.sin(dec) + np.cos(lat) * np.cos(dec) * np.cos(angle)
    altitude = np.maximum(np.degrees(np.arcsin(sine)), 0.0)
    return 1 / (np.sin(np.radians(altitude)) + 0.50572 * (altitude + 6.07995) ** -1.6364)
