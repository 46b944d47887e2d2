"""Chunks arrive whole and in order, at the client's pace; what is left undone is closed, and a break is noticed."""

import http.client
import socket
import subprocess
import time

import pytest

PROGRAM = """
import itertools, sys, threading
from twisted.internet import reactor
from twisted.web import resource, server
from processing.answer import stream
stream.LONGEST_PAUSE = 2.0

class Chunks:
    def __init__(self, path):
        self.path, self.number, self.busy = path, itertools.count(), threading.Lock()
    def __iter__(self):
        return self
    def __next__(self):
        assert self.busy.acquire(blocking=False)
        try:
            number = next(self.number)
            if self.path == b"/few" and number == 50:
                raise StopIteration
            if self.path == b"/broken" and number == 5:
                raise RuntimeError("no more")
            print("chunk", number, flush=True)
            return b"" if number % 5 == 4 else b"%06d" % number * 20000
        finally:
            self.busy.release()
    def close(self):
        assert self.busy.acquire(blocking=False)
        print("closed", flush=True)

class Page(resource.Resource):
    isLeaf = True
    def render_GET(self, request):
        return stream.deliver(request, "text/plain", lambda: Chunks(request.path), lambda: print("end", flush=True))

class Told:
    class base:
        class ui:
            notifyFailure = staticmethod(lambda failure: print("told", failure.getErrorMessage(), flush=True))
    protocols = type("protocols", (), {"dali": None})
sys.modules["gavo"], sys.modules["gavo.protocols"] = Told, Told.protocols
port = reactor.listenTCP(0, server.Site(Page()), interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
"""


@pytest.fixture
def served():
    """The port of a server, and a function that reads what it prints up to a word."""
    process = subprocess.Popen(["/usr/bin/python3", "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    try:
        port = int(process.stdout.readline())
        yield port, lambda word: next(line for line in process.stdout if line.startswith(word))
    finally:
        process.kill()
        process.communicate()


def link(port, path):
    """A connection that has asked for a path."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
    return connection


def test_chunks_arrive_whole_and_in_order(served):
    connection = http.client.HTTPConnection("127.0.0.1", served[0], timeout=60)
    connection.request("GET", "/few")
    answer = connection.getresponse()
    assert answer.getheader("content-type") == "text/plain"
    assert answer.read() == b"".join(b"%06d" % number * 20000 for number in range(50) if number % 5 != 4)
    connection.close()


def test_a_client_that_hangs_up_ends_the_making_of_chunks(served):
    port, told = served
    with link(port, "/endless") as connection:
        assert connection.recv(10)
    assert told("closed") and told("end")


def test_a_client_that_takes_nothing_is_waited_for_with_few_chunks_and_then_left(served):
    port, told = served
    with link(port, "/endless") as connection:
        begin, chunks = time.monotonic(), []
        for line in iter(lambda: told(""), None):
            if line.startswith("closed"):
                break
            chunks.append(line)
        assert 1.5 < time.monotonic() - begin < 15 and len(chunks) < 60
        with pytest.raises(ConnectionResetError):
            while connection.recv(1 << 20):
                pass


def test_an_error_amid_the_chunks_breaks_the_answer_off(served):
    port, told = served
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/broken")
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        connection.getresponse().read()
    connection.close()
    assert told("told").strip() == "told no more"
