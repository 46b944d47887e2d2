"""Order of observation and names: what decides between sources that are nearly the same."""

import numpy as np
import pyarrow as pa
import pytest

from processing.errors import SurveyError
from processing.release.sky.keys import bare_names, observation_order, unique_names

NAME = "08281234+0130123"


def test_the_order_of_observation_does_not_depend_on_the_order_of_the_rows():
    along, ra = np.array([1.0, 0.5, 1.0, 1.0, 1.0]), np.array([10.0, 12.0, 9.0, 10.0, 10.0])
    names = pa.array(["b", "x", "y", "c", "a"])
    assert observation_order(along, ra, names).tolist() == [1, 2, 4, 0, 3]
    shuffled = np.array([3, 1, 4, 0, 2])
    again = observation_order(along[shuffled], ra[shuffled], names.take(pa.array(shuffled)))
    assert shuffled[again].tolist() == [1, 2, 4, 0, 3]


def test_equal_names_get_letters_in_the_order_of_the_keys():
    names = bare_names(pa.chunked_array([[NAME, "08281234+0130124"], [NAME + "B", NAME + "A"]]))
    found = unique_names(names, np.array([7, 1, 9, 3]))
    assert found.to_pylist() == [NAME + "B", "08281234+0130124", NAME + "C", NAME + "A"]


def test_no_names_and_different_names_stay_as_they_are():
    assert unique_names(pa.array([], pa.string()), np.array([], int)).to_pylist() == []
    assert unique_names(pa.array(["a", "b"]), np.array([2, 1])).to_pylist() == ["a", "b"]


def test_more_equal_names_than_letters_are_refused():
    with pytest.raises(SurveyError, match=f"more than 26 sources have the name .*{NAME[-7:]}"):
        unique_names(pa.array([NAME] * 27), np.arange(27))
