"""Reference catalogs of a simulated survey: real positions and magnitudes with the errors of a catalog."""

import numpy as np

from processing.config import survey
from processing.schema.bands import BANDS

LETTERS = tuple(band.letter for band in BANDS)
LONELY = 15.0
"""A standard has no neighbour this near (arcsec) that is less than FAINTER mag fainter at Ks."""

FAINTER = 4.0
MOST = 25
"""Standards of a field."""


def astrometric(stars, seed):
    """Columns ra, dec (deg), vt_mag of the reference stars among ``stars`` (mapping with id, ra, dec, vt), by id.

    A star has the same errors whatever else is in the list.
    """
    settings = survey().simulated_night
    ids, first = np.unique(stars["id"], return_index=True)
    bright = stars["vt"][first] <= settings.astrometric_limit
    ids, rows = ids[bright], first[bright]
    errors = np.array([np.random.default_rng([seed, 31, i]).normal(0, settings.astrometric_error, 2) for i in ids])
    east, north = errors.reshape(-1, 2).T / 3600
    ra, dec = stars["ra"][rows], stars["dec"][rows]
    return {"ra": (ra + east / np.cos(np.radians(dec))) % 360, "dec": dec + north, "vt_mag": stars["vt"][rows]}


def standards(field, stars, inside, seed):
    """Columns of the standards of a calibration field: field, ra, dec, j, j_err, ...; the brightest suitable stars.

    ``stars``: mapping with id, ra, dec, j, h, k; ``inside``: bool, whether all scans of the field see a star.
    """
    settings = survey().simulated_night
    bright, faint = settings.standard_range
    suitable = np.flatnonzero(inside & (stars["k"] > bright) & (stars["k"] < faint))
    chosen = [row for row in suitable[np.argsort(stars["k"][suitable])] if _alone(stars, row)][:MOST]
    chosen = np.array(chosen, int)
    errors = [np.random.default_rng([seed, 32, i]).normal(0, settings.standard_error, 3) for i in stars["id"][chosen]]
    errors = np.reshape(errors, (-1, 3)).T
    columns = {"field": np.full(len(chosen), field), "ra": stars["ra"][chosen], "dec": stars["dec"][chosen]}
    for band, error in zip(LETTERS, errors):
        columns[band] = np.round(stars[band][chosen] + error, 4)
        columns[f"{band}_err"] = np.full(len(chosen), settings.standard_error)
    return columns


def _alone(stars, row):
    near = np.abs(stars["dec"] - stars["dec"][row]) < LONELY / 3600
    east = (stars["ra"][near] - stars["ra"][row]) * np.cos(np.radians(stars["dec"][row])) * 3600
    apart = np.hypot(east, (stars["dec"][near] - stars["dec"][row]) * 3600)
    return np.sum((apart < LONELY) & (stars["k"][near] < stars["k"][row] + FAINTER)) == 1
