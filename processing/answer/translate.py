"""ADQL to SQL by DaCHS, which takes tens of milliseconds, or from what DaCHS made of a query of the same shape before.

    question = Translator().question("SELECT * FROM twomass.psc WHERE ra < 10.5", maxrec=1000)

When a shape comes for the first time, DaCHS translates it, and that is all. When it comes again, DaCHS also translates
it with sentinels in its holes, and the SQL is kept with holes where it has the sentinels. From then on these are
filled. Why the SQL filled with other numbers is what DaCHS would make of them:

- A sentinel has to be in the SQL digit by digit, with zeros in front and behind that nothing that calculates would
  write: so DaCHS takes over the text of the number. It has to be nowhere in the description of the answer.
- DaCHS could still choose by the value of a number. It does in functions that are not of geometry, in TOP, OFFSET,
  ORDER BY and lists of columns, for 0 and 1 as false and true, and nowhere else (gavo/adql, DaCHS 2.11): none of these
  are holes (shapes.py). A minus sign, a frame, an exponent are of the shape.
- SQL and description of the query that came have to be equal to those filled with its numbers.

What goes into a hole is a number by its syntax, so no text of a request gets into SQL this way.
"""

import copy
import re
import threading
from dataclasses import dataclass

from processing.answer.kept import Known
from processing.answer.question import NotCovered, Question
from processing.answer.row_limits import Limit
from processing.answer.shapes import fill, form_of, mark, shape_of

KEPT = 200
"""Shapes."""

SEEN, NO_PATTERN = "seen", "no pattern"
"""Kept for a shape that has come once, and for one that cannot be filled."""

MADE_UP = re.compile(r"\bnd[a-z]{8,}\b")
"""Names that DaCHS gives to columns that have none, others at each translation."""


@dataclass(frozen=True)
class Translated:
    """What DaCHS made of a query: its SQL, the table without rows, names and contents of the descriptors behind it."""

    sql: str
    table: object
    descriptors: tuple

    def is_current(self):
        """Whether DaCHS still goes by the same descriptors, which it reads again after a publication."""
        from gavo import base

        return all(base.caches.getRD(name).idmap is content for name, content in self.descriptors)


@dataclass(frozen=True)
class Pattern:
    """The SQL of a shape in texts and, between them, numbers of holes; ``like`` is one translation of the shape."""

    texts: tuple
    holes: tuple
    like: Translated
    name: str

    def sql(self, numbers):
        return fill(self.texts, [numbers[hole] for hole in self.holes])


class Translator:
    """Makes Questions; keeps a bounded number of patterns, and none after DaCHS has changed its descriptors."""

    def __init__(self, translate=None):
        self.translate = translate or translate_by_dachs
        self.known, self._lock, self._made = Known(KEPT), threading.Lock(), 0

    def question(self, adql, maxrec):
        """The Question of a query; DaCHS's errors, or NotCovered for what is more than a query."""
        adql = adql.replace("\xa0", " ")  # as DaCHS does
        shape = shape_of(adql)
        key = (*shape.key, maxrec)
        found = self.known.get(key)
        if isinstance(found, Pattern) and found.like.is_current():
            numbers = checked(shape.numbers, shape.forms)
            return as_question(with_query(found.like, found.sql(numbers), adql), found.name)
        translated = self.translate(adql, maxrec)
        if found is None:
            self.known.put(key, SEEN)
        elif found is not NO_PATTERN:
            self.known.put(key, self._pattern(shape, translated, maxrec) or NO_PATTERN)
        return as_question(translated, None)

    def _pattern(self, shape, translated, maxrec):
        """The Pattern of a shape, made with sentinels; None unless it gives ``translated`` for the shape's numbers."""
        sentinels = shape.sentinels()
        try:
            general = self.translate(shape.with_numbers(sentinels), maxrec)
        except Exception:  # whatever DaCHS has against these numbers; it had nothing against those asked for
            return None
        marks = [mark(place) for place in range(len(sentinels))]
        cut = cut_at(general.sql, sentinels, marks)
        if cut is None or not general.descriptors:
            return None
        with self._lock:
            self._made += 1
            pattern = Pattern(*cut, general, f"adql {self._made}")
        if without_names(pattern.sql(shape.numbers)) != without_names(translated.sql):
            return None
        blank = (with_query(each, "", "") for each in (general, translated))
        general_text, text = (without_names(description(each.table)) for each in blank)
        if general_text != text or any(digits in general_text for digits in marks):
            return None
        return pattern


def without_names(text):
    """The text with one name for all that DaCHS has made up."""
    return MADE_UP.sub("nd", text)


def checked(numbers, forms):
    """``numbers``; ValueError unless each is a number of its form."""
    for number, form in zip(numbers, forms, strict=True):
        if form_of(number) != form:
            raise ValueError(f"a number of the form {form} is expected, found {number[:40]!r}")
    return numbers


def cut_at(sql, sentinels, marks):
    """Texts and hole numbers of ``sql`` cut at its sentinels; None unless each is there, and nowhere but as a whole.

    ``marks``: digits by which a part of a sentinel would be known.
    """
    if not sentinels:
        return (sql,), ()
    place_of = {sentinel: place for place, sentinel in enumerate(sentinels)}
    pattern = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, sentinels))})(?![\w.])")
    parts = pattern.split(sql)
    holes = tuple(place_of[part] for part in parts[1::2])
    if any(not 1 <= holes.count(place) == sql.count(mark) for place, mark in enumerate(marks)):
        return None
    return tuple(parts[::2]), holes


def translate_by_dachs(adql, maxrec):
    """What DaCHS makes of a query of somebody unknown without uploads."""
    from gavo.protocols import adqlglue

    sql, table = adqlglue.morphADQL(adql, maxrec=maxrec)
    if not sql.lstrip().upper().startswith(("SELECT", "WITH", "(")):
        raise NotCovered("not a plain query")
    sources = getattr(table.tableDef, "contributingTables", [table.tableDef])
    descriptors = [source.rd and (source.rd.sourceId, source.rd.idmap) for source in sources]
    return Translated(sql, table, tuple(descriptors) if all(descriptors) else ())


def as_question(translated, name):
    """The Question, with settings as DaCHS makes them for such a query and a Limit of its own."""
    from gavo import base

    table = copy.copy(translated.table)
    table.tableDef = copy.copy(table.tableDef)
    limit = Limit(translated.table.tableDef.overflowLimit + 0)
    limit.exceeded = translated.table.tableDef.overflowLimit.exceeded
    table.tableDef.overflowLimit = limit
    seconds = base.getConfig("async", "defaultExecTimeSync")
    settings = [("statement_timeout", f"{int(seconds * 1000)} ms")]
    if base.getConfig("db", "q3cplannerhack") and "q3c_" in translated.sql:
        settings.append(("enable_seqscan", "no"))
    return Question(translated.sql.replace("%%", "%"), table, limit, tuple(settings), name)


def with_query(translated, sql, adql):
    """The same for another query of the shape: the table says so in its INFO elements."""
    table = copy.copy(translated.table)
    infos = copy.copy(table.meta_["info"])
    said = {"sql_query": sql, "query": adql}
    infos.children = [_saying(info, said) for info in infos.children]
    table.meta_ = {**table.meta_, "info": infos}
    return Translated(sql, table, translated.descriptors)


def _saying(info, said):
    if getattr(info, "infoName", None) not in said:
        return info
    other = copy.copy(info)
    other.infoValue = said[info.infoName]
    return other


def description(table):
    """The VOTable of a table without rows but for the date: all that an answer says besides its rows."""
    from processing.answer.votable_bytes import without_rows

    return re.sub(rb'(<INFO name="request_date"[^>]*value=")[^"]*', rb"\1", without_rows(table, "td")).decode()
