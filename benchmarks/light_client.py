"""Many requests to one server, from a process that takes little of the processor it shares with the server.

Each of so many clients has one connection, kept open, and asks again as soon as it has its answer. One thread, plain
sockets; of an answer no more is looked at than its status and where it ends.

    seconds, duration = ask("127.0.0.1", 8080, ["/tap/sync?..."], clients=8)
"""

import selectors
import socket
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


def ask(host, port, paths, clients):
    """Seconds of each request, and of all together; RuntimeError for an answer that is not 200.

    Runs in a process of its own.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as beside:
        return beside.submit(_ask, host, port, paths, clients).result()


def _ask(host, port, paths, clients):
    left, seconds = list(reversed(paths)), []
    with selectors.DefaultSelector() as waiting:
        begin = time.perf_counter()
        for _ in range(min(clients, len(paths))):
            client = _Client(host, port)
            waiting.register(client.socket, selectors.EVENT_READ, client)
            client.ask(left.pop())
        while waiting.get_map():
            for key, _ in waiting.select():
                client = key.data
                if not client.has_all():
                    continue
                seconds.append(time.perf_counter() - client.asked)
                if left:
                    client.ask(left.pop())
                else:
                    waiting.unregister(client.socket)
                    client.socket.close()
        return seconds, time.perf_counter() - begin


class _Client:
    """A connection with one request under way at a time."""

    def __init__(self, host, port):
        self.host = f"{host}:{port}"
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, path):
        self.path, self.answer, self.asked = path, bytearray(), time.perf_counter()
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())

    def has_all(self):
        """Take what has come; whether that is the end of the answer."""
        part = self.socket.recv(1 << 18)
        self.answer += part
        head, gap, body = bytes(self.answer[:2000]).partition(b"\r\n\r\n")
        if not part or gap and not head.startswith(b"HTTP/1.1 200"):
            found = bytes(self.answer[:500])
            raise RuntimeError(f"{self.path}: an answer with status 200 is expected, found {found!r}")
        if not gap:
            return False
        length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if length:
            return len(self.answer) >= len(head) + 4 + int(length[0].partition(b":")[2])
        return self.answer.endswith(b"\r\n0\r\n\r\n")
