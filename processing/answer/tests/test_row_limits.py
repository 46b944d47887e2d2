"""A result is cut, and said to be, exactly when there are more rows than asked for."""

from types import SimpleNamespace

import pytest

from processing.answer.row_limits import Limit, at_most, limit_query


@pytest.mark.parametrize("top,maxrec,asked,limit", [
    (None, 100, 101, 100), (500, 100, 101, 100), (100, 100, 100, 100), (99, 100, 99, 99), ("7", 100, "7", 7),
    (None, 0, 0, 0), (5, 0, 0, 0)])
def test_one_row_more_than_the_limit_is_asked_for_unless_a_top_is_within_it(top, maxrec, asked, limit):
    query = SimpleNamespace(setLimit=top)
    found = limit_query(query, maxrec)
    assert (query.setLimit, int(found)) == (asked, limit)
    assert found.exceeded == (maxrec == 0)


@pytest.mark.parametrize("rows,cut", [(0, False), (4, False), (5, False), (6, True)])
def test_rows_beyond_the_limit_are_not_given_but_told(rows, cut):
    limit, told = Limit(5), []
    given = list(at_most(iter(range(rows)), limit, lambda: told.append(True)))
    assert given == list(range(min(rows, 5)))
    assert limit.exceeded == bool(told) == cut


def test_a_limit_answers_what_dachs_asks_by_whether_it_was_exceeded():
    limit = Limit(5)
    assert not limit <= 5 and not limit == 5
    limit.exceeded = True
    assert limit <= 5 and int(limit) == 5
