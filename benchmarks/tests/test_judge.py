"""The judge judges rightly: lists made from the truth come out as good, and as bad, as they were made."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.answers import Answer
from benchmarks.judge import Measured, completeness, false_sources, match
from benchmarks.samples import MAG, limit, sample
from processing.simulate.frame_bound import Errors, FrameBound
from processing.validate.statistics import median, robust

ZERO_POINT, NOISE = 20.0, 15.0


def made_up_answer(count=4000, seed=1):
    """Stars on a lattice 20 arcsec apart, of the same noise; every error of a place is 1.4 arcsec over the S/N."""
    rng = np.random.default_rng(seed)
    north, east = 20.0 * np.array(np.divmod(np.arange(count), 23)) - np.array([[0.0], [220.0]])
    mag = np.sort(rng.uniform(10.0, 17.5, count))
    flux = NOISE / 10 ** (0.4 * (ZERO_POINT - mag))
    errors = Errors(flux, 1.4 * flux, 1.4 * flux)
    bound = FrameBound(np.full(len(mag), 6), 1 / flux, errors, errors)
    nothing = np.zeros((0, 3))
    return Answer("j", (0.0, 0.0), np.arange(len(mag)), east, north, mag, bound, np.ones(len(mag), bool), nothing,
                  nothing, ZERO_POINT)  # fmt: skip


def measured(answer, worse=1.0, seed=2):
    """All stars with errors ``worse`` times the bound, quoted rightly."""
    rng = np.random.default_rng(seed)
    errors = answer.bound.lone
    ratio = 1 + worse * errors.flux * rng.standard_normal(len(errors.flux))
    shift = worse * np.array([errors.x, errors.y]) * rng.standard_normal((2, len(errors.flux)))
    mag = answer.mag - 2.5 * np.log10(np.maximum(ratio, 0.01))
    return Measured(answer.east + shift[0], answer.north + shift[1], mag, MAG * worse * errors.flux,
                    np.full(len(mag), 2))  # fmt: skip


@pytest.mark.parametrize("worse", [1.0, 1.5])
def test_scatter_is_told_in_units_of_the_bound(worse):
    answer = made_up_answer()
    stars = sample(match(measured(answer, worse), answer), answer.alone, answer.bound.lone).between(10, 200)
    error = 4 / np.sqrt(2 * len(stars))
    assert robust(stars.flux) == pytest.approx(worse, rel=error)
    assert robust(stars.pull) == pytest.approx(1, rel=error)
    assert robust(stars.place.ravel()) == pytest.approx(worse, rel=error)
    assert abs(median(stars.difference)) < 0.003


def test_an_error_of_the_reference_frame_is_not_one_of_the_stars():
    answer = made_up_answer()
    found = measured(answer)
    moved = replace(found, east=found.east + 0.2 + 0.1 * np.sin(found.north / 1000), north=found.north - 0.3)
    stars = sample(match(moved, answer), answer.alone, answer.bound.lone).between(10, 200)
    assert robust(stars.place.ravel()) == pytest.approx(1, rel=4 / np.sqrt(2 * len(stars)))


def test_what_is_missing_counts_and_what_is_too_much_is_false():
    answer = made_up_answer()
    found = measured(answer)
    bright = np.flatnonzero(answer.bound.lone.snr > 10)
    gone = np.setdiff1d(np.arange(len(answer.mag)), bright[::50])
    share, number = completeness(match(found.select(gone), answer))
    assert number == len(bright) and share == pytest.approx(1 - len(bright[::50]) / number)
    twice = Measured(*(np.r_[getattr(found, name), getattr(found, name)[bright[:30]]] for name in (
        "east", "north", "mag", "mag_err", "origin")))  # fmt: skip
    share, number = false_sources(match(twice, answer))
    assert share * number == pytest.approx(30)


@pytest.mark.parametrize("brighter, false", [(1.2, False), (2.0, True)])
def test_a_star_badly_measured_is_not_found_but_false_only_when_nothing_explains_its_light(brighter, false):
    answer = made_up_answer()
    found = measured(answer)
    wrong = found.mag.copy()
    wrong[10] -= brighter
    judged = match(replace(found, mag=wrong), answer)
    assert 10 not in judged.star and (10 in judged.false) == false


def test_the_limit_is_where_a_star_is_ten_times_the_noise():
    answer = made_up_answer()
    found, number = limit(sample(match(measured(answer), answer), answer.alone, answer.bound.lone))
    assert number > 300
    assert found == pytest.approx(ZERO_POINT - 2.5 * np.log10(10 * NOISE), abs=4 * MAG / np.sqrt(2 * number))
