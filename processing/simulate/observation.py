"""When and how a field was observed: a scan of a plausible night that passes over it, told with the survey's words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from processing.observatory import CTIO, HOPKINS, Site, day_number, sidereal

FRAME_SECONDS = 1.4855
"""From frame to frame: UT_EOS - UT_SOS over NUMFRMS of the scans 990810s 49 and 000127s 58."""

TILE_DEGREES = 6.0
NORTHERN_FROM = 12.0
"""Declination (deg) from which Mt Hopkins observes in this simulation; the survey's border was about there."""


@dataclass(frozen=True)
class Observation:
    """The scan in which a field was seen; angles in deg, times UTC."""

    site: Site
    start: datetime
    scan: int
    tile: int
    direction: str
    ra: float
    dec_start: float
    dec_end: float
    step: float
    frame: float
    """Number (from 0, with fraction) of the frame whose centre is the field's centre."""
    type: str = "sci"

    @property
    def coadd(self):
        """Number of the frame nearest the centre, from 1: the image's number."""
        return round(self.frame) + 1

    @property
    def middle(self):
        """When the field's centre was observed."""
        return self.start + timedelta(seconds=0.743 + self.frame * FRAME_SECONDS)

    @property
    def end(self):
        """When the last frame was taken."""
        return self.start + timedelta(seconds=self.site.frames * FRAME_SECONDS)

    @property
    def date(self):
        """The day that the night is called after."""
        return self.start.date()

    @property
    def day_number(self):
        """Survey day of the night."""
        return day_number(self.date)


def observation(ra, dec, seed, step):
    """A scan over the field at ra, dec (deg), stepping ``step`` arcsec: the same for the same seed.

    The night is one of 1999 in which the field culminates about local midnight, so UT, hour angle and airmass agree.
    """
    rng = np.random.default_rng([seed, 1])
    site = HOPKINS if dec > NORTHERN_FROM else CTIO
    edge = TILE_DEGREES * np.floor(dec / TILE_DEGREES)
    start = edge + TILE_DEGREES + site.beyond
    first = start - site.lead / 3600
    frame = (first - dec) * 3600 / step
    end = first - (site.frames - 1) * step / 3600 - site.trail / 3600
    scan, tile = int(rng.integers(20, 140)), int(rng.integers(1, 59651))
    return Observation(site, _transit(ra, site, rng), scan, tile, "s", ra, start, end, step, max(frame, 0.0))


def _transit(ra, site, rng):
    """UTC at which ``ra`` is within half an hour of the meridian, in the night when that is about midnight."""
    day = ((ra / 15 - 6.68) % 24) * 365.25 / 24
    midnight = datetime(1999, 1, 1) + timedelta(days=int(day), hours=-site.longitude / 15)
    late = (ra / 15 - sidereal(midnight, site) + 12) % 24 - 12 + rng.uniform(-0.4, 0.4)
    return (midnight + timedelta(hours=late / 1.0027379)).replace(microsecond=0)
