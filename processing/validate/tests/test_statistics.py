"""Errors are what repeated draws scatter by, intervals hold what they claim, and the objects asked for decide."""

import numpy as np
import pytest

from processing.validate.statistics import (
    Estimate, about_zero, bootstrap, decides, largest, medians, objects_needed, robust, scatter, share, symmetric,
    typical, unknown, weighted_median,
)  # fmt: skip


def draws(statistic, number=300, seed=1):
    rng = np.random.default_rng(seed)
    return [statistic(rng) for _ in range(number)]


def test_scatter_is_that_of_the_normal_values_and_outliers_do_not_spoil_it():
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.normal(0, 2.0, 20000), np.full(200, 1e3)])
    assert robust(values) == pytest.approx(2.0, rel=0.03) and about_zero(values) == pytest.approx(2.0, rel=0.03)


def test_the_error_of_a_scatter_is_what_it_scatters_by():
    found = draws(lambda rng: scatter(rng.normal(0, 1, 100), np.arange(100), 100), 80)
    assert np.std([one.value for one in found]) == pytest.approx(np.mean([one.error for one in found]), rel=0.3)


def test_values_that_share_an_error_are_drawn_together():
    rng = np.random.default_rng(3)
    block = np.repeat(np.arange(40), 25)
    values = rng.normal(0, 1, 40)[block] + rng.normal(0, 0.1, 1000)
    together, apart = (bootstrap(np.mean, values, blocks) for blocks in (block, np.arange(1000)))
    assert together == pytest.approx(1 / np.sqrt(40), rel=0.3) and apart < together / 3


@pytest.mark.parametrize("rate", [(0.4, 0.6), (0.97, 0.99), (0.997, 0.9995)])
def test_an_interval_of_a_share_holds_the_truth_as_often_as_it_says(rate):
    """On average over rates: for few misses it jumps from one rate to the next, as numbers of misses are whole."""

    def holds(rng):
        true = rng.uniform(*rate)
        one = share(rng.binomial(1000, true), 1000)
        return one.low <= true <= one.high

    assert np.mean(draws(holds, 1500)) == pytest.approx(0.68, abs=0.08)


def test_a_share_of_all_has_an_interval_below_and_one_of_nothing_is_unknown():
    one = share(50, 50)
    assert one.value == one.high == 1 and 0.97 < one.low < 0.99 and one.misses == 0
    assert not share(0, 0).known


def test_a_weighted_median_is_as_exact_as_it_says_with_errors_of_all_sizes():
    sigma = 10 ** np.random.default_rng(4).uniform(-2.5, -0.5, 200)
    found = np.array(draws(lambda rng: weighted_median(rng.normal(0.3, sigma), sigma)))
    assert found[:, 0].mean() == pytest.approx(0.3, abs=4 * found[:, 0].std() / np.sqrt(300))
    assert found[:, 0].std() == pytest.approx(found[:, 1].mean(), rel=0.25)
    assert np.isnan(weighted_median(np.ones(4), np.ones(4))).all()


def test_medians_of_groups_are_those_of_each_group():
    values, group = np.array([3.0, 1.0, 2.0, 10.0, 20.0]), np.array([2, 2, 2, 0, 0])
    assert medians(values, group, 4).tolist()[:1] == [15.0]
    assert np.isnan(medians(values, group, 4)[[1, 3]]).all() and medians(values, group, 4)[2] == 2.0


def test_noise_alone_makes_no_typical_offset_and_an_interval_of_the_largest_that_reaches_down():
    errors = np.full(14, 0.005)
    noise = draws(lambda rng: (typical(rng.normal(0, errors), errors), largest(rng.normal(0, errors), errors)), 60)
    assert np.mean([one.value for one, _ in noise]) < 0.0035 and np.mean([one.high for one, _ in noise]) < 0.006
    assert np.mean([other.low for _, other in noise]) < 0.005 < 0.008 < np.mean([other.value for _, other in noise])
    real = draws(lambda rng: typical(rng.normal(0, np.hypot(0.02, errors)), errors), 60)
    assert np.mean([one.value for one in real]) == pytest.approx(0.02, rel=0.1)
    assert not typical(np.zeros(0), np.zeros(0)).known


def test_only_an_interval_on_one_side_decides():
    assert decides(symmetric(0.03, 0.01, 9), 0.05, "<") and decides(symmetric(0.07, 0.01, 9), 0.05, "<") is False
    assert decides(symmetric(0.045, 0.01, 9), 0.05, "<") is None
    assert decides(share(100, 100), 0.99, ">") is None or share(100, 100).low > 0.99
    assert decides(share(990, 1000), 0.9995, ">") is False


@pytest.mark.parametrize("estimate, threshold, sense", [
    (share(100, 100), 0.9995, ">"), (share(6998, 7000), 0.9995, ">"), (share(95, 100), 0.96, ">")])
def test_as_many_objects_as_are_asked_for_decide_about_a_share(estimate, threshold, sense):
    assert decides(estimate, threshold, sense) is None
    objects = objects_needed(estimate, threshold, sense)
    rate = estimate.misses / estimate.objects
    enough = share(objects - round(objects * rate), objects)
    assert decides(enough, threshold, sense) is not None and objects > estimate.objects


def test_as_many_objects_as_are_asked_for_decide_about_a_number():
    one = symmetric(0.045, 0.01, 100)
    objects = objects_needed(one, 0.05, "<")
    assert objects == 400  # half the error takes four times the objects
    assert objects_needed(unknown(3), 0.05, "<") is None
    assert objects_needed(symmetric(0.05, 0.01, 100), 0.05, "<") is None  # no number of them would decide


def test_an_estimate_is_scaled_with_its_ends():
    one = Estimate(2.0, 1.0, 4.0, 7).shifted(10, -1)
    assert (one.value, one.low, one.high, one.error) == (8.0, 6.0, 9.0, 1.5)
