"""Parquet from the database's rows: the kernel lays the columns of a row group down, parquet_bytes.py all around."""

from processing.answer.columns import declared_kinds, describe
from processing.answer.copy_rows import COLUMNS, Field, Rows
from processing.answer.empty import empty_table
from processing.answer.kept import for_shape
from processing.answer.parquet_bytes import Writer, packed_levels
from processing.answer.parquet_format import footer, parquet_column

GROUP_ROWS, GROUP_BYTES = 50_000, 1 << 25
"""Of a row group, which is held in memory; about."""

FIRST_ROWS = 5_000
"""Of the first one, that clients see something come."""

BLOCK_BYTES = 1 << 20


def write(question, query, key):
    """The file as blocks of bytes; NotCovered before the query is run."""
    described, columns = for_shape(question, key, lambda table: (describe(table), _columns(table)))
    kinds, targets = declared_kinds(described, query.types)
    fields = [Field(kind=kind, has_null=1) for kind in kinds]
    return _written(question, query, columns, fields, targets)


def _columns(table):
    from gavo import base

    return [parquet_column(column) for column in base.SerManager(empty_table(table), acquireSamples=False)]


def _written(question, query, columns, fields, targets):
    file, begun = _Pieces(), False
    writer = Writer(file, columns)
    with Rows(fields, COLUMNS, question.limit) as rows:
        for _ in query.blocks(rows, targets, FIRST_ROWS, GROUP_BYTES):
            begun, most = begun or rows.group_rows > 0, GROUP_ROWS if writer.rows else FIRST_ROWS
            if rows.group_rows >= most or rows.group_bytes >= GROUP_BYTES:
                yield from _group(writer, rows, file)
            else:
                yield file.taken() if begun else b""
        if rows.group_rows:
            yield from _group(writer, rows, file)
        rows.tell(question.limit)
        widths = {column.name: max(1, field.longest) for column, field in zip(columns, rows.fields)
                  if column.kind == "text"}  # fmt: skip
    writer.close(footer(empty_table(question.table), widths))
    yield file.taken()


def _group(writer, rows, file):
    """A row group, in blocks of bytes."""
    for _ in writer.write_pages(rows.group_rows, map(_page, rows.fields, [rows.group_rows] * len(rows.fields))):
        if file.size >= BLOCK_BYTES:
            yield file.taken()
    rows.next_group()
    yield file.taken()


def _page(field, number):
    return packed_levels(bytes(field.present), -(-number // 8)), bytes(field.values), number


class _Pieces:
    """What has been written and not yet taken."""

    def __init__(self):
        self.pieces, self.size = [], 0

    def write(self, data):
        self.pieces.append(data)
        self.size += len(data)

    def taken(self):
        taken = b"".join(self.pieces)
        self.pieces, self.size = [], 0
        return taken
