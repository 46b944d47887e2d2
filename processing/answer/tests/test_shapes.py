"""Shapes of ADQL: which numbers are holes, and that nothing but numbers goes into them."""

import random
import re

import pytest

from processing.answer.shapes import LONGEST_QUERY, MOST_HOLES, NUMBER, fill, form_of, shape_of


def holes(adql):
    return shape_of(adql).numbers


CONE = "SELECT * FROM t WHERE DISTANCE(ra, dec, {}, {}) < {}"


def test_queries_that_differ_in_numbers_have_one_shape():
    one, other = shape_of(CONE.format("10.5", "-3.25", "0.1")), shape_of(CONE.format("211.0625", "-45.5", "12.5"))
    assert one.key == other.key
    assert one.numbers == ("10.5", "3.25", "0.1") and other.numbers == ("211.0625", "45.5", "12.5")
    assert one.with_numbers(other.numbers) == CONE.format("211.0625", "-45.5", "12.5")


@pytest.mark.parametrize("other", [
    CONE.format("10.5", "3.25", "0.1"), CONE.format("10", "-3.25", "0.1"), CONE.format("10.5", "-3.25", "1e-1"),
    CONE.format("10.5", "-3.25", ".1"), CONE.format("10.5", "- 3.25", "0.1"),
    CONE.format("10.5", "-3.25", "0.1") + " AND j_m < 3", CONE.format("10.5", "-3.25", "0.1").replace("*", "ra")])  # fmt: skip
def test_sign_point_exponent_and_text_are_of_the_shape(other):
    assert shape_of(other).key != shape_of(CONE.format("10.5", "-3.25", "0.1")).key


@pytest.mark.parametrize("adql, expected", [
    ("SELECT TOP 5 ra, 7 * dec FROM t WHERE ra < 10 OFFSET 20", ("10",)),
    ("SELECT ra FROM t WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(2.5, 3, 4)) AND 0 < x", ("2.5", "3", "4")),
    ("SELECT ra FROM t WHERE x = 'no 55 hole' AND \"col 66\" < 7 -- nor 88\n AND y > 9", ("7", "9")),
    ("SELECT ra FROM t WHERE x = 'it''s 55' AND y > 9", ("9",)),
    ("SELECT ra FROM t GROUP BY 2 HAVING count(*) > 3 ORDER BY 4", ()),
    ("SELECT ra FROM (SELECT TOP 5 ra, 6 AS six FROM t WHERE dec > 7) AS s WHERE ra < 8", ("7", "8")),
    ("WITH s AS (SELECT ra, 3 AS n FROM t WHERE dec > 7) SELECT n, 5 FROM s WHERE ra < 8", ("7", "8")),
    ("SELECT ra FROM t WHERE ra IN (SELECT 4 FROM u WHERE x < 5) AND dec IN (6, 7)", ("5", "6", "7")),
    ("SELECT (SELECT 3 FROM u WHERE x < 4) FROM t WHERE x < 5", ("5",)),
    ("SELECT ra FROM t JOIN u ON (t.k = u.k + 3) WHERE x BETWEEN 4 AND 5", ("3", "4", "5")),
    ("SELECT ra FROM t TABLESAMPLE(10) WHERE x < 5", ("5",)),
    ("SELECT ra FROM t WHERE ivo_healpix_index(6, ra, dec) = 77", ("77",)),
    ("SELECT ra FROM t WHERE POWER(x, 2) < 3 AND ABS(x - 4) < 5", ("3", "4", "5")),
    ("SELECT ra FROM t WHERE x < 0x1F AND j2m < h_5 AND y < 12abc", ()),
    ("SELECT ra FROM t WHERE x < 1 UNION SELECT 2 FROM u WHERE x < 3", ("3",)),
    ("SELECT ra FROM t WHERE CIRCLE -- 7\n (5, 6, 2)", ("5", "6", "2")),
    ("2 + 2", ()),
])  # fmt: skip
def test_numbers_that_columns_or_meaning_may_depend_on_are_no_holes(adql, expected):
    assert holes(adql) == expected


def test_a_long_query_has_no_holes():
    assert holes("SELECT ra FROM t WHERE x < 5" + " " * LONGEST_QUERY) == ()
    assert holes("SELECT ra FROM t WHERE x IN (" + ", ".join(map(str, range(2, MOST_HOLES + 4))) + ")") == ()
    assert holes("SELECT ra FROM t WHERE x < 5." + "3" * 50) == ()


def test_a_hole_takes_numbers_alone():
    for text in ("5; DROP TABLE t", "5 OR 1", "'5'", "x", "", "-5", "5--", "5e", "1.2.3", "٣", "5\n", "0x1F", "NaN"):
        with pytest.raises(ValueError, match="a number is expected"):
            form_of(text)


def test_whatever_the_text_holes_are_numbers_and_the_rest_is_kept():
    rng = random.Random(7)
    words = ["SELECT", "FROM", "WHERE", "(", ")", "'", "''", '"', "--", "\n", "5", "-3.5", "1e5", ".5", "5.", "x", ",", "=",
             "CIRCLE(", "é", "\0", "%", "%s", "\\", ";", "TOP", "٣", "1", "/*", "*/", "E'"]  # fmt: skip
    for _ in range(3000):
        adql = "".join(rng.choice(words) + rng.choice(["", " "]) for _ in range(rng.randrange(30)))
        shape = shape_of(adql)
        assert shape.with_numbers(shape.numbers) == adql
        assert all(NUMBER.fullmatch(number) for number in shape.numbers)


def test_strings_comments_and_quoted_names_of_adql_have_no_holes():
    rng = random.Random(8)
    for _ in range(300):
        parts = [rng.choice(["'{}'", '"{}"', "-- {}\n", "x{}"]).format(rng.randrange(10, 99)) for _ in range(5)]
        assert holes("SELECT ra FROM t WHERE " + " = ".join(parts)) == ()


def test_sentinels_are_of_their_forms_and_differ_from_what_their_values_would_be_written_as():
    shape = shape_of("SELECT ra FROM t WHERE x IN (5, 5.5, .5, 5., 5e5, 5.5E-5, .5e+5, 5.e5, 6, 7.75)")
    sentinels = shape.sentinels()
    assert [form_of(sentinel) for sentinel in sentinels] == list(shape.forms)
    assert len(set(sentinels)) == 10
    for sentinel in sentinels:
        assert sentinel not in (repr(float(sentinel)), str(int(float(sentinel))), f"{float(sentinel):g}")
        assert sum(re.sub(r"\D", "", sentinel) in re.sub(r"\D", "", other) for other in sentinels) == 1


def test_filling_puts_numbers_between_texts():
    assert fill(("a < ", " AND b < ", ""), ("1", "2")) == "a < 1 AND b < 2"
