"""One line in ``state/log/requests.log`` for each request that the server answers: a JSON object.

``time`` (UTC, when it came), ``seconds`` until it was answered, ``status``, ``bytes`` sent, ``method``, ``path``, and
``asked``, its parameters, from the address or the body. A client that left before the answer has the status 499. As
in DaCHS's own log, who asked is left out unless ``logFormat: combined`` is set in etc/gavo.rc; then ``client``,
``agent`` and ``referrer`` follow. A full file gets a number behind its name, and the oldest goes.

``use_in_dachs`` puts this in the place of DaCHS's own log of requests.
"""

import json
import time
from datetime import datetime, timezone

CLIENT_LEFT = 499
"""Not a status of HTTP, but what other servers write in their logs for this."""

LONGEST = 2000
"""Characters of a parameter that are kept; long enough for most queries."""

LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}
"""What JSON leaves as it is in a text, and programs that read lines take for the end of one."""

FILE_BYTES, FILES = 20_000_000, 10


def use_in_dachs():
    from gavo import base
    from gavo.web import common, root
    from twisted.python.logfile import LogFile

    with_client = base.getConfig("web", "logFormat") == "combined"
    logs = base.getConfig("logDir")  # "dachs", or "dachs-1" and so on for further workers
    file = LogFile(f"requests{logs.name.removeprefix('dachs')}.log", str(logs.parent), rotateLength=FILE_BYTES,
                   maxRotatedFiles=FILES)

    def log(request):
        file.write(line(request, with_client))
        file.flush()

    root.site.requestFactory = timed(common.Request)
    root.site.log = log


def timed(kind):
    """The class ``kind`` of requests, knowing when it came (``came``, ``clock``) and whether its client ``left``."""

    class Timed(kind):
        left = False

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.came, self.clock = datetime.now(timezone.utc), time.monotonic()

        def connectionLost(self, reason):
            self.left = True
            return super().connectionLost(reason)

    return Timed


def line(request, with_client=False):
    """The line of a request that has been answered or whose client has left."""
    told = json.dumps({**_facts(request), **(_who(request) if with_client else {})}, ensure_ascii=False)
    return told.translate(LINE_ENDS) + "\n"


def _facts(request):
    return {
        "time": request.came.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "seconds": round(time.monotonic() - request.clock, 4),
        "status": CLIENT_LEFT if request.left else request.code,
        "bytes": int(request.sentLength),
        "method": _text(request.method),
        "path": _text(request.uri).partition("?")[0],
        "asked": {_text(name): [_short(value) for value in values] for name, values in request.args.items()},
    }


def _who(request):
    return {"client": request.getClientAddress().host, "agent": _text(request.getHeader(b"user-agent")),
            "referrer": _text(request.getHeader(b"referer"))}


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _short(value):
    """A parameter as text, cut when long; of what is no text (a table uploaded), its size."""
    try:
        text = value.decode("utf-8") if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError:
        return f"({len(value)} bytes)"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"
