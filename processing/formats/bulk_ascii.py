r"""The survey's bulk files: one line a row, ``|`` between the fields, ``\N`` for null, no header.

They were made for PostgreSQL's COPY, which prints a number without trailing zeros (12 for 12.0). The number of decimals
is the ``ascii`` format in the table's YAML. Source: README of the All-Sky bulk files; decimals as in real rows.
"""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.types as kinds

from processing.errors import SurveyError
from processing.formats.tables import arrow_schema, check_table, make_table
from processing.formats.whole import whole_file

NULL = r"\N"


def write_bulk_ascii(path, data, table, stage="release"):
    """Write the pyarrow Table ``data`` to ``path``, compressed when its name ends in ``.gz``."""
    data = check_table(data, table, stage, str(path))
    with whole_file(path) as partial:
        opened = gzip.open(partial, "wb") if str(path).endswith(".gz") else partial.open("wb")
        with opened as stream:
            for batch in data.to_batches(max_chunksize=50_000):
                stream.write(bulk_lines(batch, table))


def bulk_lines(data, table):
    """The rows of ``data`` (a Table or RecordBatch of ``table``) as bytes."""
    columns = [_texts(data[column.name].to_pylist(), column) for column in table.columns]
    return "".join("|".join(fields) + "\n" for fields in zip(*columns)).encode("ascii")


def read_bulk_ascii(path, table, stage="release"):
    """The pyarrow Table in a bulk file (plain or ``.gz``); SurveyError says which line or column is wrong."""
    schema = arrow_schema(table, stage)
    if _is_empty(path):
        return schema.empty_table()
    convert = csv.ConvertOptions(column_types={f.name: f.type for f in schema}, null_values=[NULL],
                                 strings_can_be_null=True, quoted_strings_can_be_null=True)
    parse = csv.ParseOptions(delimiter="|", quote_char=False)
    try:
        data = csv.read_csv(Path(path), csv.ReadOptions(column_names=schema.names), parse, convert)
    except (OSError, EOFError, pa.ArrowException) as error:
        raise SurveyError(f"{path}: not lines of {len(schema)} fields of {table.name}: {error}") from error
    return make_table({f.name: _trimmed(data[f.name], f) for f in schema}, table, stage)


def _is_empty(path):
    """Whether a file has no bytes once uncompressed; a damaged one is left for the reader to find."""
    try:
        with gzip.open(path) if str(path).endswith(".gz") else open(path, "rb") as stream:
            return not stream.read(1)
    except (OSError, EOFError):
        return False


def _trimmed(column, field):
    """Text without the blanks that fill it up to its width."""
    if not kinds.is_string(field.type):
        return column
    return pa.chunked_array([pa.array([t.rstrip() if t else t for t in column.to_pylist()], pa.string())])


def _texts(values, column):
    spec = column.extra.get("ascii", "")
    return [NULL if value is None else _text(value, spec) for value in values]


def _text(value, spec):
    text = format(value, spec)
    if isinstance(value, float) and "." in text:
        text = text.rstrip("0").rstrip(".")
        return "0" if text == "-0" else text
    return text
