"""Each figure gives the number that was put into a made-up survey, within its own error."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from processing.config import survey
from processing.validate import astrometry, bright_stars, completeness, precision, reliability, sensitivity, uniformity
from processing.validate.apparitions import LETTERS
from processing.validate.repeats import science_repeats
from processing.validate.tests.made_survey import Facts, Made
from processing.validate.verdict import NOT_MEASURED, NOT_MET, tensions, verdict


@pytest.fixture(scope="module")
def made():
    return Made(Facts(complete=0.98, false=0.004))


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch):
    """For the error of the limits; enough for a third of its size."""
    monkeypatch.setattr(sensitivity, "DRAWS", 15)


@pytest.fixture(scope="module")
def evidence(made):
    return made.evidence()


def pulls(figures, truth):
    """Differences from ``truth(figure)`` in the figures' own errors, on the side on which it lies."""
    for one in figures:
        value = one.estimate.value
        error = value - one.estimate.low if value > truth(one) else one.estimate.high - value
        yield (value - truth(one)) / error


def check(figures, truth):
    """All within three errors, and if they are several, typically within one."""
    found = np.array(list(pulls(figures, truth)))
    assert len(found) and (np.abs(found) < 3).all(), found
    assert len(found) < 5 or np.median(np.abs(found)) < 1.4, found


def test_sensitivity_is_where_the_scatter_is_a_tenth_in_the_least_sensitive_scan(made, evidence):
    noise = np.sqrt(0.109**2 - made.facts.floor**2)  # the floor is part of the scatter

    def truth(one):
        limit = min(row[f"{LETTERS[one.band]}_limit"] for row in made.scans)
        return limit + made.facts.beyond + 2.5 * np.log10(noise / 0.109)

    figures = sensitivity.figures(evidence)
    assert {one.basis for one in figures} == {"repeats", "truth"}
    check(figures, truth)


def test_sensitivity_does_not_suffer_from_faint_stars_that_are_missing(made):
    found, rows = made.evidence(), made.catalog
    kept = Made.__new__(Made)
    kept.__dict__ |= {**made.__dict__, "catalog": rows.filter(pc.greater(rows["k_snr"], 7.0))}
    whole, cut = (sensitivity._from_truth(one, 2) for one in (found, kept.evidence()))
    assert len(cut[0]) < len(whole[0])
    assert sensitivity.ten_sigma(*cut[:2]) == pytest.approx(sensitivity.ten_sigma(*whole[:2]), abs=0.03)


def test_zero_points_of_overlaps_are_the_differences_that_were_put_in(made, evidence):
    for k in range(3):
        found = uniformity.overlap_offsets(evidence.apparitions, k)
        zero = {name: made.zero[name[0], name[1], name[2]][k] for pair in found for name in pair}
        pull = [(offset - (zero[b] - zero[a])) / error for (a, b), (offset, error, _) in found.items()]
        assert len(pull) == made.facts.scans - 1
        assert np.abs(pull).max() < 3.5 and np.sqrt(np.mean(np.square(pull))) < 1.7


def test_zero_points_of_scans_are_those_that_were_put_in(made, evidence):
    found = uniformity.scan_offsets(evidence, 0)
    pull = [(offset - made.zero[name][0]) / error for name, (offset, error, _) in found.items()]
    assert len(pull) == len(made.zero) and np.sqrt(np.mean(np.square(pull))) < 1.6


def expected_precision(made, evidence):
    """Scatter of a measurement in the range of the test: the floor, and some noise at its faint end."""
    low, high = survey().validate.bright, survey().validate.faint

    def scatter(one):
        magnitude = evidence.truth.mag[:, one.band]
        magnitude = magnitude[(magnitude > low[one.band]) & (magnitude < high[one.band])]
        noise = 0.109 * 10 ** (0.4 * (magnitude - made.facts.limits[LETTERS[one.band]] - made.facts.beyond))
        return np.sqrt(np.mean(made.facts.floor**2 + noise**2))

    return scatter


def test_precision_is_the_scatter_of_single_measurements_whatever_the_zero_points(made, evidence):
    check(precision.figures(evidence), expected_precision(made, evidence))
    made = Made(Facts(zero=0.1, density=1500, visits=2))
    wild = made.evidence()
    check(precision.figures(wild), expected_precision(made, wild))
    largest = [one for one in uniformity.figures(wild) if one.measure == "largest"]
    assert {verdict(one) for one in largest} == {NOT_MET}


def test_positions_err_by_the_frame_and_the_star(made, evidence):
    figures = [one for one in astrometry.figures(evidence) if one.basis != "reference"]
    check(figures, lambda one: np.hypot(made.facts.frame, made.facts.noise))
    assert astrometry.figures(evidence)[2].detail["pull"] == pytest.approx([1.0, 1.0], abs=0.4)


def test_error_ellipses_are_turned_to_the_axes():
    def ellipse(major, minor, angle):
        return {"err_maj": np.array([major]), "err_min": np.array([minor]), "err_ang": np.array([angle])}

    assert astrometry.axis_errors(ellipse(0.3, 0.1, 90))[0] == pytest.approx([0.3, 0.1])
    assert astrometry.axis_errors(ellipse(0.3, 0.1, 0))[0] == pytest.approx([0.1, 0.3])


def test_distance_and_angle_to_reference_stars_give_the_error_on_an_axis(made):
    rng = np.random.default_rng(5)
    east, north = rng.normal(0, 0.1, (2, len(made.catalog)))
    table = made.catalog
    for name, values in (("dist_opt", np.hypot(east, north)), ("phi_opt", np.degrees(np.arctan2(east, north)) % 360),
                         ("tycho", np.ones(len(table), bool))):  # fmt: skip
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    other = Made.__new__(Made)
    other.__dict__ |= {**made.__dict__, "catalog": table}
    check([one for one in astrometry.figures(other.evidence()) if one.basis == "reference"], lambda one: 0.1)


def test_completeness_of_a_scan_is_found_from_two_from_six_and_from_the_truth(evidence):
    figures = completeness.figures(evidence)
    assert len(figures) == 9
    check(figures, lambda one: 0.98)
    assert {verdict(one) for one in figures} == {NOT_MET}


def test_the_survey_form_of_two_scans_is_a_little_more(evidence):
    one = completeness.figures(evidence)[0]
    p = one.estimate.value
    assert one.detail["survey_form"] == pytest.approx(1 / (2 - p), abs=1e-3) and one.detail["survey_form"] > p


def test_false_sources_are_the_share_that_visits_do_not_confirm(made, evidence):
    visits, pairs, truth = reliability.figures(evidence)
    true = 1 / (1 + made.facts.false)
    check([visits], lambda one: true)
    assert pairs.threshold is None and pairs.estimate.value == pytest.approx(0.98 * true, abs=0.006)
    false = made.facts.false * made.facts.scans * 0.14 / (0.1 * made.facts.scans + 0.04)  # of each scan, but stars once
    check([truth], lambda one: 1 - false)


def test_a_survey_without_fault_has_none():
    found = Made(Facts(visits=2, density=2000, read1=(0.0, 0.001))).evidence()
    for one in (*completeness.figures(found), *reliability.figures(found)):
        assert one.estimate.value == 1.0 and one.estimate.misses == 0


def test_read1_bias_and_scatter_are_those_that_were_put_in():
    found = Made(Facts(brightest=3.0, bright=0.3, density=1500, read1=(0.03, 0.04), zero=0.001, visits=3)).evidence()
    figures = {one.item: one for one in bright_stars.figures(found) if one.band == 2 and one.basis == "truth"}
    check([figures["read1_bias"]], lambda one: 0.03)
    check([figures["read1_continuity"]], lambda one: 0.03)
    scatter = [one for one in bright_stars.figures(found) if one.item in ("read1_faint", "read1_bright")]
    check([one for one in scatter if one.estimate.known], lambda one: 0.04)
    assert verdict(figures["read1_bias"]) != "met" and sum(one.estimate.known for one in scatter) >= 6


def test_figures_from_repeats_agree_with_those_from_the_truth(evidence):
    rooms = (uniformity, precision, astrometry, completeness)
    figures = [figure for room in rooms for figure in room.figures(evidence)]
    found = np.array([one for one in tensions(figures) if one is not None])
    assert len(found) > 15 and np.abs(found).max() < 3.2 and np.median(np.abs(found)) < 1.2


def test_a_release_without_apparitions_and_truth_measures_nothing_and_says_so(made):
    bare = Made.__new__(Made)
    bare.__dict__ |= {**made.__dict__, "apparitions": made.apparitions.slice(0, 0)}
    evidence = bare.evidence(truth=False)
    rooms = (sensitivity, uniformity, precision, astrometry, completeness, reliability, bright_stars)
    assert {verdict(one) for room in rooms for one in room.figures(evidence)} == {NOT_MEASURED}


def test_confused_and_flagged_sources_and_double_ones_take_no_part(made):
    table = made.apparitions.sort_by([(n, "ascending") for n in ("kind", "source", "date", "scan")])
    near = np.where(np.arange(len(table)) % 7 == 0, survey().validate.alone - 0.1, np.nan).astype(np.float32)
    crowded = Made.__new__(Made)
    crowded.__dict__ |= {**made.__dict__, "apparitions": table.set_column(
        table.column_names.index("neighbour"), "neighbour", pa.array(near, from_pandas=True))}  # fmt: skip
    apparitions = crowded.evidence().apparitions
    assert not apparitions.fitted(0)[::7].any() and apparitions.fitted(0).any()
    twice = pa.concat_tables([table.slice(0, 400)] * 2).sort_by([(n, "ascending") for n in ("kind", "source", "scan")])
    double = Made.__new__(Made)
    double.__dict__ |= {**made.__dict__, "apparitions": twice}
    apparitions = double.evidence().apparitions
    assert len(science_repeats(apparitions, np.ones(len(apparitions), bool))) == 0
