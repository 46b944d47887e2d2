"""CSV, byte for byte as DaCHS writes it: the rows by the kernel, the line of names and all above it by DaCHS."""

import io

from processing.answer.columns import describe, same_kinds
from processing.answer.copy_rows import CSV, Field, Rows
from processing.answer.empty import empty_table
from processing.answer.question import NotCovered

HEADERED = {"csv": True, "csv_bare": False}
"""DaCHS's keys of formats."""


def write(question, query, key):
    """The rows as blocks of bytes; NotCovered before the query is run."""
    from gavo import base
    from gavo.formats import csvtable

    if base.getConfig("async", "csvDialect") != "excel":
        raise NotCovered("another dialect of CSV is wanted")
    kinds = same_kinds(describe(question.table), query.types)
    head = io.BytesIO()
    csvtable.writeDataAsCSV(empty_table(question.table), head, acquireSamples=False, headered=HEADERED[key])
    return _written(question, query, head.getvalue(), [Field(kind=kind, has_null=1) for kind in kinds])


def _written(question, query, head, fields):
    with Rows(fields, CSV, question.limit) as rows:
        blocks = query.blocks(rows)
        yield head + next(blocks)
        yield from blocks
        rows.tell(question.limit)
