"""Tables that a user brings, Parquet or ECSV: columns as numbers in the units that the program wants."""

from pathlib import Path

import numpy as np

from processing.errors import SurveyError


def read_user_table(path):
    """The astropy Table in a Parquet (``.parquet``) or ECSV file; SurveyError when it cannot be read."""
    import astropy.table
    import pyarrow.parquet as pq

    try:
        if Path(path).suffix != ".parquet":
            return astropy.table.Table.read(path, format="ascii.ecsv")
        data = pq.ParquetFile(path).read()
        return astropy.table.Table({name: _plain(data[name]) for name in data.column_names})
    except Exception as error:  # the readers raise many kinds
        raise SurveyError(f"{path}: cannot be read as Parquet or ECSV: {str(error).splitlines()[0]}") from error


def check_columns(table, names, path, what):
    """SurveyError when one of the ``names`` is missing; ``what`` the table is called in the message."""
    missing = [name for name in names if name not in table.colnames]
    if missing:
        raise SurveyError(f"{path}: {what} has the columns {', '.join(names)}; there is no {', '.join(missing)}")


def numbers(table, name, unit, path):
    """A column as floats in ``unit`` (taken to be in it when it says none), NaN for what is not known.

    All NaN when there is no such column; SurveyError when it holds no numbers or is in a unit of another kind.
    """
    from astropy import units

    if name not in table.colnames:
        return np.full(len(table), np.nan)
    column = table[name]
    if column.dtype.kind not in "fiu":
        raise SurveyError(f"{path}: column {name} has type {column.dtype}, expected a number")
    try:
        factor = units.Unit(column.unit).to(unit) if column.unit else 1.0
    except (ValueError, TypeError, units.UnitConversionError) as error:
        raise SurveyError(f"{path}: column {name} is in {column.unit}, expected {unit}") from error
    return np.ma.filled(np.ma.asarray(column).astype(float), np.nan) * factor


def complete_numbers(table, name, unit, path):
    """The same of a column that must be known in every row; SurveyError names the row where it is not."""
    values = numbers(table, name, unit, path)
    known = np.isfinite(values)
    if not known.all():
        raise SurveyError(f"{path}: expected {name} in every row, found none in row {np.argmin(known) + 1}")
    return values


def _plain(column):
    return np.array(column.to_pylist(), str) if column.type == "string" else column.to_numpy()
