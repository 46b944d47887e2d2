"""Tables that a query uploads by their address are fetched from the world alone: never from inside the site.

DaCHS 2.11 fetches every address that a user names, also those that only the server can reach. Here the addresses that
a name stands for are looked at, and the connection goes to one that was looked at; so after every redirect. Refused
are all that are not public (loopback, private, link-local, multicast, reserved), other schemes than http and https,
and what is larger or slower than etc/limits.yaml says. ``use_in_dachs`` is called in every process (launch.py).
"""

import contextlib
import http.client
import ipaddress
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from processing.answer.limits import limits

REDIRECTS = 3
PIECE = 1 << 16


class Refused(OSError):
    """An address that is not fetched; the text is for the user."""


def fetch(url, **_):
    """The content at ``url`` as a binary file; Refused or OSError with a sentence when it is not to be had."""
    words = urllib.parse.urlsplit(url)
    if words.scheme.lower() not in ("http", "https") or not words.hostname:
        raise Refused(f"expected an address that begins with http:// or https://, found {url[:200]}")
    until = time.monotonic() + limits().time.fetch
    try:
        answer = _opener(until).open(url, timeout=limits().time.fetch)
    except urllib.error.HTTPError as error:
        raise OSError(f"{url[:200]} answers with the status {error.code}") from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, Refused):
            raise error.reason from None
        raise OSError(f"{url[:200]} does not answer") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, Refused):
            raise
        raise OSError(f"{url[:200]} does not answer as a web server does") from None
    return Bounded(answer, limits().bytes.fetch, until)


class Bounded:
    """A file of which no more than ``most`` bytes, and nothing after the moment ``until``, is read."""

    def __init__(self, file, most, until):
        self.file, self.left, self.until = file, most, until

    def read(self, size=-1):
        """At most ``size`` bytes; Refused beyond the bounds."""
        if size is not None and size >= 0:
            return self._read_some(size)
        pieces = []
        while piece := self._read_some(PIECE):
            pieces.append(piece)
        return b"".join(pieces)

    def _read_some(self, size):
        if time.monotonic() > self.until:
            raise Refused(f"the table to upload did not come within {limits().time.fetch:g} s")
        try:
            data = self.file.read1(min(size, PIECE))
        except TimeoutError:
            self.until = 0
            return self._read_some(size)
        self.left -= len(data)
        if self.left < 0:
            raise Refused(f"the table to upload is larger than {limits().bytes.fetch} bytes")
        return data

    def info(self):
        return self.file.info()

    def close(self):
        self.file.close()


def public_addresses(host, port, allowed=()):
    """What getaddrinfo says of a host; Refused when any of its addresses is inside and the host not ``allowed``."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused(f"the name {host[:100]} is not known") from None
    if host.lower() not in allowed and not all(is_public(place[0]) for *_, place in found):
        raise Refused(f"{host[:100]} is not a public address: tables are fetched from the world alone")
    return found


def is_public(address):
    """Whether an address (as text) is reached from everywhere."""
    known = ipaddress.ip_address(address.partition("%")[0])
    for inner in (getattr(known, "ipv4_mapped", None), getattr(known, "sixtofour", None), _translated(known)):
        if inner is not None:
            return is_public(str(inner))
    return known.is_global and not known.is_multicast and not known.is_reserved


def _translated(known):
    """The address of IPv4 in one of IPv6 that a gateway translates (RFC 6052)."""
    if known.version == 6 and known in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(known) & 0xFFFFFFFF)
    return None


def _connect(host, port, until):
    """A socket to one of the addresses that were looked at; a name is asked for once, and not again."""
    last = Refused(f"the name {host[:100]} is not known")
    for family, kind, protocol, _, place in public_addresses(host, port, limits().network.upload_hosts):
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(max(0.1, until - time.monotonic()))
            made.connect(place)
            return made
        except OSError as error:
            made.close()
            last = error
    raise last


def _ending(connected, until):
    """The socket, which ends at that moment whatever comes: a header may come byte by byte for ever."""
    def end():
        with contextlib.suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0, until - time.monotonic()) + 0.1, end)
    timer.daemon = True
    timer.start()
    return connected


def _opener(until):
    """An opener that knows no proxy, no other scheme and no file."""
    class Plain(http.client.HTTPConnection):
        def connect(self):
            self.sock = _ending(_connect(self.host, self.port, until), until)

    class Secure(http.client.HTTPSConnection):
        def connect(self):
            plain = _connect(self.host, self.port, until)
            self.sock = _ending(self._context.wrap_socket(plain, server_hostname=self.host), until)

    class Plainly(urllib.request.HTTPHandler):
        def http_open(self, request):
            return self.do_open(Plain, request)

    class Securely(urllib.request.HTTPSHandler):
        def https_open(self, request):
            return self.do_open(Secure, request)

    class Redirected(urllib.request.HTTPRedirectHandler):
        max_redirections, max_repeats = REDIRECTS, REDIRECTS

    made = urllib.request.OpenerDirector()
    for handler in (Plainly(), Securely(), Redirected(), urllib.request.HTTPErrorProcessor(),
                    urllib.request.HTTPDefaultErrorHandler(), urllib.request.UnknownHandler()):
        made.add_handler(handler)
    made.addheaders = [("User-Agent", "2MASS in a Box (IVOA-copy)")]
    return made


def use_in_dachs():
    """DaCHS's TAP fetches this way; its other services take no table by its address, which would hold up the server."""
    from gavo import base, utils
    from gavo.protocols import dali, tap

    utils.urlopenRemote = fetch
    tap.UPLOAD_METHODS.pop("upload-ftp", None)
    parse = tap.parseUploadString

    def parse_known(text):
        uploads = parse(text)
        for name, source in uploads:
            if not source.startswith(("param:", "http://", "https://")):
                raise base.ValidationError(f"expected param:..., http://... or https://... for the table {name}, found "
                                           f"{source[:100]}", "UPLOAD")
        return uploads

    tap.parseUploadString = parse_known

    class NoURLUpload:
        def __init__(self, url, name):
            raise base.ValidationError("This service takes uploads with the request itself (param:...) alone, not "
                                       "by an address; TAP does", "UPLOAD")

    dali.URLUpload = NoURLUpload
