"""VOTables: the rows by the kernel, all around them by DaCHS, which writes the table without its rows.

The text around the rows is kept for questions of the same shape: all that differs are the INFO elements of the query
and the date.
"""

import io
from dataclasses import dataclass
from datetime import datetime, timezone

from processing.answer import error_texts
from processing.answer.columns import binary_field, declared_kinds, describe
from processing.answer.copy_rows import BINARY, BINARY2, BOOLEAN, FLOAT4, FLOAT8, TABLEDATA, TEXT, Field, Rows, led_by
from processing.answer.empty import empty_table
from processing.answer.kept import for_shape
from processing.answer.question import NotCovered

CODINGS = {"votableb2": ("binary2", BINARY2), "votable": ("binary", BINARY), "votabletd": ("td", TABLEDATA)}
"""DaCHS's keys of formats: what it calls the way rows are written, and what the kernel does."""

ROWS = {"binary2": b'<STREAM encoding="base64">', "binary": b'<STREAM encoding="base64">', "td": b"<TABLEDATA>"}
OVERFLOW = b'<INFO name="QUERY_STATUS" value="OVERFLOW"></INFO>'
ERROR = ('<INFO name="QUERY_STATUS" value="ERROR">Error while serializing VOTable, content is probably incomplete: {}'
         "</INFO>")

@dataclass(frozen=True)
class Frame:
    """What stands around the rows: ``pieces`` of the text before them, with names of INFO elements between them."""

    columns: list
    pieces: tuple
    behind: bytes
    end: bytes


def write(question, query, key):
    """The VOTable as blocks of bytes, for the key of DaCHS's format; NotCovered before the query is run."""
    coding, form = CODINGS[key]
    frame = for_shape(question, coding, lambda table: _frame(table, coding))
    kinds, targets = declared_kinds(frame.columns, query.types)
    fields = [_field(*of, form) for of in zip(frame.columns, kinds)]
    return _written(question, query, frame, fields, targets, form)


def _written(question, query, frame, fields, targets, form):
    head = b"".join(_filled(frame.pieces, question))
    begun, said = False, b""
    with Rows(fields, form, question.limit, base64=form != TABLEDATA) as rows:
        try:
            for block in led_by(head, query.blocks(rows, targets)):
                begun = begun or bool(block)
                yield block
        except Exception as error:
            if not begun:
                raise
            query.failed = error
            said = ERROR.format(_escaped(error_texts.told(error).text)).encode()
        rows.tell(question.limit)
        overflow = OVERFLOW if getattr(question.limit, "exceeded", False) else b""
    yield frame.behind + (said or overflow) + frame.end


def _field(column, kind, form):
    if form == TABLEDATA:
        return _tabledata_field(column, kind)
    if form == BINARY2:
        return binary_field(column, kind, padding=0, booleans=b"01?", null_of_integers=0)
    if column.null is not None and kind >= TEXT:
        raise NotCovered(f"{column.name} has its own text for a null")
    return binary_field(column, kind, padding=0 if column.width == 1 else ord(" "), booleans=b"01?",
                        null_of_integers=None if column.null is None else int(column.null))


def _tabledata_field(column, kind):
    if kind >= TEXT and column.null is not None:
        raise NotCovered(f"{column.name} has its own text for a null")
    null = {BOOLEAN: "?", FLOAT4: "NaN", FLOAT8: "NaN"}.get(kind, column.null)
    if len(null or "") >= 30:
        raise NotCovered(f"{null} is no number that stands for a null in {column.name}")
    return Field(kind=kind, width=column.width or 0, no=ord("0"), yes=ord("1"), null_text=(null or "").encode(),
                 has_null=kind >= TEXT or null is not None)


# ---- what stands around the rows

def _frame(table, coding):
    """The Frame of a table, as DaCHS writes it."""
    columns = describe(table)
    text = without_rows(table, coding)
    before, begin, rest = text.partition(ROWS[coding])
    behind, overflow, end = rest.partition(OVERFLOW)
    if not begin or not overflow:
        raise NotCovered("DaCHS writes the table without rows in another way than expected")
    return Frame(columns, tuple(_cut(before + begin, _infos(table))), behind, end)


def without_rows(table, coding):
    """The VOTable that DaCHS writes for a result without rows, with OVERFLOW said."""
    from gavo import votable
    from gavo.formats import votablewrite
    from gavo.protocols import taprunner

    overflow = votable.OverflowElement(0, votable.V.INFO(name="QUERY_STATUS", value="OVERFLOW"))
    context = votablewrite.VOTableContext(tablecoding=coding, acquireSamples=False, overflowElement=overflow)
    file = io.BytesIO()
    votablewrite.writeAsVOTable(taprunner._makeDataFor(empty_table(table)), file, context)
    return file.getvalue()


def _infos(table):
    """Names and values of the INFO elements that differ between queries of one shape."""
    return [(item.infoName, item.infoValue) for item in table.iterMeta("info")]


def _cut(text, infos):
    """The text in pieces, between them the names of INFO elements whose values stand there."""
    for name, value in infos:
        attributes = _attributes(name, value)
        if text.count(attributes) == 1:
            piece, _, text = text.partition(attributes)
            yield piece
            yield name
    piece, mark, rest = text.partition(b'<INFO name="request_date" ucd="time.creation" value="')
    yield piece + mark
    if mark:
        yield "request_date"
        yield rest[rest.index(b'"'):]


def _filled(pieces, question):
    """The pieces with the values of this question in between."""
    values = dict(_infos(question.table))
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        elif piece == "request_date":
            yield datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
        else:
            yield _attributes(piece, values[piece])


def _attributes(name, value):
    """Two attributes of an INFO element as DaCHS writes them."""
    return f'name="{_escaped(name)}" value="{_escaped(value)}"'.encode()


def _escaped(text):
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text
