"""Extended sources of a release: rules, duplicates, pieces, keys to and from the points, the catalog on disk."""

import json

import numpy as np
import pyarrow.compute as pc
import pytest

from processing.cli import main
from processing.errors import SurveyError
from processing.release import read_release
from processing.release.make import make_release
from processing.release.tests.galaxy_folders import add_galaxies, points_of
from processing.release.tests.scan_folders import CORNER, OVERLAP, STEP, make_scan
from processing.release.tests.small_cells import small_cells
from processing.schema.extended_flags import EXTENDED_FLAGS
from processing.sphere import separation

EDGE = CORNER[0] + STEP
"""deg: the border of the two tiles, in the middle of their overlap."""

SOUTH = CORNER[1]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Two scans side by side with galaxies: some alone, some in the overlap, some that no catalog should list."""
    root = tmp_path_factory.mktemp("galaxies")
    one, two = (make_scan(root, 0, column, 300) for column in (0, 1))
    ra, dec = points_of(one)
    inner = (ra > CORNER[0] + 0.02) & (ra < EDGE - 0.02)
    a, b = np.flatnonzero(inner)[:2]
    cos, west = np.cos(np.radians(SOUTH + 2)), CORNER[0] - OVERLAP / 2
    places = [
        (ra[a], dec[a] + 0.5 / 3600, 12.0, 15.0, {}),                    # 0: has a point source, larger than 10"
        (ra[b], dec[b] + 0.5 / 3600, 13.0, 8.0, {}),                     # 1: has one, smaller
        (EDGE, SOUTH + 1.0, 12.5, 12.0, {}),                             # 2: seen twice
        (CORNER[0] + 0.05, SOUTH + 2.0, 9.0, 60.0, {}),                  # 3: large
        (CORNER[0] + 0.05 + 30 / 3600 / cos / 2, SOUTH + 2.0 + 0.004, 13.5, 9.0, {}),  # 4: piece of it
        (CORNER[0] + 0.05, SOUTH + 2.0 + 15 / 3600, 10.0, 9.0, {}),      # 5: companion of it
        (CORNER[0] + 0.06, SOUTH + 3.0, 13.0, 9.0, {"score": 1.8}),      # 6: a star
        (CORNER[0] + 0.06, SOUTH + 3.5, 16.5, 9.0, {}),                  # 7: too faint
        (west + 12 / 3600 / cos, SOUTH + 4.0, 13.0, 9.0, {}),            # 8: in the border
        (CORNER[0] + 0.06, SOUTH + 4.5, 13.0, 9.0, {"block": 4}),        # 9: of low surface brightness
    ]  # fmt: skip
    add(one, places)
    add(two, [(EDGE + 1.5 / 3600, SOUTH + 1.0, 12.55, 12.0, {}), (EDGE + 0.06, SOUTH + 2.0, 13.0, 9.0, {})])
    return root


def add(folder, places):
    ra, dec, k, size = (np.array([place[n] for place in places]) for n in range(4))
    score = np.array([place[4].get("score", 1.0) for place in places])
    block = np.array([place[4].get("block", np.nan) for place in places])
    add_galaxies(folder, ra, dec, k=k, size=size, e_score=score, g_score=score, blk_fac=block)


@pytest.fixture(scope="module")
def release(work, tmp_path_factory):
    return make_release([work], tmp_path_factory.mktemp("release") / "r", workers=0)


@pytest.fixture(scope="module")
def rows(release):
    return release.read("xsc").sort_by("ext_key").to_pylist()


def step(release, name):
    return next(one for one in release.content["extended"]["rows_by_step"] if one["step"] == name)


def test_each_rule_takes_what_it_should(release):
    release.verify()
    found = {one["step"]: one.get("rejected") for one in release.content["extended"]["rows_by_step"]}
    assert found == {"read": None, "border": 1, "artifact": 0, "image overlap": 0, "tile overlap": 1, "score": 1,
                     "significant": 1, "piece": 1, "written": None}
    assert len(release.content["extended"]["inputs"]) == 2
    assert step(release, "read")["rows"] == 12 and step(release, "written")["rows"] == release.rows["xsc"] == 7


def test_of_two_apparitions_the_one_deeper_in_its_scan_is_listed(rows):
    found = [row for row in rows if row["dup_src"] == 1]
    assert len(found) == 1 and found[0]["use_src"] == 1
    assert all(row["dup_src"] == 0 for row in rows if row is not found[0])


def test_companions_of_a_large_galaxy_stay_and_say_so(rows):
    flags = [row["cc_flg"] for row in rows]
    assert flags.count("z") == 1 and flags.count("0") == 6
    assert set(flags) <= set(EXTENDED_FLAGS["cc_flg"].characters)


def test_keys_follow_scans_and_declination_and_neighbours_are_in_the_catalog(rows):
    assert [row["ext_key"] for row in rows] == list(range(1, 8))
    assert [row["scan_key"] for row in rows] == sorted(row["scan_key"] for row in rows)
    nearest = {row["ext_key"]: row for row in rows}
    for row in rows:
        other = nearest[row["pxcntr"]]
        assert row["prox"] == pytest.approx(separation(row["ra"], row["dec"], other["ra"], other["dec"]), abs=0.06)
    assert {row["night_key"] for row in rows} == {1}


def test_points_and_extended_sources_know_each_other(release, rows):
    points = {row["pts_key"]: row for row in release.read("psc").to_pylist()}
    matched = [row for row in rows if row["pts_key"]]
    assert len(matched) >= 2
    for row in matched:
        point = points[row["pts_key"]]
        assert point["ext_key"] == row["ext_key"]
        assert separation(row["ra"], row["dec"], point["ra"], point["dec"]) < 3.0
        assert point["gal_contam"] == (1 if row["r_k20fe"] > 10 else 2 if point["gal_contam"] == 2 else 0)
    keys = [row["ext_key"] for row in points.values() if row["ext_key"]]
    assert sorted(keys) == sorted(row["ext_key"] for row in matched)
    assert {row["gal_contam"] for row in points.values()} <= {0, 1, 2}


def test_points_inside_a_galaxy_are_those_of_its_ellipse_enlarged_by_a_tenth(release, rows):
    large = [row for row in rows if row["r_k20fe"] > 10]
    for point in release.read("psc").to_pylist():
        inside = False
        for row in large:
            east = (point["ra"] - row["ra"]) * 3600 * np.cos(np.radians(row["dec"]))
            north = (point["dec"] - row["dec"]) * 3600
            sin, cos = np.sin(np.radians(row["sup_phi"])), np.cos(np.radians(row["sup_phi"]))
            far = np.hypot(east * sin + north * cos, (east * cos - north * sin) / row["sup_ba"])
            inside |= far < 1.1 * row["r_k20fe"]
        assert (point["gal_contam"] > 0) == inside


def test_low_surface_brightness_has_no_point_source(rows):
    assert [row["pts_key"] for row in rows if row["blk_fac"]] == [None]


def test_scans_count_them_and_the_catalog_is_valid_hats(release):
    from hats.io.validation import is_valid_catalog

    listed = release.read("xsc")["scan_key"].to_pylist()
    assert release.read("scans")["extended"].to_pylist() == [listed.count(1), listed.count(2)]
    assert release.read("scans")["night_key"].to_pylist() == [1, 1]
    assert is_valid_catalog(release.path / "xsc", strict=True)


def test_apparitions_hold_both_sights_of_a_galaxy(release):
    table = release.read("extended_apparitions").to_pylist()
    assert len(table) == 2 and {row["kind"] for row in table} == {"overlap"}
    assert len({row["source"] for row in table}) == 1 and {row["seen"] for row in table} == {2}
    assert abs(table[0]["k_m_k20fe"] - table[1]["k_m_k20fe"]) == pytest.approx(0.05, abs=1e-4)
    assert table[0]["ext_key"] == table[1]["ext_key"]


def test_the_catalog_is_the_same_however_the_sky_is_cut(work, release, tmp_path):
    with small_cells(40):
        cut = make_release([work], tmp_path / "r", workers=0)
    assert len(cut.parquet_files("psc")) > 10
    for name, key in (("xsc", "ext_key"), ("psc", "pts_key")):
        assert cut.read(name).sort_by(key).equals(release.read(name).sort_by(key))


def test_the_command_says_how_many_and_writes_other_formats(work, tmp_path, capsys):
    main(["release", str(work), "--out", str(tmp_path / "r"), "--ascii"])
    assert "7 extended sources" in capsys.readouterr().out
    assert [path.name.split("_")[0] for path in sorted((tmp_path / "r" / "ascii").iterdir())].count("xsc") >= 1
    assert read_release(tmp_path / "r").rows["xsc"] == 7


@pytest.fixture
def one_scan(tmp_path):
    return make_scan(tmp_path / "work", 0, 0, 60)


def test_without_extended_sources_a_release_is_as_before(one_scan, tmp_path):
    release = make_release([one_scan], tmp_path / "r", workers=0)
    assert "xsc" not in release.rows and "extended" not in release.content and not (release.path / "xsc").exists()
    assert release.read("scans")["extended"].to_pylist() == [None]
    assert release.read("psc")["gal_contam"].null_count == release.rows["psc"]


def test_a_scan_in_which_none_were_found_has_none(one_scan, tmp_path):
    add_galaxies(one_scan, np.empty(0), np.empty(0))
    release = make_release([one_scan], tmp_path / "r", workers=0)
    release.verify()
    assert release.rows["xsc"] == 0 and release.read("scans")["extended"].to_pylist() == [0]
    assert pc.unique(release.read("psc")["gal_contam"]).to_pylist() == [0]


def test_a_record_that_tells_another_number_is_refused(one_scan, tmp_path):
    add_galaxies(one_scan, np.array([CORNER[0] + 0.05]), np.array([SOUTH + 1]))
    record = json.loads((one_scan / "scan.json").read_text()) | {"extended": {"rows": 3}}
    (one_scan / "scan.json").write_text(json.dumps(record))
    with pytest.raises(SurveyError, match="says 3 extended sources, extended.parquet holds 1"):
        make_release([one_scan], tmp_path / "r", workers=0)
