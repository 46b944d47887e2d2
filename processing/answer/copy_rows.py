"""A query run as COPY (FORMAT binary) on a connection of psycopg2's, its rows turned into bytes by the kernel rows.c.

libpq is called beside psycopg2, on the same connection, which nobody else may use meanwhile; it is handed back as it
came. While rows are waited for and turned into bytes, other threads of Python run.
"""

import ctypes
import re
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from processing.answer.question import NotCovered

KERNEL = Path(__file__).with_name("rows.so")
"""Compiled from rows.c when the package is deployed (publish/dachs.py)."""

BINARY, BINARY2, CSV, TABLEDATA, COLUMNS, KEEP = range(6)
"""What rows.c can make of a row. COLUMNS: Parquet's plain values; KEEP: the row as it is, for ``Rows.feed``."""

BOOLEAN, INT2, INT4, INT8, FLOAT4, FLOAT8, TEXT, UNICODE = range(8)
"""Kinds of columns there; UNICODE is text that goes into UTF-16."""

MORE, END, NO_DATA_YET, CONNECTION_FAILED, BROKEN = 0, 1, 2, -1, -2
IDLE, ACTIVE = 0, 1
COMMAND_OK, TUPLES_OK, COPY_OUT = 1, 2, 3
"""PGTransactionStatusType and ExecStatusType of libpq."""

FIRST_BYTES, FIRST_SECONDS = 1 << 16, 0.25
"""The first block of an answer goes out when it has so many bytes or is so late, that clients see something come."""

BLOCK_BYTES, SECONDS = 1 << 19, 1.0
"""The other blocks. After so many seconds without rows there is an empty one, that callers can look around."""

FETCHED_ROWS = 100_000
"""DaCHS fetches so many rows at a time, and a limit of time holds for each; for so many it holds here, too."""

LONGEST = 3600
"""Seconds that the database may be at a query of which a client takes the rows slowly."""


class Bytes(ctypes.Structure):
    """``struct bytes`` of rows.c."""

    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_size_t), ("room", ctypes.c_size_t)]

    def __bytes__(self):
        return ctypes.string_at(self.data, self.size) if self.size else b""


class Field(ctypes.Structure):
    """``struct field`` of rows.c: a column, how it is written, and what has been found in it."""

    _fields_ = [("kind", ctypes.c_int32), ("width", ctypes.c_int32), ("has_null", ctypes.c_int32),
                ("padding", ctypes.c_int32), ("null", ctypes.c_uint8 * 8), ("no", ctypes.c_uint8),
                ("yes", ctypes.c_uint8), ("null_text", ctypes.c_char * 30), ("decimals", ctypes.c_int32),
                ("longest", ctypes.c_int64), ("values", Bytes), ("present", Bytes),
                ("values_n", ctypes.c_int64)]  # fmt: skip


class Job(ctypes.Structure):
    """``struct job`` of rows.c."""

    _fields_ = [("connection", ctypes.c_void_p), ("fields", ctypes.POINTER(Field)),
                ("unprintable", ctypes.POINTER(ctypes.c_uint32)), ("unprintable_n", ctypes.c_int64),
                ("limit", ctypes.c_int64), ("rows", ctypes.c_int64), ("group", ctypes.c_int64),
                ("waited", ctypes.c_int64), ("format", ctypes.c_int32), ("fields_n", ctypes.c_int32), ("base64", ctypes.c_int32),
                ("overflow", ctypes.c_int32), ("begun", ctypes.c_int32), ("out", Bytes),
                ("raw", Bytes), ("message", ctypes.c_char * 200)]  # fmt: skip


@cache
def kernel():
    """The compiled kernel, with libpq in it; NotCovered where nobody has compiled it."""
    if not KERNEL.exists():
        raise NotCovered(f"{KERNEL} is not there")
    library, pointer, text = ctypes.CDLL(KERNEL), ctypes.c_void_p, ctypes.c_char_p
    job = ctypes.POINTER(Job)
    for name, result, *arguments in (
            ("rows_fill", ctypes.c_int, job, ctypes.c_size_t, ctypes.c_int64, ctypes.c_int64),
            ("rows_feed", ctypes.c_int64, job, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int),
            ("rows_wait", ctypes.c_int, job, ctypes.c_int64), ("rows_next_group", None, job), ("rows_free", None, job), ("rows_drain", None, pointer),
            ("PQexec", pointer, pointer, text), ("PQprepare", pointer, pointer, text, text, ctypes.c_int, pointer),
            ("PQdescribePrepared", pointer, pointer, text), ("PQgetResult", pointer, pointer),
            ("PQsendQuery", ctypes.c_int, pointer, text), ("PQresultStatus", ctypes.c_int, pointer),
            ("PQresultErrorField", text, pointer, ctypes.c_int), ("PQerrorMessage", text, pointer),
            ("PQnfields", ctypes.c_int, pointer), ("PQftype", ctypes.c_uint, pointer, ctypes.c_int),
            ("PQclear", None, pointer), ("PQtransactionStatus", ctypes.c_int, pointer),
            ("PQgetCancel", pointer, pointer), ("PQfreeCancel", None, pointer),
            ("PQcancel", ctypes.c_int, pointer, text, ctypes.c_int)):  # fmt: skip
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    library.rows_begin()
    return library


class Rows:
    """What becomes of rows that have these Fields: a context, at whose end the memory is given back.

    ``limit``: how many rows are given at most, None for all.
    """

    def __init__(self, fields, form, limit=None, base64=False):
        self.fields = (Field * len(fields))(*fields)
        self.job = Job(fields=self.fields, fields_n=len(fields), format=form, base64=base64,
                       limit=-1 if limit is None else limit)
        if form == CSV:
            ranges = unprintable()
            self.job.unprintable, self.job.unprintable_n = ranges, len(ranges) // 2

    def __enter__(self):
        return self

    def __exit__(self, *_):
        kernel().rows_free(self.job)

    @property
    def group_rows(self):
        """Rows in the columns, of COLUMNS."""
        return self.job.rows - self.job.group

    @property
    def group_bytes(self):
        return sum(field.values.size for field in self.fields)

    def next_group(self):
        """Empty the columns."""
        kernel().rows_next_group(self.job)

    def tell(self, limit):
        """Let a row_limits.Limit know when there was a row more."""
        if self.job.overflow:
            limit.exceeded = True

    def feed(self, data, at_end=False):
        """What KEEP wrote, or the next part of it, in this format: bytes, and how many of ``data`` were whole rows."""
        taken = kernel().rows_feed(self.job, data, len(data), at_end)
        if taken == BROKEN:
            raise ValueError(self.job.message.decode())
        return bytes(self.job.out), taken


class Query:
    """One SQL query on a connection, in a transaction of its own unless the connection is in one already.

    ``types``: PostgreSQL's types (oid) of its columns; known before it is run. ``failed``: an error that the answer
    tells of. To be closed whatever happens.

    A ``statement_timeout`` among the settings counts the time in which we wait for the database, not that in which it
    waits for the client to take what it has; and as with DaCHS, for each 100,000 rows anew.
    """

    def __init__(self, connection, sql, settings=()):
        self.pg, self.sql, self.copying, self.failed = connection.pgconn_ptr, sql, False, None
        self.own_transaction = kernel().PQtransactionStatus(self.pg) == IDLE
        self.longest_wait, settings = _own_timeout(dict(settings))
        try:
            self._execute("".join(_beginning(self.own_transaction, settings.items())))
            self.types = self._describe()
        except BaseException:
            self.close()
            raise

    def blocks(self, rows, targets=None, group_rows=1 << 62, block_bytes=BLOCK_BYTES):
        """Run it and yield its rows in the format of ``rows`` (Rows), block by block; an empty one means: no rows yet.

        ``targets``: SQL types that columns are cast to, or None for those that stay. A block ends after
        ``group_rows`` at the latest. The last block may be empty, too.
        """
        library, job = kernel(), rows.job
        job.connection = self.pg
        self._send(_casting(self.sql, targets or ()))
        while not library.rows_wait(job, round(1000 * SECONDS)):  # with the first row, or an error
            self._check_time(job)
            yield b""
        with self._checked(library.PQgetResult(self.pg)):
            pass
        status = library.rows_fill(job, min(FIRST_BYTES, block_bytes), group_rows, round(1000 * FIRST_SECONDS))
        if status not in (MORE, NO_DATA_YET):
            self._finish(status, job)  # what fails here has said nothing yet
            yield bytes(job.out)
            return
        while status in (MORE, NO_DATA_YET):
            yield bytes(job.out)
            self._check_time(job)
            status = library.rows_fill(job, block_bytes, group_rows, round(1000 * SECONDS))
        yield bytes(job.out)
        self._finish(status, job)

    def cancel(self):
        """Have the database end what it does for this connection; from any thread, while the query is not closed."""
        library = kernel()
        handle, said = library.PQgetCancel(self.pg), ctypes.create_string_buffer(256)
        if handle:
            library.PQcancel(handle, said, len(said))
            library.PQfreeCancel(handle)

    def close(self):
        """Leave the connection as it came; what still runs is cancelled."""
        if self.copying:
            self.copying = False
            self.cancel()
            self._discard()
        if self.own_transaction:
            self.own_transaction = False
            kernel().PQclear(kernel().PQexec(self.pg, b"ROLLBACK"))

    def _execute(self, sql):
        if sql:
            with self._checked(kernel().PQexec(self.pg, sql.encode())):
                pass

    def _describe(self):
        library = kernel()
        with self._checked(library.PQprepare(self.pg, b"", self.sql.encode(), 0, None)):
            pass
        with self._checked(library.PQdescribePrepared(self.pg, b"")) as result:
            return [library.PQftype(result, column) for column in range(library.PQnfields(result))]

    def _send(self, sql):
        if not kernel().PQsendQuery(self.pg, f"COPY ({sql}) TO STDOUT (FORMAT binary)".encode()):
            raise _error(self.pg, None)
        self.copying = True

    def _finish(self, status, job):
        if status == BROKEN:
            raise ValueError(job.message.decode())
        self.copying = False
        with self._checked(kernel().PQgetResult(self.pg)):
            self._discard()

    def _check_time(self, job):
        if job.waited > 1000 * self.longest_wait * (1 + job.rows // FETCHED_ROWS):
            raise _error_of("57014", "canceling statement due to statement timeout")

    def _discard(self):
        """Take what a query still has to say, to its end."""
        kernel().rows_drain(self.pg)
        while result := kernel().PQgetResult(self.pg):
            if kernel().PQresultStatus(result) == COPY_OUT:
                kernel().rows_drain(self.pg)
            kernel().PQclear(result)

    @contextmanager
    def _checked(self, result):
        """A result that is none of an error; what psycopg2 would raise else."""
        try:
            if not result or kernel().PQresultStatus(result) not in (COMMAND_OK, TUPLES_OK, COPY_OUT):
                error = _error(self.pg, result)
                if kernel().PQtransactionStatus(self.pg) == ACTIVE:
                    self._discard()
                self.copying = False
                raise error
            yield result
        finally:
            kernel().PQclear(result)


def led_by(head, blocks):
    """The blocks with ``head`` before the first that is not empty, or at the end: an error before is one by itself."""
    for block in blocks:
        yield head + block if block else b""
        head = b"" if block else head
    yield head


def _beginning(own_transaction, settings):
    if own_transaction:
        yield "BEGIN READ ONLY;"
    for name, value in settings:
        if not re.fullmatch("[a-z_.0-9]+", name):
            raise ValueError(f"{name!r} is no name of a setting of PostgreSQL")
        quoted = str(value).replace("'", "''")
        yield f"SET LOCAL {name} TO '{quoted}';"


def _own_timeout(settings):
    """The statement_timeout of the settings in seconds, and the settings with one in its place that is no hindrance."""
    found = re.fullmatch(r"(\d+) ?(ms|s)?", str(settings.get("statement_timeout", 0)))
    if not found:
        raise ValueError(f"statement_timeout is a number of ms or s, found {settings['statement_timeout']!r}")
    seconds = int(found[1]) / (1 if found[2] == "s" else 1000)
    if not seconds:
        return float("inf"), settings
    return seconds, {**settings, "statement_timeout": f"{max(LONGEST, seconds):.0f}s"}


def _casting(sql, targets):
    """The query with some of its columns cast; their names do not matter to COPY."""
    if not any(targets):
        return sql
    names = [f"c{number}" for number in range(len(targets))]
    columns = (f"{name}::{target}" if target else name for name, target in zip(names, targets))
    return f"SELECT {', '.join(columns)} FROM ({sql}) AS asked ({', '.join(names)})"


def _error(pg, result):
    """What psycopg2 would raise for this result."""
    import psycopg2

    state, said = ((kernel().PQresultErrorField(result, ord(code)) if result else None) for code in "CM")
    if not state:
        return psycopg2.OperationalError(kernel().PQerrorMessage(pg).decode("utf-8", "replace").strip())
    return _error_of(state.decode(), said.decode("utf-8", "replace"))


def _error_of(code, text):
    """psycopg2's error of the class that belongs to this SQLSTATE."""
    import psycopg2.errors

    try:
        error = psycopg2.errors.lookup(code)(text)
    except KeyError:
        error = psycopg2.DatabaseError(text)
    error.__setstate__({"pgcode": code, "pgerror": text})
    return error


@cache
def unprintable():
    """The characters that Python's repr escapes, as first and last of each range of them: an array of uint32."""
    import numpy as np

    is_printable = np.concatenate([_printable(begin, begin + 256) for begin in range(0, 0x110000, 256)])
    edges = np.flatnonzero(np.diff(is_printable, prepend=1, append=1))
    edges[1::2] -= 1
    return (ctypes.c_uint32 * len(edges))(*edges.tolist())


def _printable(begin, end):
    """1 for each printable character; of most ranges it is known at once that all are, or that repr escapes all."""
    import numpy as np

    text = np.arange(begin, end, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    if text.isprintable():
        return np.ones(len(text), np.int8)
    if len(repr(text)) == 2 + len(text) * (len(r"\uffff") if end <= 0x10000 else len(r"\U0010ffff")):
        return np.zeros(len(text), np.int8)
    return np.fromiter(map(str.isprintable, text), np.int8)
