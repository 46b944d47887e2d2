"""What a load balancer is told."""

from types import SimpleNamespace

import pytest

from processing.answer.health import verdict


class UndefinedTable(Exception):
    """As psycopg2 calls it, which is only in the system's Python."""


@pytest.mark.parametrize("said,status,word", [
    ((True,), 200, "ok"), ((False,), 200, "ok"),
    (SimpleNamespace(value=UndefinedTable()), 503, "no release"),
    (SimpleNamespace(value=TimeoutError()), 503, "within 4 s"),
    (SimpleNamespace(value=ConnectionError()), 503, "does not answer (ConnectionError)")])
def test_the_verdict_says_why(said, status, word):
    found, text = verdict(said)
    assert found == status and word in text
