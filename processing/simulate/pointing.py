"""Where the telescope looks in each frame of a sequence, and where it says that it looks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from processing.config import survey
from processing.simulate.night_plan import airmass
from processing.simulate.weather import drift

MJD_ZERO = datetime(1858, 11, 17)
LARGEST_CONSTANT = 4.5
"""Arcsec, each axis; the raw night format promises about 5."""

WANDER_FRAMES = 120
"""Frames over which the reported position wanders."""


@dataclass(frozen=True)
class Track:
    """Frame by frame: ``seconds`` from midnight to the middle between the reads, ``mjd`` the same, ``ra``, ``dec`` of
    the camera axis (deg), ``reported_ra``, ``reported_dec``, ``airmass``. NaN positions for darks and flats."""

    seconds: np.ndarray
    mjd: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    reported_ra: np.ndarray
    reported_dec: np.ndarray
    airmass: np.ndarray

    def frames(self):
        """The columns of FRAMES."""
        frame = np.arange(1, len(self.mjd) + 1, dtype=np.int32)
        reported = {"ra": self.reported_ra, "dec": self.reported_dec}
        return {"frame": frame, "mjd": self.mjd, **reported, "airmass": self.airmass}


def track(seed, night, planned):
    """The Track of a planned sequence of the PlannedNight ``night``."""
    exposure, n = survey().detector, planned.nframes
    offsets = np.arange(n) * survey().simulated_night.frame_period + (exposure.read1 + exposure.read2) / 2
    mjd = (planned.start - MJD_ZERO).total_seconds() / 86400 + offsets / 86400
    if planned.direction == "-":
        return Track(planned.begin + offsets, mjd, *np.full((5, n), np.nan))
    rng = np.random.default_rng([seed, 26, night.number, planned.seq])
    ra, dec = _true(rng, planned)
    reported = _reported(rng, ra, dec)
    times = [planned.start + timedelta(seconds=float(s)) for s in offsets]
    return Track(planned.begin + offsets, mjd, ra, dec, *reported, airmass(times, ra, dec, night.site))


def _true(rng, planned):
    """Steps along a meridian, with a slow wander about it."""
    settings, n = survey().simulated_night, planned.nframes
    along = (np.arange(n) - (n - 1) / 2) * survey().simulate.frame_step * (1 if planned.direction == "n" else -1)
    dec = planned.dec + (along + rng.normal(0, settings.step_jitter, n)) / 3600
    east = np.clip(drift(rng, settings.track, WANDER_FRAMES)(np.arange(n)), -2, 2)
    return (planned.ra + east / 3600 / np.cos(np.radians(dec))) % 360, dec


def _reported(rng, ra, dec):
    settings, n = survey().simulated_night, len(ra)
    constant = np.clip(rng.normal(0, settings.pointing_constant, (2, 1)), -LARGEST_CONSTANT, LARGEST_CONSTANT)
    wander = np.array([drift(rng, settings.pointing_wander, WANDER_FRAMES)(np.arange(n)) for _ in "xy"])
    east, north = (constant + wander + rng.normal(0, settings.pointing_jitter, (2, n))) / 3600
    return (ra + east / np.cos(np.radians(dec))) % 360, dec + north
