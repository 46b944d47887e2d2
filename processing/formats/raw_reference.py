"""The reference catalogs beside the raw nights: stars with good positions, and standards with good magnitudes."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.table import Table

from processing.errors import SurveyError
from processing.formats.whole import whole_file

ASTROMETRIC = {"ra": np.float64, "dec": np.float64, "vt_mag": np.float32}
STANDARDS = ("ra", "dec", "j", "j_err", "h", "h_err", "k", "k_err")
ASTROMETRIC_FILE, STANDARDS_FILE = "astrometric.parquet", "standards.ecsv"


def read_astrometric(root):
    """Reference stars of all nights below ``root``: dict of ra, dec (deg ICRS, epoch of the night), vt_mag arrays."""
    path = root / "reference" / ASTROMETRIC_FILE
    try:
        table = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise SurveyError(f"reference/{ASTROMETRIC_FILE}: cannot be read: {str(error).splitlines()[0]}") from error
    _has_columns(table.column_names, ASTROMETRIC, ASTROMETRIC_FILE)
    columns = {name: np.asarray(table[name].to_numpy(), kind) for name, kind in ASTROMETRIC.items()}
    placed = np.isfinite(columns["ra"]) & np.isfinite(columns["dec"])
    if not placed.all():
        row = np.argmin(placed) + 1
        raise SurveyError(f"reference/{ASTROMETRIC_FILE}: expected a position in every row, found none in row {row}")
    return columns


def read_standards(root):
    """Photometric standards: dict of field (str), ra, dec (deg ICRS), j, j_err, h, h_err, k, k_err (mag) arrays.

    NaN is a magnitude that is not known.
    """
    path = root / "reference" / STANDARDS_FILE
    if not path.is_file():
        raise SurveyError(f"reference/{STANDARDS_FILE}: the file is missing")
    try:
        table = Table.read(path, format="ascii.ecsv")
    except Exception as error:  # astropy's reader raises many kinds
        raise SurveyError(f"reference/{STANDARDS_FILE}: cannot be read: {str(error).splitlines()[0]}") from error
    _has_columns(table.colnames, ("field", *STANDARDS), STANDARDS_FILE)
    numbers = {name: _floats(table[name], name) for name in STANDARDS}
    return {"field": np.array([str(name).strip() for name in table["field"]], str), **numbers}


def _floats(column, name):
    if column.dtype.kind not in "fi":
        raise SurveyError(f"reference/{STANDARDS_FILE}: column {name} has type {column.dtype}, expected float64")
    return np.ma.filled(np.ma.asarray(column).astype(float), np.nan)


def _has_columns(found, expected, name):
    missing = [column for column in expected if column not in found]
    if missing:
        raise SurveyError(f"reference/{name}: has no column {', '.join(missing)}")


def write_astrometric(root, columns):
    """Write the reference stars (see read_astrometric) below ``root``."""
    table = pa.table({name: np.asarray(columns[name], kind) for name, kind in ASTROMETRIC.items()})
    with whole_file(root / "reference" / ASTROMETRIC_FILE) as partial:
        pq.write_table(table, partial)


def write_standards(root, columns):
    """Write the standards (see read_standards) below ``root``."""
    table = Table({"field": np.asarray(columns["field"], str), **{n: np.asarray(columns[n], float) for n in STANDARDS}})
    with whole_file(root / "reference" / STANDARDS_FILE) as partial:
        table.write(partial, format="ascii.ecsv")
