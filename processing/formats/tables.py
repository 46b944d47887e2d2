"""Tables in memory: a pyarrow Table whose names, types and nulls are those of a table's YAML.

Between rooms a missing value is an arrow null. A NaN that comes in is made a null: there is no NaN in a product.
``stage`` is ``"release"`` for the finished table, ``"extract"`` for that of one scan, in which the columns marked
``known_from: release`` are still null.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from processing.errors import SurveyError

ARROW_TYPES = {
    "short": pa.int16(), "int": pa.int32(), "long": pa.int64(), "float": pa.float32(), "double": pa.float64(),
    "char": pa.string(), "string": pa.string(), "boolean": pa.bool_(),
}
"""Arrow type of each datatype of the schema language."""


def arrow_schema(table, stage="release"):
    """The pyarrow Schema of a ``processing.schema.Table``: unit, ucd and description are field metadata."""
    return pa.schema([_field(column, stage) for column in table.columns])


def is_nullable(column, stage="release"):
    """Whether ``column`` may hold nulls at this stage."""
    return column.nullable or (stage != "release" and column.extra.get("known_from") == "release")


def make_table(columns, table, stage="release"):
    """A pyarrow Table from ``columns``: a mapping of names to arrays (numpy, masked, lists) or a pyarrow Table.

    Numbers are cast to the schema's types and NaN becomes null. SurveyError names the column that is missing,
    unknown, too long, not of the type, out of its range, or null where no null is allowed.
    """
    _same_names(list(columns.column_names if isinstance(columns, pa.Table) else columns), table, "the table made here")
    schema = arrow_schema(table, stage)
    arrays = [_cast(columns[c.name], c, schema.field(c.name), table) for c in table.columns]
    return pa.Table.from_arrays(arrays, schema=schema)


def check_table(data, table, stage="release", where="the table"):
    """``data`` with its columns in the schema's order; SurveyError when names, types or nulls are not the schema's."""
    _same_names(data.column_names, table, where)
    schema = arrow_schema(table, stage)
    data = data.select(table.names)
    for column in table.columns:
        found, wanted = data.schema.field(column.name).type, schema.field(column.name)
        if found != wanted.type:
            raise SurveyError(f"{where}: column {column.name} of {table.name} is {found}, expected {wanted.type}")
        _check_values(data[column.name], column, wanted, f"{where}: column {column.name} of {table.name}")
    return data.cast(schema) if data.schema != schema else data


def empty_table(table, stage="release"):
    """The table with no rows."""
    return arrow_schema(table, stage).empty_table()


def _field(column, stage):
    metadata = {"unit": column.unit, "ucd": column.ucd, "description": column.description}
    return pa.field(column.name, ARROW_TYPES[column.datatype], is_nullable(column, stage), metadata)


def _same_names(found, table, where):
    missing = [name for name in table.names if name not in found]
    unknown = [name for name in found if name not in table.names]
    if missing or unknown or len(found) != len(table.names):
        wrong = {"misses": missing, "has unknown": unknown}
        parts = [f"{word} {', '.join(names)}" for word, names in wrong.items() if names]
        raise SurveyError(f"{where}: columns are not those of {table.name}: {'; '.join(parts) or 'a name comes twice'}")


def _cast(values, column, field, table):
    where = f"column {column.name} of {table.name}"
    try:
        array = _as_arrow(values).cast(field.type)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise SurveyError(f"{where}: cannot be made {field.type}: {error}") from error
    _check_values(array, column, field, where)
    return array


def _as_arrow(values):
    """An arrow array of anything array-like; masked values and NaN become nulls."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        return pa.array(values.to_numpy(zero_copy_only=False), from_pandas=True) if _has_nan(values) else values
    if isinstance(values, np.ma.MaskedArray):
        return pa.array(values.data, mask=np.ma.getmaskarray(values), from_pandas=True)
    return pa.array(values, from_pandas=True)


def _has_nan(array):
    return pa.types.is_floating(array.type) and bool(np.isnan(array.to_numpy(zero_copy_only=False)).any())


def _check_values(array, column, field, where):
    if array.null_count and not field.nullable:
        raise SurveyError(f"{where}: {array.null_count} of {len(array)} values are null, none may be")
    if column.length:
        _check_lengths(array, column, where)


def _check_lengths(array, column, where):
    """A ``char`` has exactly its length, a ``string`` at most its length."""
    lengths = pc.min_max(pc.utf8_length(array)).as_py()
    longest, shortest = lengths["max"], lengths["min"]
    if longest is None:
        return
    if longest > column.length or (column.datatype == "char" and shortest < column.length):
        word = "exactly" if column.datatype == "char" else "at most"
        raise SurveyError(f"{where}: texts of {shortest} to {longest} characters, expected {word} {column.length}")
