"""The curve of a night: chosen by the data, right within its errors, and not deceived by clouds."""

from dataclasses import replace

import numpy as np
import pytest

from processing.calibration.band import solve_band
from processing.calibration.tests.made_up_night import EXTINCTION, NOMINAL, START, constant, visits_of
from processing.errors import SurveyError

HOURLY = np.arange(8.0)
NIGHTS = 150


def solve(visits):
    return solve_band(visits, EXTINCTION, "990101n band j")


def walk(rng, size=0.03):
    """A random walk, ``size`` mag a square root of an hour."""
    grid = np.arange(-1, 9, 0.02)
    course = np.cumsum(size * np.sqrt(0.02) * rng.standard_normal(len(grid)))
    return lambda h: np.interp(h, grid, course)


def waves(rng):
    """A smooth change, 0.02 mag rms over three hours."""
    phase = rng.uniform(0, 2 * np.pi, 2)
    return lambda h: 0.02 * (np.sin(2 * np.pi * h / 4.3 + phase[0]) + np.sin(2 * np.pi * h / 6 + phase[1]))


def pulls(course, times, airmass=1.3, nights=NIGHTS):
    """Zero points at a random time of many nights against the truth, in units of their errors; and their models."""
    found, models = [], []
    for seed in range(nights):
        rng = np.random.default_rng(seed)
        curve = course(rng)
        visits, change = visits_of(rng, times, curve)
        solved, hour = solve(visits), rng.uniform(times[0], times[-1])
        value, error = solved.zero_point(START + hour / 24, airmass)
        truth = NOMINAL + float(curve(np.array(hour))) - (EXTINCTION + change) * (airmass - 1)
        found.append((value - truth) / error)
        models.append(solved.model)
    return np.array(found), np.array(models)


@pytest.mark.parametrize("times", [HOURLY[:3], HOURLY[:5], HOURLY])
def test_constant_nights_are_called_constant(times):
    found, models = pulls(lambda rng: constant, times)
    assert np.mean(models == "constant") >= 0.9
    assert 0.5 < np.std(found) < 1.1, "errors allow for a drift too small to see, most so with three visits"


def test_errors_are_right_over_nights_of_all_kinds():
    def any_kind(rng):
        kind, size = rng.choice(4, p=[0.55, 0.15, 0.1, 0.2]), rng.normal(0, 0.04)
        bent = [constant, lambda h: size * (h - 2) / 2, lambda h: size * ((h - 2) / 2) ** 2]
        return walk(rng, rng.choice([0.01, 0.02, 0.04, 0.08])) if kind == 3 else bent[kind]

    found, _ = pulls(any_kind, HOURLY[:5], nights=400)
    assert 0.8 < np.std(found) < 1.1
    assert abs(np.mean(found)) < 0.15


@pytest.mark.parametrize("times", [HOURLY[:5], HOURLY])
def test_random_walks_are_followed_within_the_errors(times):
    found, models = pulls(walk, times)
    assert 0.8 < np.std(found) < 1.25
    assert np.mean(models == "constant") < 0.15
    assert np.mean(models == "piecewise") > 0.6


def test_smooth_drifts_are_followed_within_the_errors():
    found, models = pulls(waves, HOURLY)
    assert np.std(found) < 1.1
    assert np.mean(models == "constant") < 0.1


@pytest.mark.parametrize("model, curve", [
    ("linear", lambda h: 0.012 * h), ("quadratic", lambda h: 0.08 * ((h - 3.5) / 3.5) ** 2)])  # fmt: skip
def test_straight_and_bent_drifts_are_named_and_recovered(model, curve):
    found, models = pulls(lambda rng: curve, HOURLY)
    assert np.mean(models == model) > 0.85
    assert 0.6 < np.std(found) < 1.15


def test_extinction_is_fitted_when_the_airmass_says_and_long_term_when_not():
    changes = []
    for seed in range(NIGHTS):
        visits, change = visits_of(np.random.default_rng(seed), HOURLY, constant)
        solved = solve(visits)
        changes.append((solved.fitted_extinction[0] - EXTINCTION - change) / solved.fitted_extinction[1])
        assert solved.extinction_from == "night"
    assert np.std(changes) == pytest.approx(1, abs=0.2)
    flat = solve(replace(visits, airmass=np.full(8, 1.05)))
    assert flat.extinction_from == "long-term"
    assert flat.fitted_extinction[0] == pytest.approx(EXTINCTION, abs=0.003)


def test_unknown_extinction_makes_high_airmass_uncertain():
    visits, _ = visits_of(np.random.default_rng(1), HOURLY, constant)
    flat = solve(replace(visits, airmass=np.full(8, 1.0)))
    _, error = flat.zero_point(np.full(2, START + 0.1), np.array([1.0, 2.0]))
    assert error[1] ** 2 - error[0] ** 2 == pytest.approx((0.1 * EXTINCTION) ** 2, rel=0.01)


def test_errors_of_a_drifting_night_grow_between_and_beyond_visits():
    errors = []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        solved = solve(visits_of(rng, HOURLY, walk(rng, 0.05))[0])
        errors.append(solved.zero_point(START + np.array([3.0, 3.5, 7.0, 9.0]) / 24, 1.2)[1])
    at, between, last, beyond = np.median(errors, axis=0)
    assert between == pytest.approx(0.05 / 2, rel=0.3), "a random walk half-way between two known places"
    assert beyond == pytest.approx(0.05 * 2**0.5, rel=0.3), "... and two hours beyond the last one"
    assert at < 0.015 and last < 0.015


def test_a_dimmed_visit_is_left_out_and_its_surroundings_are_uncertain():
    visits, _ = visits_of(np.random.default_rng(5), HOURLY, constant)
    dimmed = replace(visits, zero_point=visits.zero_point - 0.3 * (HOURLY == 4))
    clear, solved = solve(visits), solve(dimmed)
    assert solved.status == tuple("jump" if hour == 4 else "clear" for hour in HOURLY)
    assert solved.model == "constant" and solved.jump[4] == pytest.approx(-0.3, abs=0.02)
    value, error = solved.zero_point(START + np.array([1.5, 4.5]) / 24, 1.1)
    assert value == pytest.approx(clear.zero_point(START + np.array([1.5, 4.5]) / 24, 1.1)[0], abs=0.004)
    assert error[0] < 0.01 and error[1] > 0.25
    assert solved.photometricity(START + 1.5 / 24)["photometric"]
    assert not solved.photometricity(START + 4.5 / 24)["photometric"]
    assert "jump" in " ".join(solved.notes)


def test_a_visit_that_scatters_is_left_out():
    visits, _ = visits_of(np.random.default_rng(6), HOURLY, constant)
    solved = solve(replace(visits, scatter=np.where(HOURLY == 2, 0.08, 0.0)))
    assert solved.status[2] == "cloudy" and solved.used.sum() == 7
    assert solved.photometricity(START + 2.2 / 24)["scatter"] == pytest.approx(0.08)
    assert solved.zero_point(START + 2.2 / 24, 1.0)[1] > 0.07


def test_a_night_of_clouds_is_used_and_uncertain():
    visits, _ = visits_of(np.random.default_rng(7), HOURLY, constant)
    solved = solve(replace(visits, scatter=np.full(8, 0.1)))
    assert set(solved.status) == {"cloudy"} and solved.used.all()
    assert solved.zero_point(START, 1.0)[1] > 0.1
    assert "every visit is cloudy" in " ".join(solved.notes)


def test_one_visit_gives_a_zero_point_that_loses_certainty_with_time():
    visits, _ = visits_of(np.random.default_rng(8), [2.0], constant)
    solved = solve(visits)
    value, error = solved.zero_point(START + np.array([2.0, 6.0]) / 24, 1.02)
    assert value == pytest.approx(NOMINAL - 0.02 * EXTINCTION, abs=0.02)
    assert error[0] < 0.03 and error[1] > 0.06
    assert np.isnan(solved.zperr) and "cannot tell a drift" in " ".join(solved.notes)


def test_no_visit_is_an_error():
    visits, _ = visits_of(np.random.default_rng(9), [2.0], constant)
    with pytest.raises(SurveyError, match="990101n band j: expected standards"):
        solve(visits[:0])


def test_residual_of_fields_left_out_is_their_scatter():
    found = []
    for seed in range(NIGHTS):
        solved = solve(visits_of(np.random.default_rng(seed), HOURLY, constant)[0])
        found.append((solved.zperr**2, solved.field_pull**2))
    squares = np.mean(found, axis=0)
    assert squares[0] ** 0.5 == pytest.approx(0.005 * 8 / 7, rel=0.25)
    assert squares[1] ** 0.5 == pytest.approx(1, rel=0.15)


def test_a_zero_point_at_no_time_is_an_error():
    with pytest.raises(SurveyError, match="NaN"):
        solve(visits_of(np.random.default_rng(9), HOURLY, constant)[0]).zero_point(np.nan, 1.0)
