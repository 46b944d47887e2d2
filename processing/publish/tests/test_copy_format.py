"""COPY BINARY as PostgreSQL documents it, decoded here field by field with struct."""

import struct

import numpy as np
import pyarrow as pa

from processing.publish.copy_format import encode_batch, encode_parts
from processing.schema import Column

CODES = {"short": ">h", "int": ">i", "long": ">q", "float": ">f", "double": ">d", "boolean": ">?"}


def _column(name, datatype):
    return Column(name, datatype, None, True, "", "", "")


def _decode(data, columns):
    """The rows in ``data`` by the description in PostgreSQL's manual."""
    data, at = bytes(data), 0
    while at < len(data):
        fields = struct.unpack_from(">h", data, at)[0]
        assert fields == len(columns)
        at += 2
        row = []
        for column in columns:
            length = struct.unpack_from(">i", data, at)[0]
            at += 4
            row.append(None if length < 0 else _value(data[at:at + length], column))
            at += max(length, 0)
        yield tuple(row)


def _value(content, column):
    if column.datatype in CODES:
        return struct.unpack(CODES[column.datatype], content)[0]
    return content.decode()


def _rows(columns, **values):
    batch = pa.record_batch(values)
    return list(_decode(encode_batch(batch, columns), columns))


def test_every_datatype_arrives_as_it_was():
    columns = [_column(kind, kind) for kind in ("short", "int", "long", "float", "double", "boolean", "string")]
    rows = _rows(
        columns, short=pa.array([-1, 32767], pa.int16()), int=pa.array([-2**31, 7], pa.int32()),
        long=pa.array([2**62, -9], pa.int64()), float=pa.array([0.5, -3.25], pa.float32()),
        double=pa.array([1e300, 284.0033], pa.float64()), boolean=pa.array([True, False]),
        string=pa.array(["2MASS", ""]))
    assert rows == [(-1, -2**31, 2**62, 0.5, 1e300, True, "2MASS"), (32767, 7, -9, -3.25, 284.0033, False, "")]


def test_a_null_has_length_minus_one_and_no_bytes_whatever_its_type():
    columns = [_column("a", "double"), _column("b", "char"), _column("c", "short"), _column("d", "boolean")]
    rows = _rows(columns, a=pa.array([None, 2.0]), b=pa.array(["x", None]), c=pa.array([None, None], pa.int16()),
                 d=pa.array([None, True]))
    assert rows == [(None, "x", None, None), (2.0, None, None, True)]


def test_the_columns_are_those_asked_for_in_that_order():
    columns = [_column("second", "int"), _column("first", "string")]
    rows = _rows(columns, first=pa.array(["a"]), other=pa.array([1.0]), second=pa.array([5], pa.int32()))
    assert rows == [(5, "a")]


def test_a_slice_of_a_batch_sends_its_own_rows():
    columns = [_column("name", "string"), _column("number", "int")]
    batch = pa.record_batch({"name": ["a", "bb", "ccc", None], "number": pa.array([1, 2, None, 4], pa.int32())})
    rows = list(_decode(encode_batch(batch.slice(1, 3), columns), columns))
    assert rows == [("bb", 2), ("ccc", None), (None, 4)]


def test_text_that_is_not_ascii_travels_as_utf8():
    assert _rows([_column("t", "string")], t=pa.array(["µm", "Ks"])) == [("µm",), ("Ks",)]


def test_only_numbers_only_texts_and_no_rows_go_through():
    assert _rows([_column("n", "int")], n=pa.array([1, 2], pa.int32())) == [(1,), (2,)]
    assert _rows([_column("t", "string")], t=pa.array(["a", None])) == [("a",), (None,)]
    assert _rows([_column("t", "string"), _column("n", "int")], t=pa.array([], pa.string()),
                 n=pa.array([], pa.int32())) == []


def test_rows_of_partitions_come_together_in_their_order():
    columns = [_column("name", "string"), _column("number", "int")]
    batch = pa.record_batch({"name": ["a", "bb", None, "dddd"], "number": pa.array([1, 2, 3, None], pa.int32())})
    found = {part: (rows, list(_decode(data, columns)))
             for part, rows, data in encode_parts(batch, columns, np.array([7, 2, 7, 2]))}
    assert found == {2: (2, [("bb", 2), ("dddd", None)]), 7: (2, [("a", 1), (None, 3)])}
