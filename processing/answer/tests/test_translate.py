"""What is kept of translations: SQL with holes. DaCHS's part is tested with a server (vo_tests/test_answer_small.py)."""

import pytest

from processing.answer import translate
from processing.answer.translate import Translated, Translator, checked, cut_at


def test_sql_is_cut_where_the_sentinels_are():
    assert cut_at("q(0011.70, x, 0012) OR y < 0012", ("0011.70", "0012"), ("0011", "0012")) == (
        ("q(", ", x, ", ") OR y < ", ""), (0, 1, 1))  # fmt: skip


@pytest.mark.parametrize("sql", [
    "q(x)",  # not there
    "q(0011) AND 11",  # calculated with
    "q(0011.0)", "q(0011e2)", "q(0011) OR x00110", "q(10011) OR 0011",  # part of something else
])  # fmt: skip
def test_sql_without_each_sentinel_as_it_is_has_no_holes(sql):
    assert cut_at(sql, ("0011",), ("11",)) is None


def test_numbers_of_another_form_are_refused():
    assert checked(("5.5", "3"), ("9.9", "9")) == ("5.5", "3")
    for numbers in (("5", "3"), ("5.5e5", "3"), ("5.5", "3; DROP"), ("5.5",)):
        with pytest.raises(ValueError, match="expected|argument 2"):
            checked(numbers, ("9.9", "9"))


class Translations:
    """In the place of DaCHS: says what it was asked to translate, and refuses what it is told to."""

    def __init__(self, refuses=""):
        self.asked, self.refuses = [], refuses

    def __call__(self, adql, maxrec):
        self.asked.append(adql)
        if self.refuses and self.refuses in adql:
            raise ValueError("refused")
        return Translated(adql, None, ())


@pytest.fixture
def plain_questions(monkeypatch):
    monkeypatch.setattr(translate, "as_question", lambda translated, name: (translated.sql, name))


def test_what_dachs_has_against_sentinels_is_not_told_and_not_tried_again(plain_questions):
    dachs = Translations(refuses="48309")
    translator = Translator(dachs)
    queries = [f"SELECT ra FROM t WHERE ra < {number}" for number in (5, 6, 7, 8)]
    assert [translator.question(query, 10) for query in queries] == [(query, None) for query in queries]
    assert [asked for asked in dachs.asked if "48309" not in asked] == queries and len(dachs.asked) == 5


def test_a_query_that_dachs_refuses_is_refused_each_time(plain_questions):
    translator = Translator(Translations(refuses="ra"))
    for _ in range(3):
        with pytest.raises(ValueError, match="refused"):
            translator.question("SELECT ra FROM t WHERE ra < 5", 10)
    assert not translator.known
