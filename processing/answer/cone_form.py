"""The form of the answers to cones: what DaCHS writes around the rows of a cone of its own, with places for others.

The steps are those of DaCHS's DBCore.run and of its renderer, with the rows left out. For small cones the index of
places is asked by ``q3c_join``, which takes 0.3 ms; DaCHS asks by ``q3c_radial_query``, whose hundred ranges take
5.5 ms to plan and are worth it for large ones.
"""

import io
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from types import SimpleNamespace
from xml.sax.saxutils import escape

from processing.answer import votable_bytes
from processing.answer.columns import describe
from processing.answer.kept import Known
from processing.answer.question import NotCovered

SMALL = 0.25
"""deg, the radius up to which q3c_join is the faster one, where stars are dense."""

CONDITIONS = {True: "q3c_join(%%(%s)s, %%(%s)s, {ra}, {dec}, %%(%s)s)",
              False: "q3c_radial_query({ra}, {dec}, %%(%s)s, %%(%s)s, %%(%s)s)"}  # fmt: skip
"""For small cones and for others."""

CENTRE = "spoint '(%fd,%fd)'"
"""The place from which DaCHS measures distances."""

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

    def numbers(self, names):
        """The numbers of the cone by DaCHS's names of parameters, RA0 and so on."""
        known = {"RA": self.ra, "DEC": self.dec, "SR": self.sr}
        return {name: known[name.rstrip("0123456789")] for name in names}


@dataclass(frozen=True)
class Head:
    """What is before the rows: text, and between its pieces the names of what is put there."""

    pieces: tuple
    names: tuple

    def filled(self, asked, uri):
        """The head of the answer for a cone and the address that asked for it."""
        values = {
            "pars": lambda: escape(repr(asked.numbers(self.names))).encode(),
            "uri": lambda: escape(uri.decode("utf-8", "replace"), {'"': "&quot;"}).encode(),
            "date": lambda: datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ").encode(),
        }
        return b"".join(piece if isinstance(piece, bytes) else values[piece]() for piece in self.pieces)


@dataclass(frozen=True)
class Form:
    """All of an answer but its cone.

    ``heads``: the Heads by whether there is an overflow; ``end`` is behind the rows. ``template`` is SQL with places
    for numbers. ``columns``, ``kernel_form``: how rows are written; ``headers``: of HTTP.
    """

    template: str
    heads: dict
    end: bytes
    columns: list
    headers: dict
    kernel_form: int
    limit: int

    def sql(self, asked):
        """The SQL of the cone: nothing comes into it but numbers."""
        numbers = {name: repr(float(value)) for name, value in asked.numbers(self.heads[False].names).items()}
        return self.template % {**numbers, "centre": CENTRE % (asked.ra, asked.dec), "_matchLimit": self.limit + 1}


_forms = Known(KEPT)


def form_of(page, asked):
    """The Form of the answer to what is asked of a service; kept until DaCHS reads the service's descriptor again."""
    service = page.service
    key, content = (service.getFullId(), *asked.form), service.rd.idmap
    kept = _forms.get(key)
    if not kept or kept[0] is not content:
        kept = content, _new_form(page, asked)
        _forms.put(key, kept)
    return kept[1]


def _new_form(page, asked):
    """A Form, from what DaCHS makes of the example with and without an overflow."""
    from gavo import formats, svcs

    given = {**{name: repr(value) for name, value in EXAMPLE.items()}, "_DBOPTIONS_ORDER": ["_r"]}
    optional = {"VERB": asked.verb, "MAXREC": asked.maxrec, "RESPONSEFORMAT": asked.named}
    given |= {name: value for name, value in optional.items() if value is not None}
    made = {overflow: _Example(page, svcs.QueryMeta(given, defaultLimit=page.defaultLimit), given, asked.sr <= SMALL,
                               overflow) for overflow in (False, True)}  # fmt: skip
    coding, kernel_form = votable_bytes.CODINGS[formats.getKeyFor(asked.named or "votable")]
    cut = {overflow: example.text.partition(votable_bytes.ROWS[coding]) for overflow, example in made.items()}
    heads = {overflow: _with_places(before + begin, made[overflow].pars)
             for overflow, (before, begin, _) in cut.items()}  # fmt: skip
    plain = made[False]
    if not cut[False][1] or cut[False][2] != cut[True][2]:
        raise NotCovered("DaCHS writes the table without rows in another way than expected")
    return Form(plain.sql, heads, cut[False][2], describe(plain.table), plain.headers, kernel_form, plain.limit)


class _Example:
    """What DaCHS makes of the example: SQL with places for its parameters, table without rows, text and headers."""

    def __init__(self, page, query, given, small, overflow):
        from gavo import base, rsc
        from gavo.svcs import inputdef

        service, core = page.service, page.service.getCoreFor(page, query)
        words = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
        grammar = service.getContextGrammarFor(page, query, core)
        arguments = inputdef.CoreArgs.fromRawArgs(core.inputTable, words, grammar)
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
    return Head((*pieces, text[begin:]), tuple(pars))
