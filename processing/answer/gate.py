"""Who may ask now: queries of one client at a time and a second, and of all; 429 with Retry-After for the others.

A client is an address; if that is a proxy's (etc/limits.yaml), the one for which the proxy says it asks. Programs on
the server's own machine that name nobody are not bounded one by one. Files, and what the server says of itself, are
for everybody. 413 is the answer to a body that is too large, told as soon as it is.
"""

import ipaddress
import time
from collections import defaultdict
from dataclasses import dataclass, field

from processing.answer.limits import limits

FREE = {"static", "availability", "capabilities", "tableMetadata", "fixed", "info", "rdinfo", "logo", "examples",
        "volatile", "hips"}  # fmt: skip
"""DaCHS's renderers that give files or describe a service."""

LOCAL = "this machine"

TIMES = 5
"""How many times too large a request may be before its sender is cut off."""


@dataclass(frozen=True)
class Refusal:
    """What a client is told, and after how many seconds it may try again."""

    text: str
    seconds: int


@dataclass
class Account:
    """What one client has under way, and how much it may still begin (``left``, as of ``when``)."""

    left: float
    when: float
    running: int = field(default=0)


class Gate:
    """Counts queries. ``allowed`` are limits; a place that was entered is left again."""

    def __init__(self, allowed, clock=time.monotonic):
        self.client, self.most = allowed.client, allowed.work.threads + allowed.work.waiting
        self.clock, self.running = clock, 0
        self.accounts = defaultdict(lambda: Account(self.client.burst, clock()))

    def enter(self, client):
        """None when a query of this client may begin, else the Refusal."""
        if self.running >= self.most:
            return Refusal(f"this server is busy with {self.running} queries of all clients; please try again later",
                           10)
        account = self._account(client)
        if client != LOCAL and account.running >= self.client.queries:
            return Refusal(f"this client has {account.running} queries under way, {self.client.queries} are allowed at "
                           "a time; wait for one of them to end", 5)
        if client != LOCAL and account.left < 1:
            return Refusal(f"this client asks more than {self.client.rate:g} queries a second; please slow down",
                           max(1, round((self.client.burst / 2 - account.left) / self.client.rate)))
        account.left -= 1
        account.running += 1
        self.running += 1
        return None

    def leave(self, client):
        """A query has ended."""
        self.running -= 1
        self._account(client).running -= 1

    def forget(self):
        """Drop the accounts of clients that have been quiet for long: their memory is not theirs."""
        for client in list(self.accounts):
            account = self._account(client)
            if not account.running and account.left == self.client.burst:
                del self.accounts[client]

    def _account(self, client):
        account, now = self.accounts[client], self.clock()
        account.left = min(self.client.burst, account.left + (now - account.when) * self.client.rate)
        account.when = now
        return account


def client_of(address, forwarded, proxies):
    """Whose request it is: the last address of ``X-Forwarded-For`` that is no proxy's, if the sender is a proxy.

    Addresses of IPv6 count by their network of 64 bits, as a house has one.
    """
    asks_for = [word.strip() for word in (forwarded or "").split(",") if word.strip()]
    while address in proxies and asks_for:
        address = asks_for.pop()
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if known.is_loopback:
        return LOCAL
    if known.version == 6:
        return str(ipaddress.ip_network((known, 64), strict=False)) if not known.ipv4_mapped else str(known.ipv4_mapped)
    return address


def use_in_server():
    from gavo.web import common, root
    from twisted.internet import task

    allowed = limits()
    gate = Gate(allowed)
    find = root.ArchiveService._locateResourceBasedChild

    def find_if_allowed(service, request, segments):
        page, rest = find(service, request, segments)
        if getattr(page, "name", None) in FREE or not hasattr(page, "service"):
            return page, rest
        client = client_of(request.host_of_sender(), request.getHeader("x-forwarded-for"), allowed.network.proxies)
        refusal = gate.enter(client)
        if refusal:
            return _Refused(refusal), []
        if page.name == "async" and request.method == b"GET":
            gate.leave(client)  # who waits for a job, by asking for its phase, is no query under way
        else:
            request.notifyFinish().addBoth(lambda _: gate.leave(client))
        return page, rest

    root.ArchiveService._locateResourceBasedChild = find_if_allowed
    common.Request.host_of_sender = lambda request: getattr(request.getClientAddress(), "host", "")
    _bound_bodies(common.Request)
    task.LoopingCall(gate.forget).start(60, now=False)


def _Refused(refusal):
    from gavo.protocols import dali
    from twisted.web import resource, server

    class Refused(resource.Resource):
        isLeaf = True

        def render(self, request):
            request.setHeader("retry-after", str(refusal.seconds))
            dali.serveDALIError(request, f"{refusal.text} (retry after {refusal.seconds} s)", httpStatus=429)
            return server.NOT_DONE_YET

    return Refused()


def _bound_bodies(kind):
    """Let requests of this class keep no more of their bodies than may be, and end with 413 when more came.

    DaCHS keeps all of it, and then looks. What is too much is read and dropped, since most clients do not listen
    before they have sent everything; at TIMES as much the connection is closed.
    """
    begin, take, received = kind.gotLength, kind.handleContentChunk, kind.requestReceived

    def got_length(request, length):
        begin(request, length)
        is_sync = request.channel._path.partition(b"?")[0].endswith(b"/sync")
        request.most, request.taken = limits().bytes.sync_upload if is_sync else limits().bytes.upload, 0

    def take_some(request, data):
        request.taken += len(data)
        if request.taken <= request.most:
            take(request, data)
        elif request.taken > TIMES * request.most:
            request.channel.transport.loseConnection()

    def all_received(request, command, path, version):
        if request.taken <= request.most:
            received(request, command, path, version)
            return
        request.method, request.uri, request.clientproto, request.path = command, path, version, path.split(b"?")[0]
        text = f"the request has {request.taken} bytes, at most {request.most} are taken here".encode()
        request.setResponseCode(413)
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        request.setHeader(b"content-length", str(len(text)).encode())
        request.write(text)
        request.finish()

    kind.gotLength, kind.handleContentChunk, kind.requestReceived = got_length, take_some, all_received
