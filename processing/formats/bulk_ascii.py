r"""The survey's bulk files: one line a row, ``|`` between the fields, ``\N`` for null, no header.

They were made for PostgreSQL's COPY, which prints a number without trailing zeros (12 for 12.0). The number of decimals
is the ``ascii`` format in the table's YAML. Source: README of the All-Sky bulk files; decimals as in real rows.
"""

import gzip
import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.types as kinds

from processing.errors import SurveyError
from processing.formats import ascii_lines
from processing.formats.tables import arrow_schema, check_table, make_table
from processing.formats.whole import whole_file

NULL = r"\N"
CHUNK = 1_200_000
"""Values (rows times columns) that are written at a time."""

BLOCK = 8 << 20
"""Bytes of text that are read at a time."""

COMPRESSION = 1
"""Of zlib: files are a quarter larger than by its default, and written five times as fast."""


def write_bulk_ascii(path, data, table, stage="release"):
    """Write the pyarrow Table ``data`` to ``path``, compressed when its name ends in ``.gz``.

    The same rows give the same bytes: no time of day and no name is in the compressed file.
    """
    data = check_table(data, table, stage, str(path))
    with whole_file(path) as partial, _opened(partial, str(path).endswith(".gz")) as stream:
        for batch in data.to_batches(max_chunksize=CHUNK // len(table.columns)):
            stream.write(bulk_lines(batch, table))


def bulk_lines(data, table):
    """The rows of ``data`` (a Table or RecordBatch of ``table``) as bytes."""
    columns, letters, used = [], [], 0
    for column in table.columns:
        array = data[column.name]
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        numbers, decimals, missing, text = _printable(array, column.extra.get("ascii", ""))
        columns.append((numbers + used if decimals == ascii_lines.TEXT else numbers, decimals, missing))
        letters.append(text)
        used += len(text)
    numbers, decimals, missing = zip(*columns)
    parts = np.stack(numbers), np.array(decimals), np.stack(missing), np.concatenate(letters)
    return ascii_lines.lines(*parts).tobytes()


def read_bulk_ascii(path, table, stage="release"):
    """The pyarrow Table in a bulk file (plain or ``.gz``); SurveyError says which line or column is wrong."""
    return pa.concat_tables([arrow_schema(table, stage).empty_table(), *read_bulk_blocks(path, table, stage)])


def read_bulk_blocks(path, table, stage="release"):
    """The rows of a bulk file (plain or ``.gz``) as a stream of pyarrow Tables of some 8 MB of text each.

    SurveyError, when that place is reached, names the file and the line or column that is not as the table says.
    """
    schema, line = arrow_schema(table, stage), 1
    try:
        if _is_empty(path):
            return
        for batch in _batches(path, schema):
            yield _block(batch, table, stage, path, line)
            line += batch.num_rows
    except (OSError, EOFError, pa.ArrowException) as error:
        raise SurveyError(f"{path}: not lines of {len(schema)} fields of {table.name}: "
                          f"{_with_line(str(error), line, schema)}") from error


def count_fields(path):
    """Number of fields in the first line of a bulk file (plain or ``.gz``); 0 where there is no line."""
    try:
        with gzip.open(path) if str(path).endswith(".gz") else open(path, "rb") as stream:
            line = stream.readline()
    except (OSError, EOFError):
        return 0
    return line.count(b"|") + 1 if line else 0


def _batches(path, schema):
    """Record batches of the lines; arrow's own errors."""
    convert = csv.ConvertOptions(column_types={f.name: f.type for f in schema}, null_values=[NULL],
                                 strings_can_be_null=True, quoted_strings_can_be_null=True)
    read = csv.ReadOptions(column_names=schema.names, block_size=BLOCK, use_threads=False)
    parse = csv.ParseOptions(delimiter="|", quote_char=False, ignore_empty_lines=False)
    yield from csv.open_csv(Path(path), read, parse, convert)


def _block(batch, table, stage, path, line):
    try:
        return make_table({f.name: _trimmed(batch[f.name], f) for f in arrow_schema(table, stage)}, table, stage)
    except SurveyError as error:
        raise SurveyError(f"{path}: lines {line} to {line + batch.num_rows - 1}: {error}") from error


def _is_empty(path):
    """Whether a file has no bytes once uncompressed."""
    with gzip.open(path) if str(path).endswith(".gz") else open(path, "rb") as stream:
        return not stream.read(1)


def _trimmed(column, field):
    """Text without the blanks that fill it up to its width."""
    return pc.utf8_rtrim(column, " ") if kinds.is_string(field.type) else column


def _with_line(message, first, schema):
    """arrow's message, with the line of the file and the name of the column in place of numbers within a block."""
    message = re.sub(r"Row #(\d+)", lambda found: f"line {int(found[1])}", message)
    message = re.sub(r"In CSV column #(\d+)", lambda found: f"column {schema.names[int(found[1])]}", message)
    return message.splitlines()[0] if "line" in message else f"{message.splitlines()[0]} (after line {first - 1})"


@contextmanager
def _opened(path, compressed):
    with path.open("wb") as file:
        if not compressed:
            yield file
            return
        with gzip.GzipFile("", "wb", COMPRESSION, file, mtime=0) as stream:
            yield stream


def _printable(array, spec):
    """Of one column what ``ascii_lines.lines`` takes: numbers, decimals, lengths (-1: null) and letters.

    A number of a kind that it does not print (not finite, very large, no decimals given) becomes text here.
    """
    decimals = int(spec[1:-1]) if kinds.is_floating(array.type) and spec.endswith("f") else 0
    missing = -array.is_null().to_numpy(zero_copy_only=False).astype(np.int64)
    if kinds.is_integer(array.type):
        return array.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64), 0, missing, _letters(b"")
    if kinds.is_floating(array.type) and spec.endswith("f"):
        values = array.fill_null(0).to_numpy(zero_copy_only=False).astype(np.float64)
        if (np.abs(values) * 10.0**decimals < ascii_lines.LARGEST).all():
            return ascii_lines.scaled(values, 10.0**decimals), decimals, missing, _letters(b"")
    return _texts(array, spec, missing)


def _texts(array, spec, missing):
    if not kinds.is_string(array.type):
        array = pa.array([None if value is None else _text(value, spec) for value in array.to_pylist()], pa.string())
    elif spec:
        array = pc.utf8_rpad(array, int(spec[1:-1]))
    ends = np.frombuffer(array.buffers()[1], np.int32)[array.offset:array.offset + len(array) + 1].astype(np.int64)
    lengths = np.where(missing < 0, -1, np.diff(ends)) if len(array) else missing
    return ends[:-1], ascii_lines.TEXT, lengths, _letters(array.buffers()[2] or b"")


def _letters(buffer):
    return np.frombuffer(buffer, np.uint8)


def _text(value, spec):
    text = format(value, spec)
    if isinstance(value, float) and "." in text:
        text = text.rstrip("0").rstrip(".")
        return "0" if text == "-0" else text
    return text
