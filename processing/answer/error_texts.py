"""What a user is told of an error: a sentence and a status; the log gets the rest.

DaCHS 2.11 hands on what Python and PostgreSQL say, with names of files and functions, and answers 500 to most of what
its users do wrong. Here, what is the user's to mend is 400 and told as DaCHS tells it, without what is inside the
server; a database that is away is 503; everything else is a fault with a number, under which the log has it all.
"""

import re
import secrets
import traceback
from dataclasses import dataclass

AWAY = "the database is away for a moment, probably because it is being restarted; please ask again in a few seconds"

FAULT = "this server has a fault, which is not yours: its operators find it in their log under the number"

UNTRANSLATED = "this server cannot translate this query into SQL; its operators find why in their log under the number"

TOO_LONG = 2000
"""Characters of a sentence for a user."""

INSIDE = re.compile(
    r"\[Errno|Traceback|0x[0-9a-f]{6,}|<class |<function |<built-in|NoneType|KeyError|TypeError|recursion depth|"
    r"object (is not|has no|does not|of type|cannot)|has no attribute|unexpected keyword|positional argument|"
    r"index out of range|not enough values|too many values|unhashable|codec can't|psycopg2|site-packages|"
    r"dist-packages|unsupported operand|can only concatenate|must be str", re.IGNORECASE)  # fmt: skip
"""Words of Python, which no sentence for users has."""

GOES_ON = re.compile(r"\n?(LINE \d+:|CONTEXT:|DETAIL:|HINT:|QUERY:).*", re.DOTALL)
"""What PostgreSQL says after its sentence: the SQL that it was sent, and where in its functions it was."""

FILE = re.compile(r"(?<![\w.:/])/(?:[\w.+-]+/){2,}[\w.+-]*")
"""A path; addresses have a colon or a host before it."""

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")
"""What XML cannot hold."""


@dataclass(frozen=True)
class Told:
    """What the user gets of an error."""

    text: str
    hint: str | None = None
    status: int = 400


def told(error):
    """The Told of an exception, of what DaCHS keeps of one (a dict), or of a text."""
    if isinstance(error, dict):
        return _of_text(error.get("msg") or "", error.get("hint"), error.get("httpCode"))
    if not isinstance(error, BaseException):
        return _of_text(str(error), None, None)
    if any(kind.__module__.startswith("psycopg2") for kind in type(error).__mro__):
        return _of_database(error)
    if not _is_for_users(error):
        return Told(fault(error), status=500)
    return _of_text(str(error), getattr(error, "hint", None), getattr(error, "httpCode", None))


def fault(error, sentence=FAULT):
    """Put an exception into the log under a new number, and return the sentence that names it."""
    from gavo import base

    number = secrets.token_hex(4)
    base.ui.notifyError(f"Fault {number}: " + "".join(traceback.format_exception(error)))
    return f"{sentence} {number}"


def plain(text):
    """A text without what is inside the server, at most TOO_LONG."""
    text = FILE.sub("(a file here)", GOES_ON.sub("", CONTROL.sub("?", text))).strip()
    return text if len(text) <= TOO_LONG else text[:TOO_LONG] + "..."


def _is_for_users(error):
    """Whether somebody wrote the text of an exception for users: DaCHS's own, and those of its parser."""
    from gavo import base
    from gavo.utils.parsetricks import ParseBaseException

    return isinstance(error, (base.Error, base.ExecutiveAction, ParseBaseException))


def _of_text(text, hint, status):
    if "Cannot connect to the database" in text or AWAY in text:
        return Told(AWAY, status=503)
    if INSIDE.search(text):
        return Told(fault(RuntimeError(text)), status=500)
    hint = None if hint is None or INSIDE.search(hint) else plain(hint)
    return Told(plain(text), hint, 500 if FAULT in text else status or 400)


def _of_database(error):
    """By SQLSTATE (PostgreSQL, appendix A): without one, or 08, 57P, 53, the database is away or full."""
    code = error.pgcode or ""
    if code == "57014":
        return Told("the query took longer than is allowed; an asynchronous job may take longer")
    if not code or code.startswith(("08", "57P", "53")):
        return Told(AWAY, status=503)
    if code.startswith(("0A", "21", "22", "2201", "42", "54")) or code in ("P0001", "XX000"):
        return Told("the database refuses this: " + plain(str(error)))
    return Told(fault(error), status=500)


def use_in_dachs():
    """In every process: what DaCHS keeps of an error in a job, and what it makes of one from the database."""
    from gavo import base, svcs
    from gavo.protocols import adqlglue, taprunner, uws
    from gavo.svcs import standardcores

    def map_database_errors(kind, error, trace, original=svcs.mapDBErrors):
        if any(part.__module__.startswith("psycopg2") for part in kind.__mro__) and told(error).status == 400:
            base.ui.notifyWarning(f"The database refuses a query: {error}")
            if error.pgcode != "57014":
                raise base.ValidationError(told(error).text, "query")
        elif any(part.__module__.startswith("psycopg2") for part in kind.__mro__):
            raise base.ReportableError(told(error).text)
        original(kind, error, trace)

    svcs.mapDBErrors = standardcores.mapDBErrors = map_database_errors
    uws.BaseUWSJob._encode_error = _encoded(uws.BaseUWSJob._encode_error)
    taprunner._hangIfMagic = lambda *_: None  # two queries that hang and crash the server, for DaCHS's own tests
    adqlglue.morphADQL = _translating(adqlglue.morphADQL)


def _encoded(encode):
    def encoded(job, error):
        if error is None:
            return encode(job, None)
        said = told(error)
        return encode(job, {"msg": said.text, "hint": said.hint, "httpCode": said.status})

    return encoded


def _translating(translate):
    def translating(*args, **options):
        from gavo import adql, base

        try:
            return translate(*args, **options)
        except RecursionError:
            raise base.ValidationError("This query is nested too deeply", "query") from None
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, AssertionError,
                NotImplementedError) as error:
            if isinstance(error, (base.Error, adql.Error)):
                raise
            raise base.ValidationError(fault(error, UNTRANSLATED), "query") from None

    return translating


def use_in_server():
    """In the server: DALI's errors, those of cone searches, pages, and what breaks while an answer is sent."""
    from gavo.protocols import dali
    from gavo.svcs import streaming
    from gavo.web import vodal, weberrors

    dali.getDALIError = _in_a_table(dali.getDALIError)
    dali.serveDALIError = serve_error
    cone_error = vodal.SCSRenderer._writeErrorTable

    def tell_cone(page, request, error, httpStatus=200, queryStatus="ERROR"):
        said = told(error)
        if request.client and said.status >= 500:
            request.setResponseCode(said.status)
        cone_error(page, request, said.text, httpStatus, queryStatus)

    vodal.SCSRenderer._writeErrorTable = tell_cone
    weberrors.getDCErrorPage = _page_of(weberrors.getDCErrorPage)
    weberrors._formatFailure = lambda failure: weberrors.errorTemplate.encode() % told(failure.value).text.encode()
    streaming.streamOut = _breaking_off(streaming.streamOut)


def _in_a_table(make):
    def made(error, **options):
        said = told(error)
        return make({"msg": said.text, "hint": said.hint, "httpCode": said.status}, **options)

    return made


def serve_error(request, error, *, httpStatus=None, queryStatus="ERROR"):
    """In the place of DaCHS's serveDALIError: 200 stays what it is for old protocols, 500 becomes what is right."""
    from gavo import utils
    from gavo.protocols import dali
    from twisted.web import server

    if request._disconnected:
        return server.NOT_DONE_YET
    table, status = dali.getDALIError(error, queryStatus=queryStatus, request=request)
    request.setHeader("content-type", "text/xml")
    request.setResponseCode(status if httpStatus in (None, 500) or status >= 429 else httpStatus)
    if status in (429, 503):
        request.setHeader("retry-after", "5")
    request.write(utils.xmlrender(table, prolog="<?xml-stylesheet href='/static/xsl/dalierror-to-html.xsl' "
                                                "type='text/xsl'?>"))
    request.finish()
    return server.NOT_DONE_YET


def _page_of(choose):
    """DaCHS's page for an error, with the sentence for users in the place of what Python says."""
    def page_of(failure):
        from twisted.python.failure import Failure

        failure = failure or Failure()
        page, said = choose(failure), None
        if page.status >= 500 or "database" in failure.getErrorMessage():
            said = told(failure.value)
            page.status = said.status if said.status != 400 else page.status
            page.flr = Failure(type(page).handles(said.text) if page.status != 500 else Fault(said.text))
        return page

    return page_of


class Fault(Exception):
    """What stands on a page in the place of an exception that is not for users."""


def _breaking_off(stream):
    """What is streamed ends without an end when it fails; DaCHS writes what Python says into it."""
    def stream_out(write, request, queryMeta=None):
        def write_or_break(file):
            from gavo.svcs import streaming
            from twisted.internet import reactor

            try:
                write(file)
            except OSError:
                raise
            except Exception as error:
                fault(error)
                reactor.callFromThread(lambda: request.channel and request.transport.abortConnection())
                raise streaming.StopWriting("broken off") from None

        return stream(write_or_break, request, queryMeta)

    return stream_out
