"""Directions on the sky as unit vectors, the angles between them, and who is nearest to whom."""

import numpy as np
from scipy.spatial import cKDTree

ARCSEC = np.degrees(1.0) * 3600.0
"""Arcseconds in a radian."""


def unit_vectors(ra, dec):
    """Unit vectors, shape (n, 3), of directions ``ra``, ``dec`` (degrees)."""
    ra, dec = np.radians(np.asarray(ra, float)), np.radians(np.asarray(dec, float))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def directions(vectors):
    """ra (0-360), dec, degrees, of vectors, shape (n, 3), of any length."""
    x, y, z = np.moveaxis(np.asarray(vectors, float), -1, 0)
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


def chord(arcsec):
    """Distance of the tips of two unit vectors that are ``arcsec`` apart."""
    return 2.0 * np.sin(np.asarray(arcsec) / ARCSEC / 2.0)


def arc(chords):
    """Angle (arcsec) between unit vectors whose tips are ``chords`` apart."""
    return 2.0 * np.arcsin(np.clip(np.asarray(chords) / 2.0, 0.0, 1.0)) * ARCSEC


def separation(ra, dec, other_ra, other_dec):
    """Angle (arcsec) between each position and the other (all degrees)."""
    return arc(np.linalg.norm(unit_vectors(ra, dec) - unit_vectors(other_ra, other_dec), axis=-1))


def position_angle(ra, dec, other_ra, other_dec):
    """Direction (degrees, 0-360, from north through east) from each position to the other (all degrees)."""
    ra, dec, other_ra, other_dec = (np.radians(np.asarray(angle, float)) for angle in (ra, dec, other_ra, other_dec))
    east = np.cos(other_dec) * np.sin(other_ra - ra)
    north = np.cos(dec) * np.sin(other_dec) - np.sin(dec) * np.cos(other_dec) * np.cos(other_ra - ra)
    return np.degrees(np.arctan2(east, north)) % 360.0


def galactic(ra, dec):
    """Galactic longitude and latitude (degrees) of ICRS directions (degrees)."""
    from astropy.coordinates import SkyCoord

    place = SkyCoord(ra, dec, unit="deg").galactic
    return place.l.deg, place.b.deg


def nearest_others(ra, dec):
    """Distance (arcsec) to and index of each position's nearest other one; NaN and -1 for a position that is alone.

    Of two at the same place each is the other's neighbour. ``ra``, ``dec`` in degrees, shape (n,).
    """
    n = len(ra)
    if n < 2:
        return np.full(n, np.nan), np.full(n, -1)
    chords, rows = cKDTree(unit_vectors(ra, dec)).query(unit_vectors(ra, dec), k=2)
    itself = np.arange(n)
    second = np.where(rows[:, 0] == itself, 1, 0)
    return arc(chords[itself, second]), rows[itself, second]
