"""Numbers that come with a request end where the limits do."""

import pytest

from processing.answer.request_bounds import held, wrong_in_soda


@pytest.mark.parametrize("value, within", [(5, 5), (-3, 1), (1e12, 10), (float("nan"), 10), (float("inf"), 10)])
def test_a_number_is_held(value, within):
    assert held(value, 1, 10) == within


@pytest.mark.parametrize("given, name", [
    ({"ID": ["a", "b"]}, "ID"), ({"id": ["a", "b"]}, "ID"), ({"ID": ["a"], "CIRCLE": ["nan nan 0.01"]}, "CIRCLE"),
    ({"circle": ["1 2 NaN"]}, "CIRCLE"), ({"POLYGON": ["NaN,NaN,1,2,3,4"]}, "POLYGON")])
def test_what_is_wrong_with_a_cutout_is_found(given, name):
    assert wrong_in_soda(given)[0] == name


def test_what_is_right_with_a_cutout_is_taken():
    assert wrong_in_soda({"ID": ["ivo://nan/x"], "CIRCLE": ["1 2 3"], "POS": ["RANGE -Inf +Inf 1 2"]}) is None
