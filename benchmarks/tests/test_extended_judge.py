"""The judge of extended sources on lists whose figures are known."""

import numpy as np
import pytest

from benchmarks.extended_fields import MORE, Found
from benchmarks.extended_judge import bias_and_scatter, completeness, errors, match, reliability, repeats


def truth(x, k):
    x, k = np.array(x, float), np.array(k, float)
    return {"x": x, "y": np.full(len(x), 100.0), "reff": np.full(len(x), 4.0), "k": k, "k_k20": k + 0.2,
            "h_k20": k + 0.5}  # fmt: skip


def found(x, k, score=1.1):
    x = np.array(x, float)
    magnitudes = {"k_k20fe": np.array(k, float), "h_k20fe": np.array(k, float) + 0.3}
    return Found(x, np.full(len(x), 100.0), magnitudes, np.full(len(x), score), 1.0)


def test_galaxies_are_matched_one_to_one_and_pieces_are_told_from_what_is_nothing():
    known = truth([100.0, 200.0, 400.0], [12, 12.5, 13])
    one = match(found([101.0, 110.0, 300.0, 203.0], [12.0, 13.0, 13.1, 13.0]), known)
    assert one.galaxy.tolist() == [0, -1, -1, 1] and one.source.tolist() == [0, 3, -1]
    assert one.part.tolist() == [False, True, False, False]
    assert completeness([one], 8, 13.5) == (2, 3) and completeness([one], 13.0, 13.5) == (0, 1)


def test_a_galaxy_of_many_skies_counts_as_one_of_one():
    one = match(found([100.0, 111.0, 300.0], [12.0, 12.0, 12.0]), truth([100.0], [12.0]))
    share, true, parts, false = reliability([one], {"k_k20fe": 13.5})
    assert (true, parts, false) == (1, 1, 1)
    assert share == pytest.approx((1 / MORE) / (2 / MORE + 1))
    assert reliability([one], {"k_k20fe": 11.0})[1:] == (0, 0, 0)


def test_errors_and_repeats_are_those_put_in():
    rng = np.random.default_rng(4)
    x, k = np.arange(50, 20050, 20.0), np.full(1000, 12.5)
    first, second = (match(found(x, k + 0.2 + 0.03 + 0.1 * rng.standard_normal(1000)), truth(x, k)) for _ in range(2))
    bias, scatter = bias_and_scatter(errors([first], "k_k20fe", "k_k20", 12, 13))
    assert bias == pytest.approx(0.03, abs=0.01) and scatter == pytest.approx(0.1, abs=0.01)
    assert bias_and_scatter(repeats([first], [second], "k_k20fe", 12, 14))[1] == pytest.approx(0.1, abs=0.01)
    assert len(errors([first], "k_k20fe", "k_k20", 12, 13, lambda galaxies: galaxies["x"] < 150)) == 5
