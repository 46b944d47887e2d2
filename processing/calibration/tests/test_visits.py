"""Standards are found, the doubtful ones left out, and a visit's zero point is right within its error."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from processing.calibration.standards import standard_offsets, visit_numbers
from processing.calibration.tests.made_up_night import (
    BAND,
    EXTINCTION,
    FRAMES,
    NOMINAL,
    SCANS,
    STANDARDS,
    START,
    MadeUpNight,
)
from processing.calibration.visits import scan_scatter, visit_zero_points


def offsets_of(night, measured):
    return standard_offsets(measured, night.standards, BAND, EXTINCTION)


def visits(night, **clouds):
    return visit_zero_points(offsets_of(night, night.measured(**clouds)))


def added(measured, rows, **changes):
    """The measurements with copies of ``rows`` that differ by ``changes``."""
    copies = {name: getattr(measured, name)[rows] + changes.get(name, 0) if name in changes else
              getattr(measured, name)[rows] for name in measured.__dataclass_fields__}  # fmt: skip
    return replace(measured, **{name: np.append(getattr(measured, name), value) for name, value in copies.items()})


def test_a_visit_is_a_run_of_calibration_scans_of_one_field():
    rows = [("dark", ""), ("cal", "a"), ("cal", "a"), ("cal", "b"), ("sci", "12"), ("cal", "b"), ("cal", "b")]
    sequences = [SimpleNamespace(seq=10 + k, type=kind, tile=tile) for k, (kind, tile) in enumerate(rows)]
    assert visit_numbers(sequences) == {11: 0, 12: 0, 13: 1, 15: 2, 16: 2}


def test_every_apparition_of_a_lone_standard_counts():
    night = MadeUpNight(1, [0.0, 1.0], ["a", "b"])
    found = offsets_of(night, night.measured())
    assert len(found.mjd) == 2 * SCANS * FRAMES * STANDARDS
    assert found.dropped == {"no number": 0, "confused": 0}
    assert np.array_equal(night.standards["field"][found.star], found.field)


@pytest.mark.parametrize("fainter, counts", [(2.0, False), (6.0, True)])
def test_a_neighbour_confuses_unless_it_is_very_faint(fainter, counts):
    night = MadeUpNight(2, [0.0], ["a"])
    measured = night.measured()
    found = offsets_of(night, added(measured, [0], dec=5 / 3600, instrumental=fainter))
    assert (len(found.mjd) == len(measured.mjd)) == counts
    assert found.dropped["confused"] == (0 if counts else 1)


def test_a_star_is_no_neighbour_of_itself_in_another_image_nor_a_standard_of_another_field():
    night = MadeUpNight(3, [0.0, 1.0], ["a", "b"])
    measured = night.measured()
    strange = replace(measured, field=np.where(measured.field == "b", "c", measured.field))
    assert set(offsets_of(night, strange).field) == {"a"}


def test_a_star_that_is_a_standard_of_two_fields_is_not_confused_by_itself():
    night = MadeUpNight(3, [0.0, 1.0], ["a", "b"])
    half = len(night.standards["ra"]) // 2
    for name in ("ra", "dec"):
        night.standards[name][half:] = night.standards[name][:half]
    measured = night.measured()
    assert len(offsets_of(night, measured).mjd) == len(measured.mjd)


def test_close_standards_and_missing_numbers_are_left_out():
    night = MadeUpNight(4, [0.0], ["a"])
    night.standards["dec"][1], night.standards["ra"][1] = night.standards["dec"][0] + 4 / 3600, night.standards["ra"][0]
    night.standards[BAND][5] = np.nan
    measured = night.measured()
    measured.error[measured.image == 0] = np.nan
    assert not {0, 1, 5} & set(offsets_of(night, measured).star)
    assert not (offsets_of(night, measured).mjd == measured.mjd[0]).any()


def test_zero_points_of_visits_have_the_errors_they_claim():
    pulls = []
    for seed in range(60):
        night = MadeUpNight(seed, [0.0, 1.0, 2.0], ["a", "b", "a"])
        found = visits(night)
        pulls.append((found.zero_point - NOMINAL) / np.sqrt(np.diag(found.covariance)))
        assert found.stars.min() >= STANDARDS - 1
    assert np.std(pulls) == pytest.approx(1, abs=0.2)
    assert abs(np.mean(pulls)) < 0.3


def test_visits_to_one_field_share_the_errors_of_its_standards():
    covariance = visits(MadeUpNight(5, [0.0, 1.0, 2.0], ["a", "b", "a"])).covariance
    assert covariance[0, 2] > 0.7 * covariance[0, 0]
    assert covariance[0, 1] == 0


def test_a_variable_standard_is_rejected_and_changes_nothing():
    night = MadeUpNight(6, [0.0], ["a"])
    before = visits(night)
    night.standards[BAND][3] += 0.3
    after = visits(night)
    assert after.rejected[0] == before.rejected[0] + 1
    assert after.zero_point[0] == pytest.approx(before.zero_point[0], abs=0.006)


def test_bad_apparitions_do_not_move_a_visit():
    night = MadeUpNight(7, [0.0], ["a"])
    measured = night.measured()
    bad = np.random.default_rng(1).random(len(measured.mjd)) < 0.05
    found = visit_zero_points(offsets_of(night, replace(measured, instrumental=measured.instrumental - 1.0 * bad)))
    assert abs(found.zero_point[0] - NOMINAL) < 4 * np.sqrt(found.covariance[0, 0])


def test_clouds_show_as_scatter_from_scan_to_scan():
    dimmed = np.array([0.0, 0.05, 0.2, 0.1, 0.0, 0.15])
    found = visits(MadeUpNight(8, [0.0, 1.0], ["a", "b"]), clouds={1: dimmed})
    assert found.scatter[0] < 0.005
    assert found.scatter[1] == pytest.approx(dimmed.std(ddof=1), rel=0.15)


def test_stars_that_differ_in_a_scan_are_no_cloud():
    rng, found = np.random.default_rng(1), []
    scan, star, _ = (a.ravel() for a in np.meshgrid(np.arange(6), np.arange(5), np.arange(6), indexing="ij"))
    for _ in range(100):
        residual = 0.03 * rng.standard_normal((6, 5))[scan, star] + 0.01 * rng.standard_normal(len(scan))
        found.append(scan_scatter(residual, np.full(len(scan), 0.01), scan, star))
    assert np.mean(np.array(found) > 0) < 0.1, "0.03 mag of each star by itself make 0.013 mag of the mean of a scan"
    dimmed = residual - np.array([0, 0.1, 0, 0.2, 0.1, 0])[scan]
    assert scan_scatter(dimmed, np.full(len(scan), 0.01), scan, star) > 0.06


def test_one_scan_has_no_scatter_and_two_standards_a_wide_error():
    night = MadeUpNight(9, [0.0], ["a"], n=2)
    measured = night.measured()
    first = measured.scan == 0
    alone = replace(measured, **{name: getattr(measured, name)[first] for name in measured.__dataclass_fields__})
    found = visit_zero_points(offsets_of(night, alone))
    assert np.isnan(found.scatter[0]) and found.stars[0] == 2
    assert np.sqrt(found.covariance[0, 0]) > 0.03


def test_mean_time_is_that_of_the_scans():
    found = visits(MadeUpNight(10, [2.0], ["a"]))
    assert found.mjd[0] == pytest.approx(START + (2.0 + 0.025 * 2.5 + 0.003 * 2.5) / 24, abs=0.005 / 24)
