"""Connections to PostgreSQL for synchronous queries, read-only, kept open from one request to the next.

    with lend() as lent:
        ... lent.connection ...     # and from any thread: lent.cancel()

The role is that of DaCHS's profile ``untrustedquery``. Each statement is a transaction of its own. When the client
leaves, its connection is cancelled (abandoned.py); one that the server has closed is found out before it is lent
(pools.py), and what was begun on it is done again on another (``trying_again``).
"""

import contextlib
import threading
import time

from processing.answer import abandoned
from processing.answer.limits import limits
from processing.answer.pools import Pool

ENDED_BY_SERVER = {"OperationalError", "InterfaceError", "AdminShutdown", "CrashShutdown", "CannotConnectNow"}
"""psycopg2's errors that are about the connection, not about what was asked through it."""

ATTEMPTS, PAUSE = 5, 0.3
"""A restart of PostgreSQL takes a second; seconds before the third attempt, and each time as much more."""


def connect():
    """A new connection, as DaCHS's query services have it but for what is said above."""
    import psycopg2
    from gavo.base import config

    connection = psycopg2.connect(**config.getDBProfile("untrustedquery").getArgs())
    connection.set_session(readonly=True, autocommit=True)
    connection.set_client_encoding("UTF8")
    return connection


pool = Pool(connect, keep=lambda: limits().work.threads)
"""Keeps as many as there are threads, since a thread has one at a time."""


class Lent:
    """A connection while it is lent; ``cancel`` ends the query that runs on it, and does nothing once it is back."""

    def __init__(self, connection):
        self.connection, self.is_back, self.cancelled, self._lock = connection, False, False, threading.Lock()

    def cancel(self):
        with self._lock:
            if not self.is_back and not self.connection.closed:
                self.cancelled = True
                self.connection.cancel()

    def give_back(self, works):
        with self._lock:
            self.is_back = True
        pool.give(self.connection, works and not self.cancelled)  # a cancel may come late


@contextlib.contextmanager
def lend():
    """A Lent connection for the block, which leaves it in no transaction."""
    lent, works = Lent(pool.take()), False
    try:
        with abandoned.may_cancel(lent.connection) as work:
            yield lent
        works = not work.left
    finally:
        lent.give_back(works)


def trying_again(work):
    """``work()``, repeated while the server ends its connections: for queries whose answer nobody has seen yet."""
    for attempt in range(1, ATTEMPTS):
        try:
            return work()
        except Exception as error:
            if type(error).__name__ not in ENDED_BY_SERVER:
                raise
        time.sleep(PAUSE * (attempt - 1))
    return work()
