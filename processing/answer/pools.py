"""DaCHS's pools of database connections, replaced by one that survives a restart of the database.

DaCHS 2.11 keeps a pool that it has closed when several threads notice a restart at once, and from then on answers
"connection pool is closed" to everybody. Here a connection is looked at before it is given out: one that the database
has closed has something to read, and goes. ``use_in_dachs`` is called in every process of the server (launch.py).
"""

import contextlib
import select
import threading

from processing.answer import abandoned

MANAGERS = {"getUntrustedConn": ("untrustedquery", True, False), "getTableConn": ("trustedquery", True, False),
            "getAdminConn": ("admin", True, True), "getWritableUntrustedConn": ("untrustedquery", False, True),
            "getWritableTableConn": ("trustedquery", False, True),
            "getWritableAdminConn": ("admin", False, True)}  # fmt: skip
"""DaCHS's names: profile; whether each statement is a (reading) transaction; whether one connection is kept."""


class Pool:
    """Open connections for one use after another.

    connect : callable
        Makes a connection (psycopg2's).
    keep : callable
        How many idle connections are kept; asked late, since DaCHS's settings are read late.
    """

    def __init__(self, connect, keep):
        self.connect, self.keep = connect, keep
        self._idle, self._used, self._lock = [], set(), threading.Lock()

    def take(self):
        """A connection that works, as far as can be seen without asking the database."""
        while (idle := self._idle_one()) is not None:
            if is_alive(idle):
                break
            idle.close()
        connection = self.connect() if idle is None else idle
        with self._lock:
            self._used.add(connection)
        return connection

    def give(self, connection, works):
        """Take a connection back; one that no longer ``works`` is closed."""
        works = works and is_at_rest(connection)
        with self._lock:
            self._used.discard(connection)
            if works and len(self._idle) < self.keep():
                self._idle.append(connection)
                return
        connection.close()

    def _idle_one(self):
        with self._lock:
            return self._idle.pop() if self._idle else None


def is_alive(connection):
    """Whether a connection at rest is open at both ends: of one that was ended there is an end to read."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def is_at_rest(connection):
    """Whether a connection is open and, now, in no transaction."""
    from psycopg2 import Error
    from psycopg2.extensions import TRANSACTION_STATUS_IDLE

    try:
        if not connection.closed and connection.get_transaction_status() != TRANSACTION_STATUS_IDLE:
            connection.rollback()
    except Error:
        return False
    return not connection.closed and connection.get_transaction_status() == TRANSACTION_STATUS_IDLE


def manager(pool, commits, is_books):
    """The context manager that DaCHS has for a pool; ``commits`` at the end of a block that ended well."""

    @contextlib.contextmanager
    def connection_for_a_block():
        connection = pool.take()
        works = False
        try:
            with abandoned.may_cancel(None if is_books else connection) as work:
                yield connection
                if commits:
                    connection.commit()
            works = not work.left
        finally:
            pool.give(connection, works)

    connection_for_a_block.pool = [pool]  # DaCHS counts those in use
    return connection_for_a_block


def use_in_dachs():
    """Put these in the place of DaCHS's, in each of its modules that has them by name."""
    from gavo import api, base
    from gavo.base import config, sqlsupport

    for name, (profile, reading, single) in MANAGERS.items():
        pool = Pool(_connector(profile, reading), (lambda: 1) if single else lambda: config.get("db", "poolSize"))
        books = not reading and profile != "untrustedquery"
        new, old = manager(pool, not reading, books), getattr(sqlsupport, name)
        for module in (sqlsupport, base, api):
            if getattr(module, name, None) is old:
                setattr(module, name, new)
    connect = sqlsupport.getDBConnection

    def connection_of_its_own(profile, *args, **kwargs):
        return abandoned.note(connect(profile, *args, **kwargs))

    for module in (sqlsupport, base, api):
        module.getDBConnection = connection_of_its_own


def _connector(profile, reading):
    from gavo.base import sqlsupport

    plain = sqlsupport.getDBConnection  # as it is before use_in_dachs: connections of pools are noted when given out

    def connect():
        connection = plain(profile)
        if reading:
            connection.set_session(autocommit=True, readonly=True)
        return connection

    return connect
