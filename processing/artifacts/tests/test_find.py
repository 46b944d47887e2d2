"""What becomes of a source whose bands say different things; who is a parent; nothing without bright stars."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from processing.artifacts import REACH, bright_stars, find_artifacts, near, parents_of
from processing.artifacts.parents import DTYPE
from processing.artifacts.tests.tables import LIMITS, MERIDIAN, MIDDLE, points, record, sky_of
from processing.errors import SurveyError
from processing.formats.tests.real_rows import real_points

NONE = np.zeros(0, DTYPE)
FAINT = [16.2, 15.8, 15.7]
"""Fainter than a false star of J H Ks 4.5 at 60 arcsec, brighter than the scan's limits."""


def on_arm(magnitude, **more):
    """A source on the north arm, 60 arcsec from the centre of the frame."""
    return points(*sky_of([127.5], [157.5]), [magnitude], **more)


def star(magnitude):
    return bright_stars(*sky_of([127.5], [127.5]), [[magnitude] * 3])


def test_without_bright_stars_nothing_changes():
    rng = np.random.default_rng(5)
    magnitude = np.array(LIMITS) + 1 - rng.exponential(1.0, (3000, 1)).clip(0, 4)
    before = rng.choice(["000", "c00", "0bc"], 3000).tolist()
    ra, dec = MERIDIAN + rng.uniform(-0.07, 0.07, 3000), MIDDLE + rng.uniform(-1, 1, 3000)
    table = points(ra, dec, magnitude, cc_flg=before)
    assert len(parents_of(table, record())) == 0
    found = find_artifacts(table, NONE, record())
    assert found.cc_flg.to_pylist() == before and not found.is_artifact.any()
    assert sum(found.artifacts.values()) == sum(found.touched.values()) == 0


def test_a_table_without_rows_gives_a_column_without_rows():
    table = points([], np.zeros(0), np.zeros((0, 3)))
    found = find_artifacts(table, star(2.0), record())
    assert found.cc_flg == pa.array([], pa.string()) and len(parents_of(table, record())) == 0


def test_a_source_is_an_artifact_when_it_is_one_in_all_bands_that_see_it():
    everywhere, somewhere = FAINT, [*FAINT[:2], 8.0]
    assert find_artifacts(on_arm(everywhere), star(4.5), record()).cc_flg.to_pylist() == ["DDD"]
    kept = find_artifacts(on_arm(somewhere), star(4.5), record())
    assert kept.cc_flg.to_pylist() == ["dd0"] and not kept.is_artifact[0]
    assert kept.artifacts["d"] == 0 and kept.touched == {"p": 0, "c": 0, "d": 1, "s": 0}


@pytest.mark.parametrize("before, bright, after", [
    ("bbb", 4.5, "DDD"), ("ccc", 4.5, "DDD"), ("b00", 12.0, "b00"), ("0c0", 12.0, "0c0"),
])
def test_what_the_band_merge_said_gives_way_to_what_ranks_higher(before, bright, after):
    table = on_arm(FAINT, cc_flg=before)
    assert find_artifacts(table, star(bright), record()).cc_flg.to_pylist() == [after]


def test_lower_case_letters_rank_p_c_d_s_b():
    table = on_arm([12.0, 11.5, 11.0], cc_flg="cb0")
    assert find_artifacts(table, star(4.5), record()).cc_flg.to_pylist() == ["cdd"]


def test_a_letter_that_is_none_is_refused():
    with pytest.raises(SurveyError, match="cc_flg"):
        find_artifacts(on_arm([12.0, 11.5, 11.0], cc_flg="0x0"), star(4.5), record())


def test_a_star_is_not_its_own_artifact_whichever_scan_saw_it():
    ra, dec = sky_of([127.5, 127.5], [127.5, 127.7])
    table = points(ra[:1], dec[:1], [[6.0, 5.5, 5.4]], rd_flg="111")
    again = bright_stars(ra[1:], dec[1:], [[6.05, 5.5, 5.4]])
    both = np.concatenate([parents_of(table, record()), again])
    assert len(both) == 2 and find_artifacts(table, both, record()).cc_flg.to_pylist() == ["000"]


def test_false_stars_of_a_bright_star_are_no_parents():
    """A star, a failed fit and an impossible one beside it, and one faint enough for its halo."""
    x, y = np.array([127.5, 137.5, 127.5, 133.5]), np.array([127.5, 147.5, 140.5, 132.5])
    magnitude = [[-3.0] * 3, [9.0] * 3, [5.0] * 3, [8.9] * 3]
    ra, dec = sky_of(x, y)
    table = points(ra, dec, magnitude, rd_flg=["333", "222", "222", "222"])
    table = table.set_column(table.schema.get_field_index("j_psfchi"), "j_psfchi", pa.array([None, 60.0, 1.0, 1.0]))
    table = table.set_column(table.schema.get_field_index("h_psfchi"), "h_psfchi", pa.array([None, 60.0, 1.0, 1.0]))
    table = table.set_column(table.schema.get_field_index("k_psfchi"), "k_psfchi", pa.array([None, 60.0, 1.0, 1.0]))
    assert parents_of(table, record())["magnitude"].tolist() == [[-3.0] * 3]


def test_a_missing_band_comes_from_the_two_others():
    """A giant of J 6.80, H 6.05, Ks 5.86, to half a magnitude; with one band alone nothing is made up."""
    true = np.array([6.80, 6.05, 5.86])
    for band in range(3):
        known = np.where(np.arange(3) == band, np.nan, true)
        assert bright_stars(0.0, 0.0, [known])["magnitude"][0] == pytest.approx(true, abs=0.5)
    alone = bright_stars(0.0, 0.0, [[np.nan, np.nan, 5.86]])["magnitude"][0]
    assert np.isnan(alone[:2]).all()


def test_stars_as_faint_as_usual_are_no_parents():
    assert len(bright_stars([1.0, 2.0], [3.0, 4.0], [[10.6, 10.1, 9.6], [9.9, 9.6, 9.55]])) == 1


def test_lists_of_another_shape_are_refused():
    with pytest.raises(SurveyError, match="magnitudes"):
        bright_stars([1.0, 2.0], [3.0, 4.0], [[5.0, 5.0, 5.0]])


def test_parents_of_other_scans_act_as_far_as_they_reach():
    """Just outside the east edge: the west arm of a star that another scan knows."""
    x = np.array([-40.0, 60.0])
    ra, dec = sky_of(x, np.full(2, 127.5))
    outside = bright_stars(ra[:1], dec[:1], [[1.0] * 3])
    inside = points(ra[1:], dec[1:], [FAINT])
    assert len(near(outside, record())) == 1
    assert find_artifacts(inside, outside, record()).cc_flg.to_pylist() == ["DDD"]


def test_near_keeps_what_reaches_the_scan_and_leaves_the_rest():
    rng = np.random.default_rng(6)
    ra, dec = MERIDIAN + rng.uniform(-2, 2, 2000), MIDDLE + rng.uniform(-3, 3, 2000)
    all_of_them = bright_stars(ra, dec, rng.uniform(-4, 9, (2000, 1)) + np.zeros(3))
    kept, scan = near(all_of_them, record()), record()["scan"]
    assert all_of_them["reach"].max() <= REACH
    east = np.maximum(np.abs(ra - MERIDIAN) - (scan["ra_1"] - MERIDIAN), 0) * np.cos(np.radians(dec))
    apart = 3600 * np.hypot(east, np.maximum(np.abs(dec - MIDDLE) - 1, 0))
    assert set(all_of_them["ra"][apart < all_of_them["reach"] * 0.99]) <= set(kept["ra"])
    assert (apart < 1.5 * (all_of_them["reach"] + 540)).sum() >= len(kept) > 50


def test_published_rows_are_all_kept_and_get_the_flags_of_spikes_and_stripes_that_they_have():
    """The catalog has no artifacts left. Of its letters near the six bright stars in four scans we are given none and
    find the three d and the two s; the only one more is a d under a c (the two p come from stars that are not there).
    """
    table, letters = real_points(), Counter()
    scans = table["scan"].to_numpy()
    for number in np.unique(scans):
        rows = table.filter(pa.array(scans == number))
        blank = rows.set_column(rows.schema.get_field_index("cc_flg"), "cc_flg", pa.array(["000"] * len(rows)))
        scan = {"scan": {"ra": float(np.mean(rows["ra"].to_numpy())), "direction": "sn"[number % 2]}}
        found = find_artifacts(blank, parents_of(blank, scan), scan)
        assert not found.is_artifact.any()
        theirs, ours = ("".join(flags) for flags in (rows["cc_flg"].to_pylist(), found.cc_flg.to_pylist()))
        letters += Counter(a + b for a, b in zip(theirs, ours))
    assert (letters["dd"], letters["d0"], letters["ss"], letters["s0"]) == (3, 0, 2, 0)
    assert sum(letters["0" + letter] for letter in "pcds") == 0 and letters["cd"] == 1
