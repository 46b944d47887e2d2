"""What is fetched for a user, and above all what is not."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from processing.answer import fetch
from processing.answer.fetch import Refused, is_public, public_addresses

INSIDE = ["127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
          "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
          "2002:7f00:1::", "64:ff9b::7f00:1", "::ffff:10.0.0.1"]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_world_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://192.0.2.1/x", "gopher://x/", "http:///x", "//x",
                                 "data:,a",
                                 "http://127.0.0.1:1/", "http://localhost/", "http://0x7f000001/", "http://2130706433/",
                                 "http://[::1]/", "http://0/", "http://127.1/"])  # fmt: skip
def test_ways_to_write_an_address_inside_are_refused(url):
    with pytest.raises(Refused):
        fetch.fetch(url)


def test_a_name_with_one_address_inside_is_refused(monkeypatch):
    def both(host, port, **_):
        return [(socket.AF_INET, 1, 6, "", (address, port)) for address in ("8.8.8.8", "10.1.1.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(Refused, match="not a public address"):
        public_addresses("rebind.example", 80)
    assert public_addresses("rebind.example", 80, allowed=("rebind.example",))


@pytest.fixture
def world(monkeypatch):
    """A web server of this machine that is taken for public: by the name "world" alone."""
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            where = {"/inside": "http://127.0.0.1:9/", "/file": "file:///etc/passwd", "/round": "/round"}.get(self.path)
            if self.path == "/drip":
                self.wfile.write(b"HTTP/1.0 200 OK\r\n")
                for _ in range(60):
                    self.wfile.write(b"X-A: b\r\n")
                    time.sleep(0.05)
            self.send_response(302 if where else 404 if self.path == "/nothing" else 200)
            if where:
                self.send_header("Location", where)
            self.end_headers()
            while self.path == "/slow" or self.path == "/large":
                self.wfile.write(b"x" * (1 if self.path == "/slow" else 1 << 20))
                time.sleep(0.05 if self.path == "/slow" else 0)
            self.wfile.write(b"content")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    real = socket.getaddrinfo
    asked = []

    def known(host, port, **options):
        asked.append(host)
        return real("127.0.0.1" if host == "world" else host, port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", known)
    looks = fetch.public_addresses
    monkeypatch.setattr(fetch, "public_addresses", lambda host, port, allowed: looks(host, port, ("world",)))
    server.handle_error = lambda *_: None
    yield f"http://world:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_what_is_public_is_read_and_its_name_asked_for_once(world):
    url, asked = world
    assert fetch.fetch(f"{url}/table").read() == b"content" and asked == ["world"]


@pytest.mark.parametrize("path, told", [("/inside", "not a public address"), ("/file", "does not|status 302"),
                                        ("/round", "status 302|does not"),
                                        ("/nothing", "status 404")])
def test_redirects_to_where_nobody_shall_go_are_not_followed(world, path, told):
    with pytest.raises(OSError, match=told):
        fetch.fetch(world[0] + path)


def test_size_and_time_are_bounded(world, monkeypatch):
    from dataclasses import replace

    allowed = fetch.limits()
    small = replace(allowed, time=replace(allowed.time, fetch=0.5))
    with pytest.raises(Refused, match=f"larger than {allowed.bytes.fetch}"):
        fetch.fetch(f"{world[0]}/large").read()
    monkeypatch.setattr(fetch, "limits", lambda: small)
    with pytest.raises(Refused, match="within 0.5 s"):
        fetch.fetch(f"{world[0]}/slow").read()
    begin = time.monotonic()
    with pytest.raises(OSError):
        fetch.fetch(f"{world[0]}/drip").read()
    assert time.monotonic() - begin < 2
