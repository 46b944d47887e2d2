"""The selection rules on real rows, which all passed them once, and on rows spoilt one by one."""

import pyarrow as pa
import pytest

from processing.formats.tests.real_rows import real_points
from processing.release.sky.keys import with_column
from processing.release.scans.points import Points
from processing.release.scans.selection import AFTER_DUPLICATES, BEFORE_DUPLICATES, not_applied, unknown

RULES = {rule.name: rule for rule in (*BEFORE_DUPLICATES, *AFTER_DUPLICATES)}


def points_of(table):
    return Points(table)


def spoilt(**columns):
    """Ten real rows of ph_qual AAA with some columns changed."""
    table = real_points()
    table = table.filter(pa.compute.equal(table["ph_qual"], "AAA")).slice(0, 10)
    for name, value in columns.items():
        table = with_column(table, name, [value] * 10)
    return points_of(table)


@pytest.mark.parametrize("name", RULES)
def test_every_published_row_passes(name):
    assert RULES[name].keeps(points_of(real_points())).all()


@pytest.mark.parametrize("name, columns", [
    ("border", {"dist_edge_ew": 10}),
    ("border", {"dist_edge_ns": 3}),
    ("artifact", {"cc_flg": "0P0"}),
    ("detected", {"rd_flg": "406"}),
    ("significant", {"j_snr": 6.9, "h_snr": 6.9, "j_cmsig": 0.3, "h_cmsig": 0.3, "k_cmsig": 0.3, "rd_flg": "220"}),
    ("significant", {f"{b}_{c}": None for b in "jhk" for c in ("snr", "cmsig")}),
    ("frames", {"rd_flg": "220", "ndet": "262600", "j_snr": 30.0, "h_snr": 30.0}),
    ("frames", {"ndet": "222121"}),
    ("significant", {"j_snr": 4.9, "h_snr": 4.9, "k_snr": 4.9, "j_cmsig": 0.22, "h_cmsig": 0.22, "k_cmsig": 0.22}),
])
def test_a_spoilt_row_fails_its_rule_and_no_other(name, columns):
    failed = {rule.name for rule in RULES.values() if not rule.keeps(spoilt(**columns)).any()}
    assert failed == {name}


def test_three_bands_of_grade_c_are_enough_where_two_are_not():
    faint = {"j_snr": 5.1, "h_snr": 5.1, "k_snr": 5.1, "j_cmsig": 0.2, "h_cmsig": 0.2, "k_cmsig": 0.2}
    assert RULES["significant"].keeps(spoilt(**faint)).all()
    assert not RULES["significant"].keeps(spoilt(**faint, rd_flg="220")).any()


@pytest.mark.parametrize("columns", [
    {"ndet": "262600", "rd_flg": "120"}, {"ndet": "222222"}, {"ndet": "363600", "rd_flg": "220"}, {"ndet": None},
    {"ndet": "161600", "rd_flg": "220", "j_m": 15.0, "j_snr": 12.0},
])
def test_saturated_faint_and_consistent_sources_need_fewer_frames(columns):
    assert RULES["frames"].keeps(spoilt(**columns)).all()


def test_a_bright_band_that_is_only_an_upper_limit_does_not_count():
    assert not RULES["significant"].keeps(spoilt(rd_flg="000")).any()


def test_unknown_edges_keep_the_source_and_are_told():
    points = spoilt(dist_edge_ns=None, dist_edge_ew=None, dist_edge_flg=None)
    assert RULES["border"].keeps(points).all()
    told = not_applied(unknown(points.table))
    assert [(rule["rule"], rule["rows"]) for rule in told if "rows" in rule] == [("border", 10)]
    assert not [rule for rule in not_applied(unknown(spoilt().table)) if "rows" in rule]
