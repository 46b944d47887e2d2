"""Which columns of an answer can be written without DaCHS's Python, and how: what of a column decides about it.

Covered are numbers, booleans and texts that DaCHS writes as the database has them: no arrays, geometries and dates.
"""

import struct
from dataclasses import dataclass

from processing.answer.copy_rows import (BOOLEAN, FLOAT4, FLOAT8, INT2, INT4, INT8, TEXT, UNICODE, Field)
from processing.answer.question import NotCovered

KINDS = {"boolean": BOOLEAN, "short": INT2, "int": INT4, "long": INT8, "float": FLOAT4, "double": FLOAT8, "char": TEXT,
         "unicodeChar": UNICODE}  # fmt: skip
"""VOTable's data types."""

TYPES = {16: BOOLEAN, 21: INT2, 23: INT4, 20: INT8, 700: FLOAT4, 701: FLOAT8, 25: TEXT, 1043: TEXT, 1042: TEXT,
         19: TEXT}  # fmt: skip
"""PostgreSQL's (pg_type.dat): bool, int2, int4, int8, float4, float8; text, varchar, bpchar, name."""

NUMERIC = 1700
CASTS = {INT2: "int2", INT4: "int4", INT8: "int8", FLOAT4: "float4", FLOAT8: "float8"}
PACKED = {INT2: ">h", INT4: ">i", INT8: ">q", FLOAT4: ">f", FLOAT8: ">d"}


@dataclass(frozen=True)
class Described:
    """A column as DaCHS means to write it: data type of VOTable, length of a text (None for any), literal of a null."""

    name: str
    datatype: str
    width: int | None
    null: str | None


def describe(table):
    """The columns of a DaCHS table as Described; NotCovered when DaCHS would change values of one on their way."""
    from gavo import base
    from gavo.utils import algotricks

    serialisation = base.SerManager(table, acquireSamples=False)
    return [_described(column, mapper is algotricks.identity)
            for column, mapper in zip(serialisation, serialisation.mappers)]


def _described(column, is_identity):
    kind, size, null = column["datatype"], column["arraysize"], column["nullvalue"]
    text = kind in ("char", "unicodeChar")
    if not is_identity or kind not in KINDS or column["xtype"] == "json":
        raise NotCovered(f"the values of {column['name']} are changed on their way")
    if not text and size not in (None, "", "1"):
        raise NotCovered(f"{column['name']} is an array")
    if text and not (size is None or size.endswith("*") and "x" not in size or size.isdigit()):
        raise NotCovered(f"{column['name']} is an array of texts")
    width = None if not text or size and size.endswith("*") else int(size or 1)
    return Described(str(column["name"]), kind, width, None if null in (None, "") else str(null))


def same_kinds(columns, types):
    """The kind of each column in the database; NotCovered for what is not written as it is there."""
    _check_number(columns, types)
    for column, oid in zip(columns, types):
        if oid not in TYPES:
            raise NotCovered(f"{column.name} has PostgreSQL's type {oid}")
    return [TYPES[oid] for oid in types]


def declared_kinds(columns, types):
    """The kind that each column is declared to have, and the SQL type to cast it to where the database has another."""
    _check_number(columns, types)
    kinds = [KINDS[column.datatype] for column in columns]
    return kinds, [_cast(*of) for of in zip(columns, kinds, types)]


def _cast(column, wanted, oid):
    found = TYPES.get(oid)
    if found == wanted or (found, wanted) == (TEXT, UNICODE):
        return None
    if wanted in (INT2, INT4, INT8) and found in (INT2, INT4, INT8):
        return CASTS[wanted]
    if wanted in (FLOAT4, FLOAT8) and (oid == NUMERIC or found in CASTS):
        return CASTS[wanted]
    raise NotCovered(f"{column.name} is declared as {column.datatype}, PostgreSQL has its type {oid}")


def _check_number(columns, types):
    if len(columns) != len(types):
        raise NotCovered(f"the database gives {len(types)} columns, the table has {len(columns)}")


def binary_field(column, kind, padding, booleans, null_of_integers):
    """A Field in the binary formats.

    ``booleans``: three bytes for false, true and null; ``null_of_integers``: the number that is written where there is
    none, None when no such number is known.
    """
    field = Field(kind=kind, width=column.width or 0, padding=padding, no=booleans[0], yes=booleans[1], has_null=1)
    if kind == BOOLEAN:
        field.null[0] = booleans[2]
    elif kind in (FLOAT4, FLOAT8):
        _set_null(field, kind, float("nan"))
    elif kind in PACKED:
        field.has_null = null_of_integers is not None
        _set_null(field, kind, null_of_integers or 0)
    return field


def _set_null(field, kind, number):
    try:
        for place, byte in enumerate(struct.pack(PACKED[kind], number)):
            field.null[place] = byte
    except struct.error:
        raise NotCovered(f"{number} is no number of the column that it stands for a null in") from None
