"""Of several scans of one tile the best is released; the reasons are told; visits to calibration fields are found."""

from pathlib import Path

import pytest

from processing.errors import SurveyError
from processing.formats.work_record import SCAN_COLUMNS
from processing.release.command import _left_out
from processing.release.scans.fields import Field
from processing.release.scans.footprint import outline_of, outlines_touch
from processing.release.scans.scan_choice import choose_scans
from processing.release.tests.field_maker import corners


def field(scan, score=9, tile=7, kind="sci", limits=(16.0, 15.2, 14.5), ra=10.0, date="1999-01-01"):
    row = dict.fromkeys(SCAN_COLUMNS) | corners(ra - 0.07, ra + 0.07, 0.0, 6.0)
    row |= {"date": date, "hemis": "n", "scan": scan, "tile": tile, "ra": ra, "dec": 3.0}
    row |= {f"{band}_limit": limit for band, limit in zip("jhk", limits)}
    return Field(Path(f"s{scan:03d}"), row, kind, (1,), outline_of([[row]]), 3, 100, date, score, {})


def chosen(*fields, failed=(), types=("sci",)):
    return [scan.scan_id[2] for scan in choose_scans(list(fields), list(failed), types).chosen]


def test_the_highest_score_wins_then_the_bands_then_the_limits_then_the_first():
    assert chosen(field(1, 8), field(2, 9), field(3, 7)) == [2]
    assert chosen(field(1, limits=(None, 16.0, 15.0)), field(2)) == [2]
    assert chosen(field(1), field(2, limits=(16.1, 15.2, 14.5)), field(3)) == [2]
    assert chosen(field(2), field(3)) == [2]


def test_scans_of_other_tiles_and_of_none_are_taken_as_they_are():
    fields = field(1, tile=7), field(2, tile=8), field(3, tile=None), field(4, tile=None, score=None)
    assert chosen(*fields) == [1, 2, 3, 4]


def test_a_poor_scan_is_not_even_spare_and_each_scan_left_out_says_why():
    choice = choose_scans([field(1, 2), field(2, 5), field(3, 6), field(4, kind="cal", tile=None)],
                          [{"work": "s005", "scan": "990101n scan 005", "why": "no frames"}])  # fmt: skip
    found = (choice.chosen, choice.spare, *choice.visits)
    assert [[scan.scan_id[2] for scan in some] for some in found] == [[3], [2], [4]]
    assert [entry["why"] for entry in choice.left_out] == [
        "score 2, the least is 3", "spare: of tile 7 990101n scan 003 was chosen (score 6, this one has 5)", "type cal",
        "no frames"]  # fmt: skip


def test_nothing_to_release_is_refused_with_a_reason():
    with pytest.raises(SurveyError, match="nothing to release: 990101n scan 001 is left out .score 0, the least is 3"):
        choose_scans([field(1, 0), field(2, 1)], [])


def test_a_visit_ends_with_another_field_a_science_scan_or_the_night():
    cal = [field(n, kind="cal", tile=None, ra=10.0 + 0.0014 * n) for n in (1, 2, 3)]
    other = field(4, kind="cal", tile=None, ra=50.0)
    later = [field(n, kind="cal", tile=None) for n in (6, 7)]
    tomorrow = field(8, kind="cal", tile=None, date="1999-01-02")
    choice = choose_scans([*cal, other, field(5), *later, tomorrow], [])
    assert [[scan.scan_id[2] for scan in visit] for visit in choice.visits] == [[1, 2, 3], [4], [6, 7], [8]]


def test_scans_side_by_side_touch_and_those_apart_do_not():
    here, beside, apart = (field(1, ra=ra).outline for ra in (10.0, 10.13, 10.2))
    assert outlines_touch(here, beside, 30.0) and not outlines_touch(here, apart, 30.0)
    across = outline_of([[corners(9.0, 11.0, 2.0, 2.15)]])
    assert outlines_touch(here, across, 30.0) and outlines_touch(across, here, 30.0)


def test_scans_left_out_for_one_reason_are_told_together_when_they_are_many():
    many = [{"scan": f"990101n scan {n:03d}", "why": "type cal"} for n in range(5, 11)]
    told = list(_left_out([*many, {"scan": "990101n scan 020", "why": "no reads"}]))
    assert told == ["  left out  6 scans, 990101n scan 005 to 990101n scan 010: type cal",
                    "  left out  990101n scan 020: no reads"]
