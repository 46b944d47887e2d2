"""The two telescopes, and where the sky stands above them."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

FIRST_DAY = date(1997, 3, 1)
"""Day number 1 of the survey (Explanatory Supplement II.4a)."""


@dataclass(frozen=True)
class Site:
    """One of the two telescopes, with what the headers of its scans say."""

    hemisphere: str
    name: str
    note: str
    latitude: float
    longitude: float
    frames: int
    settling: int
    lead: float
    """From the start of a scan to the centre of the first frame, arcsec (header IS_OFF1)."""
    trail: float
    """From the end of a scan to the centre of the last frame, arcsec (header IS_OFF2)."""
    beyond: float
    """How far outside its tile a scan starts, deg."""


HOPKINS = Site("n", "Hopkins", "Telescope +31.688/+110.885 lat/lon degs", 31.688, -110.885,
               frames=273, settling=50, lead=138.1, trail=98.6, beyond=0.0902)  # fmt: skip
CTIO = Site("s", "CTIO", "Telescope -30.165/+70.815 lat/lon degs", -30.165, -70.815,
            frames=274, settling=51, lead=365.37, trail=123.61, beyond=0.2956)  # fmt: skip
"""As the headers of the scans 980321n 106, and 990810s 49 and 981228s 83, have it."""


def sidereal(when, site):
    """Local mean sidereal time, hours (Astronomical Almanac; UT1 taken as UTC)."""
    days = (when - datetime(2000, 1, 1, 12)).total_seconds() / 86400
    return (18.697374558 + 24.06570982441908 * days + site.longitude / 15) % 24


def zenith_distance(when, ra, dec, site):
    """Zenith distance (deg) and hour angle (hours)."""
    hour_angle = (sidereal(when, site) - ra / 15 + 12) % 24 - 12
    lat, dec, angle = np.radians([site.latitude, dec, 15 * hour_angle])
    cosine = np.sin(lat) * np.sin(dec) + np.cos(lat) * np.cos(dec) * np.cos(angle)
    return float(np.degrees(np.arccos(cosine))), float(hour_angle)


def airmass(zenith):
    """Airmass at a zenith distance in deg (Kasten & Young 1989, finite at the horizon)."""
    altitude = max(90 - zenith, 0.0)
    return float(1 / (np.sin(np.radians(altitude)) + 0.50572 * (altitude + 6.07995) ** -1.6364))


def day_number(day):
    """Number of a day (date) of the survey; may be negative."""
    return (day - FIRST_DAY).days + 1
