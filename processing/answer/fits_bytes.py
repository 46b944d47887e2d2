"""FITS binary tables: rows by the kernel, the header DaCHS's for the table without rows.

The number of rows and the lengths of texts stand in front of them. So the rows, as the database sends them, wait in a
temporary file until the last has come, and are turned into those of FITS while they are sent.
"""

import io
import re
import tempfile

from processing.answer.columns import binary_field, declared_kinds, describe
from processing.answer.copy_rows import BINARY, KEEP, TEXT, UNICODE, Rows
from processing.answer.empty import empty_table
from processing.answer.kept import for_shape
from processing.answer.question import NotCovered

CARD, BLOCK = 80, 2880
SIZES = (1, 2, 4, 8, 4, 8)
"""Bytes of the kinds of copy_rows.py that are no texts."""

READ_BYTES = 1 << 19


def write(question, query, key):
    """The file as blocks of bytes, empty ones while the rows come; NotCovered before the query is run."""
    columns, header = for_shape(question, key, lambda table: (describe(table), _header(table)))
    kinds, targets = declared_kinds(columns, query.types)
    fields = [_field(*of) for of in zip(columns, kinds)]
    return _written(question, query, header, fields, targets)


def _field(column, kind):
    if kind == UNICODE:
        kind = TEXT  # DaCHS's FITS is ASCII
    return binary_field(column, kind, padding=0, booleans=b"FT\0",
                        null_of_integers=None if column.null is None or kind == TEXT else int(column.null))


def _written(question, query, header, fields, targets):
    from gavo import base

    with tempfile.TemporaryFile(dir=base.getConfig("tempDir")) as file:
        with Rows(fields, KEEP, question.limit) as rows:
            for block in query.blocks(rows, targets):
                file.write(block)
                yield b""
            rows.tell(question.limit)
            number, widths = rows.job.rows, [max(1, field.longest) for field in rows.fields]
        for field, width in zip(fields, widths):
            field.width = width if field.kind == TEXT else 0
        yield _completed(header, fields, number)
        file.seek(0)
        yield from _table(file, fields)


def _table(file, fields):
    """The rows kept in ``file`` as those of FITS, filled up to whole blocks."""
    rest, size = b"", 0
    with Rows(fields, BINARY) as rows:
        while data := file.read(READ_BYTES):
            out, taken = rows.feed(rest + data)
            rest = (rest + data)[taken:]
            size += len(out)
            yield out
    yield bytes(-size % BLOCK)


def _header(table):
    """Primary header and that of the table, as DaCHS writes them for no rows."""
    from gavo.formats import fitstable

    file = io.BytesIO()
    fitstable.writeDataAsFITS(empty_table(table), file)
    return file.getvalue()


def _completed(header, fields, number):
    """The header with the number of rows, their length, and the lengths of texts."""
    sizes = [field.width if field.kind == TEXT else SIZES[field.kind] for field in fields]
    header = _with_card(header, "NAXIS1", f"{sum(sizes):>20}")
    header = _with_card(header, "NAXIS2", f"{number:>20}")
    for place, field in enumerate(fields, 1):
        if field.kind == TEXT:
            header = _with_card(header, f"TFORM{place}", f"'{f'{field.width}A':<8}'".ljust(20))
    return header


def _with_card(header, name, value):
    """The header with another value of this length in the last card of this name, its comment left as it was."""
    cards = [found.start() for found in re.finditer(f"{name:<8}= ".encode(), header) if found.start() % CARD == 0]
    if not cards:
        raise NotCovered(f"DaCHS's header has no card {name}")
    begin = cards[-1] + 10
    return header[:begin] + value.encode() + header[begin + len(value):]
