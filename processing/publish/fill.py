"""Rows of a large table go into its partitions, all at the same time: each has a connection with a COPY under way.

Some threads read the files, one each, and encode; what a batch has for a partition waits in this one's queue, from
which a thread sends it, so that the database has always something to do. A partition is made, filled, indexed and
committed in one transaction: such rows are written once, without a log, and those of a load that failed are gone.
"""

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from os import sched_getaffinity
from queue import Empty, Full, Queue
from threading import Event, Lock

import psycopg

from processing.errors import SurveyError
from processing.publish.copy_format import HEADER, TRAILER, encode_parts, send
from processing.publish.partitions import check_sql, parts_of, ranges
from processing.publish.unique_keys import UniqueKeys

BATCH = 20_000
"""Rows encoded at a time: 10 MB of the points, half of which a processor's cache holds."""

WAITING = 4
"""Batches at most that wait for a partition's connection."""

MOMENT = 0.5
"""Seconds after which a thread that waits for another looks whether all has ended."""


class Ended(Exception):
    """Something else has failed."""


@dataclass
class Part:
    """A partition that is being filled; ``limits`` as of ``partitions.ranges``."""

    name: str
    connection: psycopg.Connection
    limits: tuple
    rows: int = 0
    queue: Queue = field(default_factory=lambda: Queue(WAITING))


def fill(homes, create, table, files, cuts, indexes, report, say):
    """Make and fill the partitions of a table; the rows of each.

    Parameters
    ----------
    homes : sequence
        Of each partition where it lives: ``home.connect()`` is a connection to there.
    create : callable
        ``create(number)`` gives the partition's qualified name and the SQL that makes it.
    files : sequence of Path
        Parquet files with the rows of ``table``.
    cuts : sequence of int
        As of ``partitions.cuts``, one fewer than ``homes``.
    indexes : callable
        ``indexes(name)`` gives the statements that index a partition.
    """
    with ExitStack() as stack:
        parts = [stack.enter_context(_making(home, *create(n), limits))
                 for n, (home, limits) in enumerate(zip(homes, ranges(cuts)))]  # fmt: skip
        _transfer(table, files, cuts, parts, report)
        say("indexing")
        with ThreadPoolExecutor(_processors()) as pool:
            list(pool.map(lambda part: _finish(part, indexes), parts))
    return [part.rows for part in parts]


@contextmanager
def _making(home, name, statement, limits):
    """A Part whose table is made in a transaction that is under way."""
    with home.connect() as connection:
        connection.execute(statement)
        yield Part(name, connection, limits)


def _transfer(table, files, cuts, parts, report):
    """All rows of the files into the parts; the first error ends it."""
    ended, keys, counting = Event(), UniqueKeys(table.primary_key), Lock()

    def read(file):
        for batch in batches_of(file, table):
            keys.add(batch.column(table.primary_key).to_numpy(), file)
            for number, rows, data in encode_parts(batch, table.columns, parts_of(batch, cuts)):
                _put(parts[number].queue, (rows, data), ended)
            with counting:
                report(batch.num_rows)

    def guarded(work, argument):
        try:
            work(argument)
        except BaseException:
            ended.set()
            raise

    with ThreadPoolExecutor(len(parts)) as sending, ThreadPoolExecutor(_processors()) as reading:
        try:
            senders = [sending.submit(guarded, lambda part: _send(part, ended), part) for part in parts]
            readers = [reading.submit(guarded, read, file) for file in files]
            wait(readers)
            for part in parts:
                _put_last(part.queue, ended)
            wait(senders)
        except BaseException:
            ended.set()
            raise
    _raise_first(job.exception() for job in (*readers, *senders))


def _send(part, ended):
    """Send what comes out of the part's queue, up to None."""
    with part.connection.cursor() as cursor:
        with cursor.copy(f"COPY {part.name} FROM STDIN (FORMAT BINARY, FREEZE)") as copy:
            copy.write(HEADER)
            while (item := _get(part.queue, ended)) is not None:
                rows, data = item
                send(copy, data)
                part.rows += rows
            copy.write(TRAILER)
        if cursor.rowcount != part.rows:
            raise SurveyError(f"{part.name}: {part.rows} rows were sent, {cursor.rowcount} arrived")


def _put(queue, item, ended):
    """Put in a queue, as soon as there is room; Ended when somebody else has failed."""
    while not ended.is_set():
        try:
            return queue.put(item, timeout=MOMENT)
        except Full:
            pass
    raise Ended


def _put_last(queue, ended):
    try:
        _put(queue, None, ended)
    except Ended:
        pass


def _get(queue, ended):
    """Take from a queue, as soon as there is something; Ended when somebody else has failed."""
    while not ended.is_set():
        try:
            return queue.get(timeout=MOMENT)
        except Empty:
            pass
    raise Ended


def _raise_first(errors):
    errors = [error for error in errors if error is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, Ended)):
        raise error


def batches_of(file, table):
    """The rows of a Parquet file as RecordBatches with the columns of ``table``; SurveyError when they are not."""
    import pyarrow as pa

    from processing.formats.tables import check_table

    try:
        for batch in _raw_batches(file, table):
            whole = check_table(pa.Table.from_batches([batch]), table, where=str(file)).combine_chunks()
            yield from whole.to_batches()
    except (OSError, pa.ArrowException) as error:
        raise SurveyError(f"{file}: not a readable Parquet file: {error}") from error


def _raw_batches(file, table):
    import pyarrow.parquet as pq

    return pq.ParquetFile(file, pre_buffer=True).iter_batches(BATCH, columns=table.names, use_threads=False)


def _finish(part, indexes):
    """Index the rows, have the database check that each belongs here (it attaches the partition without looking, then),
    and commit."""
    part.connection.execute(f"ALTER TABLE {part.name} ADD CHECK ({check_sql(*part.limits)})")
    for statement in indexes(part.name):
        part.connection.execute(statement)
    part.connection.commit()


def _processors():
    return len(sched_getaffinity(0))
