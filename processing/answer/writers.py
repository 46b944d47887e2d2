"""Answers as they come from the database: the formats that are written without DaCHS's Python, row by row of which
would take most of the time.

``use_in_dachs`` lets DaCHS's jobs write through this, too, and through its own writers what is NotCovered.
"""

from processing.answer import csv_bytes, fits_bytes, parquet_rows, votable_bytes
from processing.answer.copy_rows import Query
from processing.answer.question import NotCovered, Question

WRITERS = {**dict.fromkeys(votable_bytes.CODINGS, votable_bytes.write),
           **dict.fromkeys(csv_bytes.HEADERED, csv_bytes.write),
           "parquet": parquet_rows.write, "fits": fits_bytes.write}
"""DaCHS's keys of formats: a function of question, Query and key that gives the blocks of the answer."""


def chunks(question, connection, key):
    """The answer to a question (question.py) in a format (DaCHS's key, e.g. "votableb2"), as an iterator of bytes.

    The connection, psycopg2's, is the iterator's until it is exhausted or closed, and is left then as it came. Some of
    the bytes may be empty: nothing has come for a while. NotCovered before anything has been run; what the database
    says against the query is raised as psycopg2's errors, now or by the first ``next``, but once there are bytes a
    VOTable says so itself.
    """
    if key not in WRITERS:
        raise NotCovered(f"there is no writer of our own for {key}")
    query = Query(connection, question.sql, question.settings)
    try:
        blocks = WRITERS[key](question, query, key)
    except BaseException:
        query.close()
        raise
    return _Chunks(query, blocks)


class _Chunks:
    """Blocks of bytes; closes its query when it ends or is closed, even before the first block."""

    def __init__(self, query, blocks):
        self.query, self.blocks = query, blocks

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return next(self.blocks)
        except BaseException:  # the end, too
            self.query.close()
            raise

    def close(self):
        self.blocks.close()
        self.query.close()


def use_in_dachs():
    """Let the jobs of TAP write through this."""
    from gavo.protocols import taprunner

    theirs = taprunner.writeResultTo

    def write_result(key, result, file):
        try:
            blocks = chunks(question_of(result.getPrimaryTable()), result.getPrimaryTable().connection, key)
        except NotCovered:
            theirs(key, result, file)
            return
        for block in blocks:
            file.write(block)
        if blocks.query.failed:
            raise blocks.query.failed

    taprunner.writeResultTo = write_result


def question_of(table):
    """The Question of a QueryTable of DaCHS's."""
    if getattr(table, "query", None) is None:
        raise NotCovered("this is no table of a query")
    return Question(table.query, table, table.tableDef.overflowLimit)
