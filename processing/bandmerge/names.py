"""What follows from a position alone: designation, galactic coordinates, the nearest neighbour."""

import string

import numpy as np

from processing import sphere


def designations(ra, dec):
    """Designations hhmmssss+ddmmsss, coordinates truncated (not rounded), equal ones told apart by A, B, ...

    Parameters
    ----------
    ra, dec : ndarray, deg
        Taken to the catalog's 1e-6 deg.

    Returns
    -------
    list of str
    """
    names = [designation(r, d) for r, d in zip(ra, dec)]
    count = {}
    for name in names:
        count[name] = count.get(name, 0) + 1
    letters = {name: iter(_suffixes()) for name, n in count.items() if n > 1}
    return [name + next(letters[name]) if name in letters else name for name in names]


def designation(ra, dec):
    """The 16 characters of one position (deg), in whole millionths of a degree so that 59.9999 stays 59.99."""
    ra_units, dec_units = round(float(ra) * 1_000_000) % 360_000_000, round(float(dec) * 1_000_000)
    hundredths = ra_units * 24 // 1000
    tenths = abs(dec_units) * 36 // 1000
    hours, minutes, seconds = _split(hundredths, 6000)
    degrees, arcmin, arcsec = _split(tenths, 600)
    sign = "-" if dec_units < 0 else "+"
    return f"{hours:02d}{minutes:02d}{seconds:04d}{sign}{degrees:02d}{arcmin:02d}{arcsec:03d}"


def galactic(ra, dec):
    """Galactic longitude and latitude, deg, to the catalog's 0.001 deg."""
    longitude, latitude = sphere.galactic(ra, dec)
    return np.mod(np.round(longitude, 3), 360.0), np.round(latitude, 3)


def nearest_neighbours(ra, dec):
    """Distance (arcsec) and position angle (deg, east of north) from each source to its nearest other, and which it is.

    Returns NaN, NaN, -1 for a source that is alone.
    """
    ra, dec = np.asarray(ra, float), np.asarray(dec, float)
    distance, other = sphere.nearest_others(ra, dec)
    angle = sphere.position_angle(ra, dec, ra[other], dec[other]) if len(ra) > 1 else np.full(len(ra), np.nan)
    return distance, angle, other


def _split(value, per_minute):
    """Whole units, sixtieths, and the rest in the smallest unit."""
    minutes, rest = divmod(value, per_minute)
    return minutes // 60, minutes % 60, rest


def _suffixes():
    yield from string.ascii_uppercase
    raise ValueError("more than 26 sources share one designation")
