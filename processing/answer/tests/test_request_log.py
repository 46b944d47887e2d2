"""What a line of the log of requests says, and what it keeps to itself."""

import json
from types import SimpleNamespace

import pytest

from processing.answer.request_log import LONGEST, line, timed


class Request:
    """What request_log asks of a request of Twisted."""

    def __init__(self, uri=b"/tap/sync?LANG=ADQL", args=None, **more):
        self.method, self.uri, self.code, self.sentLength = b"POST", uri, 200, 1234
        self.args = args or {}
        self.headers = {b"user-agent": b"python/3", b"referer": None}
        self.lost = None
        self.__dict__.update(more)

    def connectionLost(self, reason):
        self.lost = reason

    def getClientAddress(self):
        return SimpleNamespace(host="192.0.2.1")

    def getHeader(self, name):
        return self.headers[name]


def logged(request, with_client=False):
    text = line(request, with_client)
    assert text.endswith("\n") and text.count("\n") == 1
    return json.loads(text)


def test_a_line_says_when_what_and_how_it_went():
    found = logged(timed(Request)(args={b"QUERY": [b"SELECT 1\nFROM t"], b"LANG": [b"ADQL"]}))
    assert found["path"] == "/tap/sync" and found["method"] == "POST"
    assert (found["status"], found["bytes"]) == (200, 1234)
    assert found["asked"] == {"QUERY": ["SELECT 1\nFROM t"], "LANG": ["ADQL"]}
    assert found["time"].endswith("Z") and 0 <= found["seconds"] < 10


def test_who_asked_is_written_only_where_the_site_wants_it():
    request = timed(Request)()
    assert not {"client", "agent", "referrer"} & set(logged(request))
    found = logged(request, with_client=True)
    assert (found["client"], found["agent"], found["referrer"]) == ("192.0.2.1", "python/3", None)


def test_a_client_that_left_is_told_from_one_that_got_its_answer():
    request = timed(Request)()
    request.connectionLost("gone")
    assert request.lost == "gone" and logged(request)["status"] == 499


@pytest.mark.parametrize("sent,written", [
    (b"x" * (LONGEST + 1), f"{'x' * LONGEST}... ({LONGEST + 1} characters)"), (b"\xff\xfe\x00", "(3 bytes)"),
    ("text", "text"), ("Sterne ☆".encode(), "Sterne ☆")])
def test_long_and_binary_parameters_do_not_fill_the_log(sent, written):
    assert logged(timed(Request)(args={b"UPLOAD": [sent]}))["asked"] == {"UPLOAD": [written]}


def test_a_request_is_one_line_whatever_ends_lines_for_others():
    request = timed(Request)(args={b"QUERY": ["SELECT '\u2028\u2029\x85'\r\n".encode()]})
    assert len(line(request).splitlines()) == 1
    assert logged(request)["asked"] == {"QUERY": ["SELECT '\u2028\u2029\x85'\r\n"]}
