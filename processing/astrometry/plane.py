"""The tangent plane of a frame: directions as unit vectors, positions on the plane in arcsec east and north."""

import numpy as np

from processing.sphere import ARCSEC, unit_vectors


def basis(ra, dec):
    """East, north and outward unit vectors at ra, dec (deg): shape (..., 3, 3), one vector a row."""
    out = unit_vectors(ra, dec)
    a, d = np.radians(np.asarray(ra, float)), np.radians(np.asarray(dec, float))
    east = np.stack([-np.sin(a), np.cos(a), np.zeros_like(a)], axis=-1)
    north = np.stack([-np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)], axis=-1)
    return np.stack([east, north, out], axis=-2)


def to_plane(frame, direction):
    """xi, eta (arcsec) of ``direction`` (..., 3) on the plane of ``frame`` (..., 3, 3), gnomonic."""
    along = np.einsum("...ij,...j->...i", frame, direction)
    return ARCSEC * along[..., 0] / along[..., 2], ARCSEC * along[..., 1] / along[..., 2]


def from_plane(frame, xi, eta):
    """Unit vectors of the points xi, eta (arcsec) on the plane of ``frame``."""
    v = frame[..., 2, :] + (xi[..., None] * frame[..., 0, :] + eta[..., None] * frame[..., 1, :]) / ARCSEC
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def angles(direction):
    """ra (0 to 360), dec in deg of unit vectors."""
    x, y, z = np.moveaxis(direction, -1, 0)
    return np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))


def moved(ra, dec, east, north):
    """ra, dec (deg) shifted by arcsec."""
    return angles(from_plane(basis(ra, dec), np.asarray(east, float), np.asarray(north, float)))
