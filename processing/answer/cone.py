"""Simple Cone Search on the roads of synchronous TAP: one query on a kept connection, its rows by the kernel.

What is around the rows is DaCHS's (cone_form.py). What else than a place, a radius, VERB, MAXREC and a format of
VOTables is asked for, and what is wrong, goes DaCHS's own way.
"""

import re
import sys

from processing.answer import abandoned, connections, votable_bytes
from processing.answer.columns import declared_kinds
from processing.answer.cone_form import Asked, form_of
from processing.answer.copy_rows import TABLEDATA, Query, Rows
from processing.answer.question import NotCovered
from processing.answer.row_limits import Limit
from processing.answer.tap_sync import WHOLE, begun, give

PARAMETERS = {"ra", "dec", "sr", "verb", "maxrec", "responseformat", "_dboptions_order"}

# ---- what is asked


def understood(request):
    """The cone that a request asks for; None when there is more to it or something wrong with it."""
    if request.isSecure():  # then DaCHS writes other addresses into the answer
        return None
    given = {name.lower(): values for name, values in request.strargs.items()}
    if len(given) != len(request.strargs) or not set(given) <= PARAMETERS or request.files or request.getUser():
        return None
    if given.pop("_dboptions_order", ["_r"]) != ["_r"] or any(len(values) != 1 for values in given.values()):
        return None
    return _understood({name: values[0] for name, values in given.items()})


def _understood(given):
    from gavo import base, formats

    most = base.getConfig("ivoa", "dalHardLimit")
    try:
        ra, dec, sr = (float(given[name]) for name in ("ra", "dec", "sr"))
        known = formats.getKeyFor(given.get("responseformat", "votable")) in votable_bytes.CODINGS
    except (KeyError, ValueError, formats.CannotSerializeIn):
        return None
    if not (known and 0 <= ra <= 360 and -90 <= dec <= 90 and 0 < sr <= 180):  # none of which NaN is
        return None
    if given.get("verb", "2") not in ("1", "2", "3"):
        return None
    if not re.fullmatch("[1-9][0-9]{0,7}", given.get("maxrec", "1"), re.ASCII) or int(given.get("maxrec", 1)) > most:
        return None
    return Asked(ra, dec, sr, given.get("verb"), given.get("maxrec"), given.get("responseformat"))


# ---- the answer


def blocks_of(form, asked, uri):
    """The answer, as it comes; the first thing is what ends its query when called.

    An overflow is told before the rows, as DaCHS does, when they are few; behind them, as DALI has it, when there are
    more than WHOLE bytes.
    """
    from gavo import base

    seconds = base.getConfig("web", "sqlTimeout")
    settings = (("statement_timeout", f"{int(seconds * 1000)} ms"), ("enable_seqscan", "no"))
    with connections.lend() as lent:
        yield lent.cancel
        query = Query(lent.connection, form.sql(asked), settings)
        try:
            yield from _blocks(form, asked, uri, query)
        finally:
            query.close()


def _blocks(form, asked, uri, query):
    kinds, targets = declared_kinds(form.columns, query.types)
    fields = [votable_bytes._field(*of, form.kernel_form) for of in zip(form.columns, kinds)]
    limit = Limit(form.limit)
    with Rows(fields, form.kernel_form, limit, base64=form.kernel_form != TABLEDATA) as rows:
        blocks, taken, size = query.blocks(rows, targets), [], 0
        for block in blocks:
            taken.append(block)
            size += len(block)
            if size > WHOLE:
                yield form.heads[False].filled(asked, uri) + b"".join(taken)
                yield from blocks
                rows.tell(limit)
                yield _told_behind(form.end) if limit.exceeded else form.end
                return
        rows.tell(limit)
        yield form.heads[limit.exceeded].filled(asked, uri) + b"".join(taken) + form.end


def _told_behind(end):
    return end.replace(b"</TABLE>", b"</TABLE>" + votable_bytes.OVERFLOW, 1)


def begin(page, asked, uri):
    """The beginning of the answer, in a thread."""
    form = form_of(page, asked)
    return connections.trying_again(lambda: begun(blocks_of(form, asked, uri))), form


def answer(page, request, asked, otherwise):
    """Have a thread answer; ``otherwise()`` when it turns out that this is DaCHS's to do."""
    from twisted.web import server

    def send(made):
        answer_begun, form = made
        for name, value in form.headers.items():
            request.setHeader(name, value)
        give(request, form.headers["content-type"], answer_begun)

    def fail(failure):
        return otherwise() if failure.check(NotCovered) else _tell(page, request, failure)

    work = abandoned.run_for(request, begin, page, asked, request.uri)
    work.addCallbacks(send, fail).addErrback(request.finishCallback)
    return server.NOT_DONE_YET


def _tell(page, request, failure):
    """What DaCHS tells of a query that failed."""
    from gavo import svcs
    from twisted.python.failure import Failure

    try:
        failure.raiseException()
    except Exception:
        try:
            svcs.mapDBErrors(*sys.exc_info())
        except Exception:
            return page._handleInputErrors(Failure(), request)


def use_in_server():
    """Put this before DaCHS's own answer to cone searches of plain tables."""
    from gavo.protocols import scs
    from gavo.web import vodal

    stock = vodal.SCSRenderer.render

    def render(page, request, sync=False):
        covered = not sync and type(page.service.core) is scs.SCSCore and _is_by_q3c(page.service.core)
        asked = understood(request) if covered else None
        if asked is None:
            return stock(page, request, sync)
        return answer(page, request, asked, lambda: stock(page, request))

    vodal.SCSRenderer.render = render


def _is_by_q3c(core):
    return "q3c" in (core.raColumn.isIndexed() or []) and not core.groupBy and not core.distinct
