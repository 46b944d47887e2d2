"""A list of very bright stars, for those that no scan holds: just outside the survey, or too bright to be measured."""

import numpy as np
from astropy.table import Table

from processing.artifacts.parents import bright_stars
from processing.errors import SurveyError
from processing.schema import BANDS


def read_bright_stars(path):
    """The parents in a table (ECSV, FITS, VOTable or Parquet): columns ra, dec (deg, ICRS) and j_m, h_m, k_m (mag).

    A magnitude that is not known is masked or NaN. SurveyError when the table cannot be read or a column is not there.
    """
    try:
        table = Table.read(path)
    except (OSError, ValueError, TypeError) as error:
        raise SurveyError(f"{path}: expected a table of bright stars, cannot be read: {error}") from error
    missing = [name for name in ("ra", "dec", *_magnitudes()) if name not in table.colnames]
    if missing:
        raise SurveyError(f"{path}: bright stars without {', '.join(missing)}; there are {', '.join(table.colnames)}")
    magnitude = np.stack([_numbers(table[name]) for name in _magnitudes()], axis=1)
    return bright_stars(_numbers(table["ra"]), _numbers(table["dec"]), magnitude)


def _magnitudes():
    return [f"{band.letter}_m" for band in BANDS]


def _numbers(column):
    return np.ma.filled(np.ma.asarray(column).astype(float), np.nan)
