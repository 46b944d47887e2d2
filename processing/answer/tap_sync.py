"""Synchronous TAP queries without the books of a job: understood, run on a kept connection, and answered as bytes.

What has more to it than a query, a format and a number of rows (a table uploaded, a user, a parameter twice) goes
DaCHS's own way. What is not covered by the writers here (writers.py) is written by DaCHS's.
"""

import contextlib
import sys
import tempfile
from dataclasses import dataclass

from processing.answer import abandoned, connections
from processing.answer.question import NotCovered
from processing.answer.request_bounds import at_most
from processing.answer.translate import Translator

PARAMETERS = {"request", "lang", "query", "format", "responseformat", "maxrec", "version", "runid"}
"""Those that are understood here; RUNID is for the log."""

WHOLE = 400_000
"""Bytes up to which an answer is sent in one piece when all of it is there; more is streamed as it comes."""

translator = Translator()


@dataclass(frozen=True)
class Asked:
    """A synchronous query as understood. ``key`` is DaCHS's name of the format, ``maxrec`` None if not given."""

    query: str
    key: str
    media_type: str
    maxrec: int | None


@dataclass(frozen=True)
class Begun:
    """An answer: its first bytes, and an iterator of the rest or None. ``cancel()`` ends the query of the rest."""

    first: bytes
    rest: object = None
    cancel: object = None

    def all(self):
        yield self.first
        yield from self.rest

    def close(self):
        if self.rest is not None:
            self.rest.close()


# ---- what is asked


def understood(request):
    """What a request asks; None when it asks for something that is not covered here, or wrongly."""
    given = {name.lower(): values for name, values in request.strargs.items()}
    if len(given) != len(request.strargs) or not set(given) <= PARAMETERS or request.files or request.getUser():
        return None
    if any(len(values) != 1 or not isinstance(values[0], str) for values in given.values()):
        return None
    return _understood({name: values[0] for name, values in given.items()})


def _understood(given):
    from gavo import formats
    from gavo.protocols import tap, taprunner, uws

    if not given.get("query") or given.get("request", "doQuery") != "doQuery":
        return None
    try:
        maxrec = int(given["maxrec"]) if "maxrec" in given else None
        taprunner._assertSupportedLanguage(None, given["lang"])
        named = given.get("responseformat", "").lower() or given.get("format") or "votable"
        key = formats.getKeyFor(named)
    except (KeyError, ValueError, uws.UWSError, formats.CannotSerializeIn):
        return None
    if given.get("version", tap.TAP_VERSION) != tap.TAP_VERSION:
        return None
    return Asked(given["query"], key, formats.getMIMEFor(key, named), maxrec)


# ---- the answer, made in a thread


def begin(asked):
    """The Begun answer; NotCovered for what is DaCHS's to do, its errors for what is wrong."""
    from gavo import base

    maxrec = base.getConfig("async", "defaultMAXREC") if asked.maxrec is None else asked.maxrec
    most = at_most(base.getConfig("async", "hardMAXREC"), asked.key)
    question = translator.question(asked.query, min(maxrec, most))
    try:
        return connections.trying_again(lambda: begun(bytes_of(question, asked.key)))
    except NotCovered:
        return connections.trying_again(lambda: begun(bytes_by_dachs(question, asked.key)))


def bytes_of(question, key):
    """The answer to a question, as it comes; the first thing is what ends its query when called."""
    from processing.answer.writers import chunks

    with connections.lend() as lent:
        yield lent.cancel
        yield from chunks(question, lent.connection, key)


def bytes_by_dachs(question, key):
    """The answer to a question by DaCHS's writers, which write all before they say that it is well."""
    from gavo import rsc
    from gavo.protocols import taprunner

    with tempfile.TemporaryFile() as file:
        with connections.lend() as lent:
            yield lent.cancel
            with _cursors(lent.connection, question.settings):
                table = rsc.QueryTable(question.table.tableDef, question.sql, lent.connection)
                table.meta_ = question.table.meta_
                taprunner.writeResultTo(key, taprunner._makeDataFor(table), file)
        file.seek(0)
        while block := file.read(1 << 18):
            yield block


@contextlib.contextmanager
def _cursors(connection, settings):
    """Let a connection have cursors, for which it needs a transaction, and these settings in it."""
    connection.autocommit = False
    try:
        with connection.cursor() as cursor:
            for name, value in settings:
                cursor.execute(f"SET LOCAL {name} TO %s", [str(value)])
        yield
    finally:
        if not connection.closed:
            connection.rollback()
            connection.autocommit = True


def begun(parts):
    """The Begun answer of an iterator whose first thing is what ends the query when called."""
    cancel, taken, size = next(parts), [], 0
    for part in parts:
        taken.append(part)
        size += len(part)
        if size > WHOLE:
            return Begun(b"".join(taken), parts, cancel)
    return Begun(b"".join(taken))


def as_dachs_tells(error):
    """The error that DaCHS would tell of when it met this one in a job."""
    from gavo import base
    from gavo.protocols import adqlglue

    try:
        raise error
    except Exception:
        try:
            adqlglue.mapADQLErrors(*sys.exc_info())
        except Exception as told:
            return base.Error(str(told), hint=getattr(told, "hint", None))


# ---- the hook


def answer(request, asked, otherwise):
    """Have a thread answer; ``otherwise()`` when it turns out that this is DaCHS's to do."""
    from twisted.web import server

    def fail(failure):
        return otherwise() if failure.check(NotCovered) else _tell(request, failure)

    work = abandoned.run_for(request, lambda: (begin(asked),))
    work.addCallbacks(lambda made: give(request, asked.media_type, *made), fail).addErrback(request.finishCallback)
    return server.NOT_DONE_YET


def give(request, media_type, answer):
    """Send what has Begun."""
    from processing.answer.stream import deliver

    if answer.rest is not None:
        deliver(request, media_type, answer.all, answer.cancel)
        return
    request.setHeader("content-type", media_type)
    request.setHeader("content-length", str(len(answer.first)))
    request.write(answer.first)
    request.finish()


def _tell(request, failure):
    from gavo import base
    from gavo.protocols import dali

    if not isinstance(failure.value, base.Error):
        base.ui.notifyFailure(failure)
    dali.serveDALIError(request, as_dachs_tells(failure.value))


def use_in_server():
    """Put this before DaCHS's own answer to /tap/sync; the kept shapes are one of the caches that DaCHS empties."""
    from gavo import base
    from gavo.web import syncrender

    base.caches.registerCache("twomassShapes", translator.known, translator.known.get)
    stock = syncrender.SyncRenderer.render

    def render(page, request):
        asked = understood(request) if page.service.core.name_ == "tapCore" else None
        if asked is None:
            return stock(page, request)
        return answer(request, asked, lambda: stock(page, request))

    syncrender.SyncRenderer.render = render
