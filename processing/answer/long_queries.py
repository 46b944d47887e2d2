"""Queries that would keep DaCHS's parser busy for long are refused before it sees them, and told why.

DaCHS 2.11 tries every way to read an expression, and while it does all other threads wait for it: 5000 terms take 14
seconds. What a query costs can be seen from its words and signs: their number, and how deep they are in parentheses.
"""

import re
from dataclasses import dataclass

from processing.answer.limits import limits

WORDS = re.compile(r"""
    (?P<skip> \s+ | --[^\n]* )
  | (?P<text> '(?:[^']|'')*'? | "(?:[^"]|"")*"? )
  | (?P<number> (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? )
  | (?P<word> [^\W\d]\w* )
  | (?P<operator> \|\| | [<>!]=? | <> | [-+*/=%&|^~] )
  | (?P<other> . )
""", re.VERBOSE | re.DOTALL)  # fmt: skip

DIGITS = 18
"""Of a number of 64 bits; DaCHS declares a column of a larger one as whole numbers, which the rows then are not."""

OPERATORS = {"AND", "OR", "NOT", "IN", "LIKE", "ILIKE", "BETWEEN", "IS", "WHEN", "ON"}


@dataclass
class Size:
    """Of a query: its tokens; its operators, one in n parentheses counted n + 1 times; the deepest place in it."""

    characters: int
    tokens: int = 0
    terms: int = 0
    depth: int = 0
    selects: int = 0


def words(query):
    """Kind and text, in capitals, of each word, number and sign."""
    return [(match.lastgroup, match[0].upper()) for match in WORDS.finditer(query) if match.lastgroup != "skip"]


def size(query):
    """The Size of a query."""
    tokens = words(query)
    found, inside, depth_of_selects = Size(len(query), len(tokens)), 0, []
    for kind, word in tokens:
        if word in ("(", "CASE"):
            inside += 1
        elif word in (")", "END"):
            inside -= 1
            while depth_of_selects and depth_of_selects[-1] > inside:
                depth_of_selects.pop()
        elif word == "SELECT" and inside not in depth_of_selects:
            depth_of_selects.append(inside)
        elif kind == "operator" or word in OPERATORS:
            found.terms += 1 + max(0, inside)
        found.depth = max(found.depth, inside)
        found.selects = max(found.selects, len(depth_of_selects))
    return found


WHAT = {
    "characters": "has {found} characters, at most {most} are taken",
    "tokens": "has {found} words, numbers and signs, at most {most} are taken",
    "terms": "has operators that count for {found}, where one within n parentheses counts n + 1; at most {most} are "
             "taken",
    "depth": "has {found} parentheses or CASEs in each other, at most {most} are taken",
    "selects": "has {found} SELECTs in each other, at most {most} are taken",
}  # fmt: skip
HINT = "Long lists of values or places are better uploaded as a table (UPLOAD) and joined."


def complaint(query):
    """What is too much of a query, as a sentence; None when nothing is."""
    allowed = limits().query
    if len(query) > allowed.characters:
        return f"The query {WHAT['characters'].format(found=len(query), most=allowed.characters)}"
    found = size(query)
    for name, text in WHAT.items():
        if getattr(found, name) > getattr(allowed, name):
            return f"The query {text.format(found=getattr(found, name), most=getattr(allowed, name))}"
    if wrong := [order for order in orders(words(query)) if not _is_order(order)]:
        return f"MOC wants a number from 0 to {allowed.moc_order} as its order, found {wrong[0][:40]}"
    if large := [word for kind, word in words(query) if kind == "number" and word.isdigit() and len(word) > DIGITS]:
        return f"A whole number has at most {DIGITS} digits, found {large[0][:40]}; larger ones are written as 1e40"
    return None


def orders(tokens):
    """What stands for the order in each MOC(order, geometry); the database makes one without heeding any limit."""
    for place, (_, word) in enumerate(tokens[:-1]):
        if word == "MOC" and tokens[place + 1][1] == "(":
            first, inside = [], 0
            for _, word in tokens[place + 2:]:
                if inside == 0 and word in (",", ")"):
                    if word == ",":
                        yield " ".join(first)
                    break
                inside += {"(": 1, ")": -1}.get(word, 0)
                first.append(word)


def _is_order(text):
    return text.isascii() and text.isdigit() and len(text) < 3 and int(text) <= limits().query.moc_order


def use_in_dachs():
    """Before every parsing: of synchronous queries, jobs, plans and the form."""
    from gavo import adql, base
    from gavo.protocols import adqlglue

    parse, annotate = adql.parseToTree, adql.parseAnnotating

    def bounded(query):
        if said := complaint(query):
            raise base.ValidationError(said, "query", hint=HINT)

    def parse_bounded(query):
        bounded(query)
        return parse(query)

    def annotate_bounded(query, getter):
        bounded(query)
        return annotate(query, getter)

    adql.parseToTree, adql.parseAnnotating = parse_bounded, annotate_bounded
    assert adqlglue.adql is adql
