"""Connections that are lent: who may cancel what, and what is tried again."""

import pytest

from processing.answer import connections


class Connection:
    closed = False
    cancelled = 0

    def cancel(self):
        self.cancelled += 1


class Kept(list):
    """In the place of the pool: one connection, and whether it came back fit for others."""

    def take(self):
        return Connection()

    def give(self, connection, works):
        self.append(works)


@pytest.fixture
def kept(monkeypatch):
    kept = Kept()
    monkeypatch.setattr(connections, "pool", kept)
    return kept


def test_a_cancel_after_the_end_does_not_reach_the_next_borrower(kept):
    with connections.lend() as lent:
        pass
    lent.cancel()
    assert lent.connection.cancelled == 0 and kept == [True]


def test_a_connection_that_was_cancelled_is_not_used_again(kept):
    with connections.lend() as lent:
        lent.cancel()
    assert lent.connection.cancelled == 1 and kept == [False]


def test_a_connection_on_which_something_failed_is_not_used_again(kept):
    with pytest.raises(ZeroDivisionError), connections.lend():
        1 / 0  # noqa: B018
    assert kept == [False]


class AdminShutdown(Exception):
    """psycopg2's name for what a query meets when the database is stopped."""


class QueryCanceled(Exception):
    """psycopg2's name for a query that took too long."""


def failing(error, times):
    """A function that fails so many times, and the list of its calls."""
    calls = []

    def work():
        calls.append(None)
        if len(calls) <= times:
            raise error("failed")
        return "answer"

    return work, calls


def test_what_a_restart_ended_is_tried_again(monkeypatch):
    monkeypatch.setattr(connections, "PAUSE", 0.0)
    assert connections.trying_again(failing(AdminShutdown, connections.ATTEMPTS - 1)[0]) == "answer"
    with pytest.raises(AdminShutdown):
        connections.trying_again(failing(AdminShutdown, connections.ATTEMPTS)[0])


def test_a_query_that_failed_is_not_tried_again():
    work, calls = failing(QueryCanceled, 1)
    with pytest.raises(QueryCanceled):
        connections.trying_again(work)
    assert len(calls) == 1
