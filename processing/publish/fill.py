"""Rows of a large table go into its partitions, all at the same time: each has a connection with a COPY under way.

Threads read the files, one each, and encode; a batch's rows go where they belong. What a row waits for is the
database, so that there are a few more threads than processors. A partition is made, filled, indexed and committed in
one transaction: such rows are written once, without a log, and those of a load that failed are gone.
"""

from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from os import sched_getaffinity
from threading import Event, Lock

import psycopg

from processing.errors import SurveyError
from processing.publish.copy_format import HEADER, TRAILER, encode_parts
from processing.publish.partitions import check_sql, parts_of, ranges
from processing.publish.unique_keys import UniqueKeys

BATCH = 20_000
"""Rows encoded at a time: 10 MB of the points, half of which a processor's cache holds."""

PIECE = 1 << 18
"""Bytes handed to libpq at a time, which otherwise moves them about in memory."""

SPARE_READERS = 1
"""Threads more than processors: one that waits for the database leaves its processor to another."""


@dataclass
class Part:
    """A partition that is being filled."""

    name: str
    connection: psycopg.Connection
    copy: psycopg.Copy = None
    rows: int = 0
    lock: Lock = field(default_factory=Lock)

    def write(self, rows, data):
        """Send encoded rows."""
        with self.lock:
            for begin in range(0, len(data), PIECE):
                self.copy.write(memoryview(data[begin:begin + PIECE]))
            self.rows += rows


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
        with ExitStack() as copies:
            for part in parts:
                part.copy = copies.enter_context(_copying(part))
            _send_all(files, table, cuts, parts, report)
        say("indexing")
        with ThreadPoolExecutor(_processors()) as pool:
            list(pool.map(lambda part: _index(part, indexes), parts))
    return [part.rows for part in parts]


@contextmanager
def _making(home, name, statement, limits):
    """A Part whose table is made; committed at the end, or never."""
    with home.connect() as connection:
        connection.execute(statement)
        connection.execute(f"ALTER TABLE {name} ADD CHECK ({check_sql(*limits)})")
        yield Part(name, connection)


@contextmanager
def _copying(part):
    with part.connection.cursor() as cursor:
        with cursor.copy(f"COPY {part.name} FROM STDIN (FORMAT BINARY, FREEZE)") as copy:
            copy.write(HEADER)
            yield copy
            copy.write(TRAILER)
        if cursor.rowcount != part.rows:
            raise SurveyError(f"{part.name}: {part.rows} rows were sent, {cursor.rowcount} arrived")


def _send_all(files, table, cuts, parts, report):
    """The rows of all files; the first error ends it."""
    keys, ended, counting = UniqueKeys(table.primary_key), Event(), Lock()

    def send(file):
        for batch in batches_of(file, table):
            if ended.is_set():
                return
            keys.add(batch.column(table.primary_key).to_numpy(), file)
            for number, rows, data in encode_parts(batch, table.columns, parts_of(batch, cuts)):
                parts[number].write(rows, data)
            with counting:
                report(batch.num_rows)

    with ThreadPoolExecutor(_processors() + SPARE_READERS) as pool:
        jobs = [pool.submit(send, file) for file in files]
        try:
            wait(jobs, return_when=FIRST_EXCEPTION)
        finally:
            ended.set()
            pool.shutdown(wait=True, cancel_futures=True)
        for job in jobs:
            if not job.cancelled():
                job.result()


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

    return pq.ParquetFile(file).iter_batches(BATCH, columns=table.names, use_threads=False)


def _index(part, indexes):
    for statement in indexes(part.name):
        part.connection.execute(statement)


def _processors():
    return len(sched_getaffinity(0))
