"""What is written is what pyarrow, which is independent of it, reads."""

from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from processing.answer.parquet_bytes import Column, Writer

ARROW = {"short": pa.int16(), "int": pa.int32(), "long": pa.int64(), "float": pa.float32(), "double": pa.float64(),
         "boolean": pa.bool_(), "text": pa.string()}  # fmt: skip


def _values(kind, rows, rng):
    if kind == "text":
        return ["".join(rng.choice(list("aöΩ -"), rng.integers(0, 9))) for _ in range(rows)]
    if kind == "boolean":
        return rng.random(rows).round().astype(bool).tolist()
    if kind in ("float", "double"):
        return rng.normal(0, 1e3, rows).astype(ARROW[kind].to_pandas_dtype()).tolist()
    limits = np.iinfo(ARROW[kind].to_pandas_dtype())
    return [limits.min, limits.max, 0, -1, *rng.integers(limits.min, limits.max, rows).tolist()][:rows]


def _with_nulls(values, rng, share):
    return [None if rng.random() < share else value for value in values]


def _read(columns, groups, metadata=None):
    file = BytesIO()
    writer = Writer(file, columns)
    for group in groups:
        writer.write(group)
    writer.close(metadata or {})
    return pq.read_table(BytesIO(file.getvalue()))


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9, 1000])
@pytest.mark.parametrize("share", [0, 0.3, 1])
def test_numbers_and_texts_come_back_with_their_types_and_nulls(rows, share):
    rng = np.random.default_rng(rows)
    columns = [Column(f"a {kind}", kind) for kind in ARROW]
    values = [_with_nulls(_values(kind, rows, rng), rng, share) for kind in ARROW]
    found = _read(columns, [list(zip(*values))] if rows else [])
    assert found.schema.names == [column.name for column in columns]
    assert found.schema.types == list(ARROW.values())
    assert [column.to_pylist() for column in found.columns] == values


def test_lists_come_back_with_what_is_null_and_what_is_empty():
    rng = np.random.default_rng(1)
    values = [_with_nulls(_values("double", size, rng), rng, 0.2) for size in rng.integers(0, 20, 300)]
    values = _with_nulls(values, rng, 0.1)
    found = _read([Column("region", "double", is_list=True), Column("n", "int")], [[(value, 1) for value in values]])
    assert found.schema.field("region").type == pa.list_(pa.field("element", pa.float64()))
    assert found["region"].to_pylist() == values


def test_groups_of_rows_follow_each_other():
    groups = [[(number, f"row {number}") for number in range(begin, begin + 10)] for begin in range(0, 50, 10)]
    found = _read([Column("i", "long"), Column("t", "text")], groups)
    assert found["i"].to_pylist() == list(range(50)) and found["t"][49].as_py() == "row 49"


def test_the_footer_carries_what_it_is_given():
    found = _read([Column("i", "int")], [[(1,)]], {"one": "x" * 300, "two": "<Ω/>"})
    assert found.schema.metadata == {b"one": b"x" * 300, b"two": "<Ω/>".encode()}


def test_the_writer_knows_the_longest_text():
    writer = Writer(BytesIO(), [Column("t", "text"), Column("empty", "text"), Column("i", "int")])
    writer.write([("abc", None, 1), ("Ωxyz", None, 2)])
    writer.write([("a", None, 3)])
    assert writer.widths == {"t": 4, "empty": 1}


def test_not_a_number_is_no_null():
    found = _read([Column("x", "double")], [[(float("nan"),), (None,), (np.inf,)]])
    assert found["x"].null_count == 1 and np.isnan(found["x"][0].as_py()) and found["x"][2].as_py() == np.inf


def test_many_columns_and_long_names_need_the_long_forms_of_the_metadata():
    columns = [Column(f"column {'x' * 200} {number}", "int") for number in range(60)]
    found = _read(columns, [[tuple(range(60))] * 3])
    assert found.to_pylist() == [{column.name: number for number, column in enumerate(columns)}] * 3
