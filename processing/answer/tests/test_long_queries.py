"""What a query costs is seen before it is parsed."""

import re
import time

import pytest

from processing.answer.limits import limits
from processing.answer.long_queries import complaint, size

WHERE = "SELECT ra FROM twomass.psc WHERE "


def test_the_size_of_a_query_is_counted():
    found = size(WHERE + "(ra > 1.5e3 AND NOT (dec <= 'a ( '' b' || \"c(\")) -- (((")
    assert (found.depth, found.selects, found.tokens) == (2, 1, 21)
    assert found.terms == 2 + 2 + 2 + 3 + 3


def test_selects_in_each_other_are_not_selects_beside_each_other():
    assert size("SELECT 1 UNION SELECT 2 UNION SELECT 3").selects == 1
    assert size("SELECT * FROM (SELECT 1) AS a, (SELECT 2) AS b").selects == 2
    assert size("SELECT * FROM (SELECT * FROM (SELECT 1) AS a) AS b").selects == 3


@pytest.mark.parametrize("query, told", [
    (WHERE + " OR ".join(f"j_m = {n}" for n in range(5000)), "characters|operators"),
    (WHERE + "j_m > " + "+".join("1" for n in range(5000)), "words, numbers and signs"),
    (WHERE + "(" * 200 + "j_m > 1" + ")" * 200, "parentheses"),
    ("SELECT " + "CASE 1 WHEN 1 THEN " * 13 + "1" + " END" * 13 + " AS x FROM twomass.psc", "CASEs"),
    ("SELECT * FROM (" * 9 + "SELECT 1 AS a" + ") AS x" * 9, "SELECTs"),
    (WHERE + "designation IN (" + ", ".join(f"'{n}'" for n in range(2000)) + ")", "words, numbers and signs"),
    (WHERE + "(" * 11 + "+".join("1" for n in range(80)) + ")" * 11 + " = 1", "operators"),
    (WHERE + "j_m > 1 " + "-- x\n" * 10000, "characters")])
def test_what_costs_too_much_is_told(query, told):
    assert re.search(told, complaint(query))
    assert re.search(r"at most \d+ are taken", complaint(query))


@pytest.mark.parametrize("query", [
    WHERE + "designation IN (" + ", ".join(f"'{n:08d}+{n:07d}'" for n in range(1000)) + ")",
    "SELECT " + ", ".join(f"column_{n}" for n in range(400)) + " FROM twomass.xsc",
    WHERE + " OR ".join(f"1 = CONTAINS(POINT(ra, dec), CIRCLE({n}, 1, 0.01))" for n in range(80)),
    WHERE + "1 = CONTAINS(POINT(ra, dec), POLYGON(" + ", ".join(f"{n}, {n}" for n in range(500)) + "))"])
def test_long_queries_of_honest_users_are_taken(query):
    assert complaint(query) is None


@pytest.mark.parametrize("piece", ["'", '"', "(", "''", "--", "e1", "1.", "\u00e9", "x" * 100, "|", "<"])
def test_counting_is_quick_whatever_comes(piece):
    """In proportion to the length: a second for what is refused by its length at once."""
    text = piece * (limits().query.characters // len(piece))
    begin = time.process_time()
    size(text)
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("moc, is_taken", [
    ("MOC(29, CIRCLE(0, 0, 90))", False), ("moc -- x\n ( 14 + 15, CIRCLE(0, 0, 90))", False),
    ("MOC((29), CIRCLE(0, 0, 90))", False), ("MOC(ABS(29, 1), BOX(1, 1, 1, 1))", False), ("MOC(1e1, POINT(1, 1))",
                                                                                          False),
    ("MOC(10, CIRCLE(0, 0, 90))", True), ("MOC('4/3-9 5/1,2')", True), ("MOC(coverage)", True), ("moc", True)])
def test_a_fine_moc_of_a_large_area_is_refused(moc, is_taken):
    assert (complaint(f"SELECT {moc} AS m FROM twomass.psc") is None) == is_taken


def test_looking_for_mocs_is_quick():
    begin = time.process_time()
    complaint("MOC(" * 1000 + "1" * 1000)
    complaint("MOC(" * (limits().query.characters // 4))
    assert time.process_time() - begin < 1


def test_a_whole_number_of_more_than_64_bits_is_refused():
    assert "at most 18 digits" in complaint(f"SELECT {'9' * 40} AS x FROM twomass.psc")
    assert complaint(f"SELECT {'9' * 18} AS x, '{'9' * 40}' AS y, 1{'0' * 30}.5 AS z FROM twomass.psc") is None
