"""The shape of an ADQL query: its text with holes where numbers are that the same query has others of, next time.

    shape = shape_of("SELECT * FROM twomass.psc WHERE DISTANCE(ra, dec, 10.5, -3) < 0.1")
    shape.numbers                       # ("10.5", "3", "0.1")
    shape.with_numbers(("9.25", "1", "0.1"))

A hole is a number, without its sign, behind a FROM or WHERE. Numbers in lists of columns, behind TOP and OFFSET, in
GROUP BY and ORDER BY, and in functions other than those of geometry, are no holes, as the columns of the answer or
the meaning may depend on them; nor are 0 and 1, which ADQL has for false and true.
"""

import re
from dataclasses import dataclass

TOKEN = re.compile(r"""
    --[^\n\r]* | '(?:[^']|'')*' | "(?:[^"]|"")*"
  | (?P<number> (?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)? (?![\w.]) )
  | (?P<word> [^\W\d]\w* )
  | \d[\w.]* | [^\S]+ | (?P<sign> . )
""", re.VERBOSE | re.DOTALL | re.ASCII)  # fmt: skip
"""Of a comment, a string and a quoted name only that they end where they do; of what is no ADQL, nothing."""

NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

FUNCTIONS = {"ABS", "BOX", "CIRCLE", "CONTAINS", "DISTANCE", "INTERSECTS", "POINT", "POLYGON"}
"""A number in their parentheses can be a hole: DaCHS takes over their arguments, whatever these are."""

NO_FUNCTIONS = {"", "ALL", "AND", "ANY", "AS", "BETWEEN", "EXISTS", "FROM", "IN", "JOIN", "NOT", "ON", "OR", "WHERE"}
"""Words with parentheses behind them that just group things."""

OTHER_CLAUSES = {"SELECT", "GROUP", "HAVING", "ORDER", "OFFSET", "UNION", "EXCEPT", "INTERSECT", "TABLESAMPLE"}
"""From here to the next FROM or WHERE of the same parentheses there are no holes."""

LONGEST_NUMBER, MOST_HOLES, LONGEST_QUERY = 30, 60, 10_000
"""Longer ones are part of the shape; of more holes or characters a query has no holes at all."""


@dataclass(frozen=True)
class Shape:
    """``texts`` are what is before, between and behind the holes, ``forms`` the kinds of ``numbers`` in them."""

    texts: tuple
    forms: tuple
    numbers: tuple

    @property
    def key(self):
        """Equal for queries that differ in numbers only, and there only in their digits."""
        return self.texts, self.forms

    def with_numbers(self, numbers):
        """The query with others in the holes."""
        return fill(self.texts, numbers)

    def sentinels(self):
        """Numbers of the same forms, one for each hole, of which no two are alike.

        They are as nobody would write them who knows their value: 0 in front, 0 behind the point.
        """
        return tuple(_sentinel(form, place) for place, form in enumerate(self.forms))


def fill(texts, numbers):
    """``texts`` with ``numbers`` between them."""
    return "".join(part for pair in zip(texts, (*numbers, "")) for part in pair)


def shape_of(adql):
    """The Shape of a query, whether or not it is ADQL."""
    holes = list(_holes(adql)) if len(adql) <= LONGEST_QUERY else []
    if len(holes) > MOST_HOLES:
        holes = []
    edges = [0, *(edge for hole in holes for edge in hole), len(adql)]
    texts = tuple(adql[begin:end] for begin, end in zip(edges[::2], edges[1::2]))
    numbers = tuple(adql[begin:end] for begin, end in holes)
    return Shape(texts, tuple(form_of(number) for number in numbers), numbers)


def form_of(number):
    """Kind of a number: its text with one digit for each row of digits. ValueError for a text that is no number."""
    if not NUMBER.fullmatch(number):
        raise ValueError(f"a number is expected, found {number[:40]!r}")
    return re.sub(r"\d+", "9", number, flags=re.ASCII)


def _sentinel(form, place):
    """One of the form; the exponent is small, so that it is a number of double precision."""
    mantissa, letter, exponent = re.fullmatch(r"([^eE]*)([eE]?)(.*)", form).groups()
    whole, point, behind = mantissa.partition(".")
    whole = whole and f"0{mark(place)}"
    behind = behind and (f"{place:02d}70" if whole else f"{mark(place)}0")
    return whole + point + behind + letter + exponent.replace("9", "007")


def mark(place):
    """Digits that the sentinel of a hole has and no other one."""
    return f"{place + 11:03d}48309"


class _Parentheses:
    """Inside one pair of parentheses: whether numbers ``may`` be holes in them, and whether they are not ``here``."""

    def __init__(self, may):
        self.may, self.here = may, True

    def inner(self, word):
        """Those that begin here behind ``word``."""
        return _Parentheses(self.may and self.here and (word in FUNCTIONS or word in NO_FUNCTIONS))


def _holes(adql):
    """Begin and end of each hole."""
    open_ones, before, behind_from = [_Parentheses(True)], "", False
    for token in TOKEN.finditer(adql):
        text, kind = token[0], token.lastgroup
        if kind == "word":
            before = text.upper()
            behind_from = behind_from or before == "FROM"
            if before in ("FROM", "WHERE") or before in OTHER_CLAUSES:
                open_ones[-1].here = before not in OTHER_CLAUSES
            continue
        if kind == "number" and behind_from and open_ones[-1].may and open_ones[-1].here and _may_vary(text):
            yield token.span()
        elif text == "(":
            open_ones.append(open_ones[-1].inner(before))
        elif text == ")" and len(open_ones) > 1:
            open_ones.pop()
        if not text.isspace() and not text.startswith("--"):
            before = ""


def _may_vary(number):
    return number not in ("0", "1") and len(number) <= LONGEST_NUMBER
