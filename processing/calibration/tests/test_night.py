"""A whole night: measurements in, zero points of scans out, remembered on disk."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from processing import __version__
from processing.calibration.night import calibrate_night, read_night_calibration
from processing.calibration.tests.made_up_night import START, MadeUpNight
from processing.errors import SurveyError

TIMES, FIELDS = np.arange(7.0), ["a", "b", "c", "a", "d", "b", "e"]
NIGHT = "990101n"


def calibrated(night, **clouds):
    return calibrate_night(NIGHT, {"j": night.measured(**clouds)}, night.standards, {"standards": "00ff"})


@pytest.fixture(scope="module")
def drifting():
    night = MadeUpNight(1, TIMES, FIELDS, curve=lambda h: 0.03 * np.sin(h), change=0.01)
    return night, calibrated(night)


def test_zero_points_of_drifting_nights_are_recovered_within_their_errors():
    pulls, sizes = [], []
    for seed in range(25):
        night = MadeUpNight(seed, TIMES, FIELDS, curve=lambda h: 0.015 * h, change=0.01)
        found = calibrated(night)
        for hour in (1.5, 4.7):
            scan = found.zero_point("j", START + hour / 24, 1.25)
            pulls.append((scan.value - night.zero_point(START + hour / 24, 1.25)) / scan.error)
            sizes.append(scan.error)
    assert 0.6 < np.std(pulls) < 1.25
    assert np.median(sizes) < 0.006


def test_extinction_is_part_of_the_zero_point(drifting):
    night, found = drifting
    low, high = (found.zero_point("j", START + 3 / 24, airmass) for airmass in (1.0, 1.6))
    truth = night.zero_point(START + 3 / 24, np.array([1.0, 1.6]))
    assert low.value - high.value == pytest.approx(truth[0] - truth[1], abs=0.02)


def test_one_cloudy_visit_spoils_its_own_hour_only():
    dimmed = {4: np.array([0.1, 0.3, 0.25, 0.4, 0.15, 0.3])}
    night = MadeUpNight(2, TIMES, FIELDS)
    found = calibrated(night, clouds=dimmed)
    assert found.bands["j"].status == tuple("cloudy" if k == 4 else "clear" for k in range(7))
    clear, near = (found.zero_point("j", START + hour / 24, 1.2) for hour in (1.5, 4.5))
    assert abs(clear.value - night.zero_point(START + 1.5 / 24, 1.2)) < 4 * clear.error < 0.05
    assert near.error > 0.1
    assert not found.photometricity("j", START + 4.5 / 24)["photometric"]


def test_bands_are_independent_and_a_band_without_calibration_says_why(drifting):
    night, found = drifting
    measured = night.measured()
    far = replace(measured, dec=measured.dec + 1)
    both = calibrate_night(NIGHT, {"j": measured, "h": far}, night.standards)
    assert list(both.bands) == ["j"] and set(both.failures) == {"h", "k"}
    with pytest.raises(SurveyError, match=f"band h: expected standards among {len(far.mjd)} measurements"):
        both.zero_point("h", START, 1.0)
    with pytest.raises(SurveyError, match="band k: expected measurements in calibration scans, found none"):
        both.photometricity("k", START)
    with pytest.raises(SurveyError, match="band j.*band h.*band k"):
        calibrate_night(NIGHT, {}, night.standards)


def test_few_standards_make_a_wide_error_and_a_note():
    few = calibrated(MadeUpNight(3, TIMES[:3], FIELDS[:3], n=1)).zero_point("j", START + 1 / 24, 1.1)
    many = calibrated(MadeUpNight(3, TIMES[:3], FIELDS[:3])).zero_point("j", START + 1 / 24, 1.1)
    assert few.error > 3 * many.error and few.error > 0.015
    assert any("1 standard only" in note for note in few.notes)


def test_what_is_written_is_read_and_predicts_the_same(drifting, tmp_path):
    _, found = drifting
    found.write(tmp_path / "calibration.json")
    again = read_night_calibration(tmp_path / "calibration.json")
    for hour in (-0.5, 2.5, 6.0, 9.0):
        one, other = (night.zero_point("j", START + hour / 24, 1.4) for night in (again, found))
        assert asdict(one) == asdict(other)
    assert again.photometricity("j", START) == found.photometricity("j", START)
    again.write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "calibration.json").read_bytes()


def test_the_product_remembers_version_settings_and_inputs(drifting, tmp_path):
    drifting[1].write(tmp_path / "calibration.json")
    record = json.loads((tmp_path / "calibration.json").read_text())
    assert (record["stage"], record["version"], record["night"]) == ("calibration", __version__, NIGHT)
    assert record["settings"]["drift"] == 0.02 and record["inputs"] == {"standards": "00ff"}
    assert set(record["failures"]) == {"h", "k"}


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"stage": "release"}', '{"stage": "calibration", "bands": 1}'])
def test_a_file_that_is_no_calibration_is_refused(tmp_path, text):
    (tmp_path / "wrong.json").write_text(text)
    with pytest.raises(SurveyError, match="wrong.json"):
        read_night_calibration(tmp_path / "wrong.json")


def test_nothing_not_a_number_is_written(tmp_path):
    alone = calibrated(MadeUpNight(4, [0.0], ["a"]))
    alone.write(tmp_path / "alone.json")
    again = read_night_calibration(tmp_path / "alone.json")
    assert np.isnan(again.zero_point("j", START, 1.0).zperr) and np.isnan(again.photometricity("j", START)["jump"])
    assert again.zero_point("j", START, 1.0).error > 0.01
