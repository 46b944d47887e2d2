"""What is said of a figure, and of a requirement with several."""

import pytest

from processing.validate.figure import Figure
from processing.validate.statistics import Estimate, share, symmetric, unknown
from processing.validate.verdict import (
    INFORMATIVE, MET, NOT_MEASURED, NOT_MET, TOO_FEW, agrees, needed, overall, tension, tensions, verdict,
)  # fmt: skip


def figure(estimate, basis="repeats", threshold=0.05, sense="<", measure="m", band=0):
    return Figure("precision", measure, "scatter", band, basis, estimate, "by hand", "mag", sense, threshold)


@pytest.mark.parametrize("estimate, word", [
    (symmetric(0.03, 0.01, 100), MET), (symmetric(0.08, 0.01, 100), NOT_MET), (symmetric(0.045, 0.01, 100), TOO_FEW),
    (unknown(3), TOO_FEW), (unknown(0), NOT_MEASURED)])
def test_a_figure_is_judged_by_its_interval(estimate, word):
    assert verdict(figure(estimate)) == word
    assert (needed(figure(estimate)) is not None) == (word == TOO_FEW and estimate.known)


def test_reliability_is_not_shown_by_a_few_hundred_sources_however_good():
    few, many = (figure(share(n, n), threshold=0.9995, sense=">") for n in (300, 5000))
    assert (verdict(few), verdict(many)) == (TOO_FEW, MET) and 300 < needed(few) < 5000


def test_where_nothing_is_required_a_figure_informs():
    assert verdict(figure(symmetric(1, 1, 1), threshold=None)) == INFORMATIVE


def test_figures_are_compared_with_the_truth_of_the_same_quantity_and_band_on_the_sides_that_face_each_other():
    low = figure(Estimate(0.98, 0.97, 0.985, 50), threshold=0.9, sense=">")
    other_band = figure(symmetric(0.9, 0.01, 5), band=1)
    truth = figure(Estimate(1.0, 0.99, 1.0, 80), "truth")
    found = tensions([low, other_band, truth])
    assert found[0] == pytest.approx(-0.02 / (0.005**2 + 0.01**2) ** 0.5) and found[1] is found[2] is None
    assert agrees(found[0]) and agrees(5.0) is False and agrees(None) is None


def test_equal_figures_do_not_differ_even_without_an_error():
    one = Estimate(1.0, 0.9, 1.0, 5)
    assert tension(one, one) == 0.0


@pytest.mark.parametrize("words, result", [
    ([(MET, "a"), (MET, "b")], MET), ([(MET, "a"), (TOO_FEW, "a")], MET), ([(MET, "a"), (TOO_FEW, "b")], TOO_FEW),
    ([(MET, "a"), (NOT_MET, "a")], NOT_MET), ([(NOT_MEASURED, "a"), (MET, "b")], MET),
    ([(NOT_MEASURED, "a")], NOT_MEASURED),
    ([(MET, "a"), (INFORMATIVE, "b")], MET)])
def test_a_requirement_is_met_when_every_quantity_that_was_measured_is(words, result):
    estimates = {MET: symmetric(0.03, 0.01, 9), NOT_MET: symmetric(0.09, 0.01, 9), TOO_FEW: symmetric(0.05, 0.01, 9),
                 NOT_MEASURED: unknown(), INFORMATIVE: symmetric(9, 1, 1)}  # fmt: skip
    figures = [figure(estimates[word], measure=measure, threshold=None if word == INFORMATIVE else 0.05)
               for word, measure in words]  # fmt: skip
    assert overall(figures) == result
