"""Simple Cone Search on the roads of synchronous TAP: one query on a kept connection, its rows by the kernel.

What is around the rows is DaCHS's: it writes the answer to a cone of its own without rows once, and where this tells
of the cone and the request, those of the others are put. What else than a place, a radius, VERB, MAXREC and a format
of VOTables is asked for, and what is wrong, goes DaCHS's own way.

The index of places is asked by ``q3c_join`` for small cones, which takes 0.3 ms; DaCHS asks by ``q3c_radial_query``,
whose hundred ranges take 5.5 ms to plan and are worth it for large ones.
"""

import io
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from types import SimpleNamespace
from xml.sax.saxutils import escape

from processing.answer import abandoned, connections, votable_bytes
from processing.answer.columns import declared_kinds, describe
from processing.answer.copy_rows import TABLEDATA, Query, Rows
from processing.answer.question import NotCovered
from processing.answer.row_limits import Limit
from processing.answer.tap_sync import begun, give

PARAMETERS = {"ra", "dec", "sr", "verb", "maxrec", "responseformat", "_dboptions_order"}

SMALL = 0.25
"""deg, the radius up to which q3c_join is the faster one."""

CONDITIONS = {True: "q3c_join(%%(%s)s, %%(%s)s, {ra}, {dec}, %%(%s)s)",
              False: "q3c_radial_query({ra}, {dec}, %%(%s)s, %%(%s)s, %%(%s)s)"}  # fmt: skip
"""For small cones and for others."""

EXAMPLE = {"RA": 123.456789012, "DEC": 12.3456789012, "SR": 0.123456789012}
URI = b"/the-address-of-an-example"
"""Of the cone that DaCHS writes the answer to."""

KEPT = 200
"""Forms of answers, by service, VERB, MAXREC and format."""


@dataclass(frozen=True)
class Asked:
    """A cone as understood (deg), and what decides about the form of the answer."""

    ra: float
    dec: float
    sr: float
    verb: str | None
    maxrec: str | None
    named: str | None

    @property
    def form(self):
        return self.verb, self.maxrec, self.named, self.sr <= SMALL


@dataclass(frozen=True)
class Form:
    """All of an answer but its cone.

    ``heads``: by whether there is an overflow, what is before the rows; ``end`` is behind them. In ``sql`` and the
    heads there are places for what differs.
    """

    sql: str
    heads: dict
    end: bytes
    columns: list
    headers: dict
    coding: str
    kernel_form: int
    limit: int


# ---- what is asked


def understood(request):
    """The cone that a request asks for; None when there is more to it or something wrong with it."""
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


# ---- the form of the answer, by DaCHS


_forms = {}


def form_of(page, asked):
    """The Form of the answer to what is asked of a service; kept until DaCHS reads the service's descriptor again."""
    service = page.service
    key, content = (service.getFullId(), *asked.form), service.rd.idmap
    kept = _forms.get(key)
    if not kept or kept[0] is not content:
        if len(_forms) >= KEPT:
            _forms.clear()
        kept = _forms[key] = content, _new_form(page, asked)
    return kept[1]


def _new_form(page, asked):
    """A Form, by the steps of DaCHS's DBCore.run, with the rows left out."""
    from gavo import formats, svcs

    given = {**{name: repr(value) for name, value in EXAMPLE.items()}, "_DBOPTIONS_ORDER": ["_r"]}
    optional = {"VERB": asked.verb, "MAXREC": asked.maxrec, "RESPONSEFORMAT": asked.named}
    given |= {name: value for name, value in optional.items() if value is not None}
    made = {overflow: _Example(page, svcs.QueryMeta(given, defaultLimit=page.defaultLimit), given, asked.sr <= SMALL,
                               overflow) for overflow in (False, True)}  # fmt: skip
    coding, kernel_form = votable_bytes.CODINGS[formats.getKeyFor(asked.named or "votable")]
    cut = {overflow: example.text.partition(votable_bytes.ROWS[coding]) for overflow, example in made.items()}
    heads = {overflow: _with_places(before + begin, made[overflow].pars) for overflow, (before, begin, _) in cut.items()}
    plain = made[False]
    if not cut[False][1] or cut[False][2] != cut[True][2]:
        raise NotCovered("DaCHS writes the table without rows in another way than expected")
    return Form(plain.sql, heads, cut[False][2], describe(plain.table), plain.headers, coding, kernel_form, plain.limit)


class _Example:
    """What DaCHS makes of the example: SQL with places for its parameters, table without rows, text and headers."""

    def __init__(self, page, query, given, small, overflow):
        from gavo import base, rsc
        from gavo.svcs import inputdef

        service, core = page.service, page.service.getCoreFor(page, query)
        words = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
        arguments = inputdef.CoreArgs.fromRawArgs(core.inputTable, words, service.getContextGrammarFor(page, query, core))
        query["renderer"], query["inputTable"], self.limit = page, arguments, query["dbLimit"]
        described = core._makeResultTableDef(service, arguments, query)
        described.copyMetaFrom(core.queriedTable)
        query.overrideDbOptions(limit=core.limit, sortKeys=core.sortKey and core.sortKey.split(","),
                                sortFallback=core.getProperty("defaultSortKey", None))
        _, self.pars = core._getSQLWhere(arguments, query)
        condition = _condition(core, self.pars, small)
        described.addMeta("info", repr(self.pars), infoName="queryPars", infoValue=condition)
        with base.getTableConn() as connection:
            queried = rsc.TableForDef(core.queriedTable, nometa=True, create=False, connection=connection)
            _, sql, _ = queried.getQuery(described, condition, {}, limits=query.asSQL())
        self.sql = _with_centre(sql)
        table = rsc.InMemoryTable(described, rows=[None] if overflow else [])
        core._addQueryStatus(table, {"dbLimit": 0} if overflow else query)
        self._write(page, query, service.adaptCoreRes(table, query))

    def _write(self, page, query, data):
        file, self.headers = io.BytesIO(), {}
        request = SimpleNamespace(uri=URI, client=True, setHeader=self.headers.__setitem__, write=file.write)
        page.queryMeta = query
        page._formatOutput(data, request, stream=False)
        self.text, self.table = file.getvalue(), data.getPrimaryTable()


def _condition(core, pars, small):
    """The condition of a cone with the names of parameters that DaCHS has given to the example's."""
    names = {value: name for name, value in pars.items()}
    if set(names) != set(EXAMPLE.values()):
        raise NotCovered(f"this service asks for more than a cone: {pars}")
    texts = CONDITIONS[small].format(ra=core.raColumn.name, dec=core.decColumn.name)
    return texts % tuple(names[EXAMPLE[name]] for name in ("RA", "DEC", "SR"))


CENTRE = "spoint '(%fd,%fd)'"
"""The place from which DaCHS measures distances."""


def _with_centre(sql):
    centre = CENTRE % (EXAMPLE["RA"], EXAMPLE["DEC"])
    if sql.count(centre) != 1:
        raise NotCovered("DaCHS measures the distance from a cone in another way than expected")
    return sql.replace(centre, "%(centre)s")


def _with_places(text, pars):
    """The text cut into pieces where the example's parameters, its address and the date stand; with their names."""
    marks = {re.escape(escape(repr(pars)).encode()): "pars", re.escape(URI): "uri",
             b'(?<=<INFO name="request_date" ucd="time.creation" value=")[^"]*': "date"}  # fmt: skip
    found = sorted((match.span(), name) for mark, name in marks.items() for match in re.finditer(mark, text))
    if [name for _, name in found].count("pars") != 1 or [name for _, name in found].count("uri") != 1:
        raise NotCovered("DaCHS tells of a cone in another way than expected")
    pieces, begin = [], 0
    for (start, end), name in found:
        pieces += [text[begin:start], name]
        begin = end
    return (*pieces, text[begin:]), tuple(pars)


def filled(head, asked, uri):
    """What is before the rows, for a cone and the address that asked for it."""
    pieces, names = head
    values = {
        "pars": lambda: escape(repr(parameters(asked, names))).encode(),
        "uri": lambda: escape(uri.decode("utf-8", "replace"), {'"': "&quot;"}).encode(),
        "date": lambda: datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ").encode(),
    }
    return b"".join(piece if isinstance(piece, bytes) else values[piece]() for piece in pieces)


def parameters(asked, names):
    """The numbers of the cone by DaCHS's names of parameters, RA0 and so on."""
    numbers = {"RA": asked.ra, "DEC": asked.dec, "SR": asked.sr}
    return {name: numbers[name.rstrip("0123456789")] for name in names}


def sql_of(form, asked):
    """The SQL of the cone: nothing comes into it but numbers."""
    names = tuple(form.heads[False][1])
    numbers = {name: repr(float(value)) for name, value in parameters(asked, names).items()}
    return form.sql % {**numbers, "centre": CENTRE % (asked.ra, asked.dec), "_matchLimit": form.limit + 1}


# ---- the answer


def blocks_of(form, asked, uri, whole):
    """The answer, as it comes; the first thing is what ends its query when called.

    An overflow is told before the rows when they are few, behind them, as DALI has it, when there are more than
    ``whole`` bytes.
    """
    from gavo import base

    settings = (("statement_timeout", f"{int(base.getConfig('web', 'sqlTimeout') * 1000)} ms"), ("enable_seqscan", "no"))
    with connections.lend() as lent:
        yield lent.cancel
        query = Query(lent.connection, sql_of(form, asked), settings)
        try:
            yield from _blocks(form, asked, uri, query, whole)
        finally:
            query.close()


def _blocks(form, asked, uri, query, whole):
    kinds, targets = declared_kinds(form.columns, query.types)
    fields = [votable_bytes._field(*of, form.kernel_form) for of in zip(form.columns, kinds)]
    limit = Limit(form.limit)
    with Rows(fields, form.kernel_form, limit, base64=form.kernel_form != TABLEDATA) as rows:
        blocks, taken, size = query.blocks(rows, targets), [], 0
        for block in blocks:
            taken.append(block)
            size += len(block)
            if size > whole:
                yield filled(form.heads[False], asked, uri) + b"".join(taken)
                yield from blocks
                rows.tell(limit)
                yield _told_behind(form.end) if limit.exceeded else form.end
                return
        rows.tell(limit)
        yield filled(form.heads[limit.exceeded], asked, uri) + b"".join(taken) + form.end


def _told_behind(end):
    return end.replace(b"</TABLE>", b"</TABLE>" + votable_bytes.OVERFLOW, 1)


def begin(page, asked, uri):
    """The beginning of the answer, in a thread."""
    from processing.answer.tap_sync import WHOLE

    form = form_of(page, asked)
    return connections.trying_again(lambda: begun(blocks_of(form, asked, uri, WHOLE))), form


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
    import sys

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
