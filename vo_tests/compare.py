"""Rows of a service against rows of the release's files, by value."""

import numpy as np


def rows_by(key, table, names):
    """The rows of an astropy Table or a pyarrow Table: key to a dict of plain values, None for null."""
    if hasattr(table, "to_pylist"):
        return {row[key]: {name: row[name] for name in names} for row in table.to_pylist()}
    return {_plain(row[key]): {name: _plain(row[name]) for name in names} for row in table}


def _plain(value):
    """None for anything masked, NaN or blank (a VOTable has no other null for text); else a plain Python value."""
    if value is np.ma.masked:
        return None
    if isinstance(value, bytes):
        value = value.decode()
    value = getattr(value, "item", lambda: value)()
    if isinstance(value, float) and np.isnan(value):
        return None
    return None if isinstance(value, str) and not value.strip() else value


def within(points, ra, dec, radius):
    """The rows of a pyarrow Table of point sources within ``radius`` (all in degrees) of a place."""
    longitude, latitude = np.radians(points["ra"].to_numpy()), np.radians(points["dec"].to_numpy())
    ra, dec = np.radians(ra), np.radians(dec)
    half = np.sin((latitude - dec) / 2) ** 2 + np.cos(latitude) * np.cos(dec) * np.sin((longitude - ra) / 2) ** 2
    return points.filter(np.degrees(2 * np.arcsin(np.sqrt(half))) <= radius)
