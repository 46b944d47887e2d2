"""Trees as they stand in the file give the odds that they say."""

import numpy as np
import pytest

from processing.extended.trees import forest_of, probability

RECORD = {
    "names": ["width", "colour", "density"], "start": 0.5, "calibration": [2.0, -1.0, 0.25],
    "trees": [[[0, 1.0, 1, 2, 0], [-1.0], [1, 0.3, 3, 4, 1], [0.25], [2.0]], [[0.125]]],
}  # fmt: skip


@pytest.mark.parametrize("row, leaf", [
    ((0.5, 9.0, 0.0), -1.0), ((1.0, 9.0, 0.0), -1.0), ((1.5, 0.2, 0.0), 0.25), ((1.5, 0.4, 0.0), 2.0),
    ((np.nan, 0.4, 0.0), 2.0), ((np.nan, np.nan, 4.0), 0.25 + 0.5),
])  # fmt: skip
def test_row_ends_in_its_leaf(row, leaf):
    assert forest_of(RECORD).log_odds(row)[0] == pytest.approx(2 * (0.5 + leaf + 0.125) - 1)


def test_many_rows_at_once_are_as_one_by_one():
    rows = np.random.default_rng(1).normal(1, 1, (50, 3))
    forest = forest_of(RECORD)
    np.testing.assert_array_equal(forest.log_odds(rows), [forest.log_odds(row)[0] for row in rows])


def test_probability_is_that_of_the_odds():
    forest = forest_of(RECORD)
    odds = forest.log_odds((0.5, 9.0, 1.0))
    assert probability(odds) == pytest.approx(np.exp(odds) / (1 + np.exp(odds)))
