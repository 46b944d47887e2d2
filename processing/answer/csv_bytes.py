"""CSV, byte for byte as DaCHS writes it: the rows by the kernel, the line of names and all above it by DaCHS."""

import io

from processing.answer.columns import describe, same_kinds
from processing.answer.copy_rows import CSV, Field, Rows, led_by
from processing.answer.empty import empty_table
from processing.answer.kept import for_shape
from processing.answer.question import NotCovered

HEADERED = {"csv": True, "csv_bare": False}
"""DaCHS's keys of formats."""


def write(question, query, key):
    """The rows as blocks of bytes; NotCovered before the query is run."""
    from gavo import base

    if base.getConfig("async", "csvDialect") != "excel":
        raise NotCovered("another dialect of CSV is wanted")
    columns, head = for_shape(question, key, lambda table: (describe(table), _head(table, HEADERED[key])))
    fields = [Field(kind=kind, has_null=1) for kind in same_kinds(columns, query.types)]
    return _written(question, query, head, fields)


def _head(table, headered):
    from gavo.formats import csvtable

    file = io.BytesIO()
    csvtable.writeDataAsCSV(empty_table(table), file, acquireSamples=False, headered=headered)
    return file.getvalue()


def _written(question, query, head, fields):
    with Rows(fields, CSV, question.limit) as rows:
        yield from led_by(head, query.blocks(rows))
        rows.tell(question.limit)
