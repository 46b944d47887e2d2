"""The release made in pieces is the release: however the sky is cut, whoever does the work, and whoever dies of it."""

import functools
import os
import signal
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from processing.errors import SurveyError
from processing.release import make
from processing.release.account import row_account
from processing.release.sky.cells import pixels_of, spatial_index
from processing.release.sky.decide import CellResult
from processing.release.make import make_release
from processing.release.sky.neighbours import nearest_neighbours
from processing.release.tests.scan_folders import make_scan, make_survey
from processing.release.tests.small_cells import small_cells

CORNER = (44.8, -6.0)
"""Here four of the twelve largest HEALPix pixels meet."""


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Four scans, two tiles side by side in each of two nights."""
    return make_survey(tmp_path_factory.mktemp("work"), 4, 1000, columns=2, corner=CORNER)


@pytest.fixture(scope="module")
def whole(work, tmp_path_factory):
    return make_release([work], tmp_path_factory.mktemp("whole") / "r", workers=0)


@pytest.fixture(scope="module")
def cut(work, tmp_path_factory):
    with small_cells(250):
        return make_release([work], tmp_path_factory.mktemp("cut") / "r", workers=0)


def by_key(release, table="psc", key="pts_key"):
    return release.read(table).sort_by([(name, "ascending") for name in key.split()])


def test_the_catalog_is_the_same_however_the_sky_is_cut(whole, cut):
    assert len(whole.parquet_files("psc")) == 4 and len(cut.parquet_files("psc")) > 15
    assert by_key(cut).equals(by_key(whole))
    assert cut.rows_by_step == whole.rows_by_step and cut.content["level1_rows"] == whole.content["level1_rows"]
    for name in ("scans", "atlas"):
        assert cut.read(name).equals(whole.read(name))


def test_apparitions_are_the_same_but_for_the_numbers_of_sources(whole, cut):
    key = "ra dec date scan"
    one, other = (by_key(release, "apparitions", key) for release in (whole, cut))
    assert one.drop_columns(["source"]).equals(other.drop_columns(["source"]))
    sources = [np.unique(table["source"].to_numpy(), return_inverse=True)[1] for table in (one, other)]
    assert len(np.unique(np.stack(sources, axis=1), axis=0)) == len(np.unique(sources[0])) == len(np.unique(sources[1]))


def test_neighbours_are_the_nearest_of_the_whole_catalog(cut):
    data = by_key(cut)
    ra, dec, keys = (data[name].to_numpy() for name in ("ra", "dec", "pts_key"))
    prox, pxpa, pxcntr = nearest_neighbours(ra, dec, keys)
    assert np.array_equal(data["prox"].to_numpy(), prox.astype(np.float32))
    assert np.array_equal(data["pxcntr"].to_numpy(), pxcntr)
    assert np.array_equal(data["pxpa"].to_numpy(), pxpa)


def test_keys_count_from_one_scan_by_scan_in_the_order_of_observation(cut):
    data = by_key(cut)
    assert data["pts_key"].to_pylist() == list(range(1, len(data) + 1))
    assert (np.diff(data["scan_key"].to_numpy()) >= 0).all()
    for scan in cut.read("scans").to_pylist():
        dec = data.filter(pc.equal(data["scan_key"], scan["scan_key"]))["dec"].to_numpy()
        assert (np.diff(dec) * (-1 if scan["direction"] == "s" else 1) >= 0).all()


def test_every_source_of_an_overlap_is_there_once(cut):
    data, seen = cut.read("psc"), cut.read("apparitions")
    assert nearest_neighbours(data["ra"].to_numpy(), data["dec"].to_numpy(), data["pts_key"].to_numpy())[0].min() > 0.2
    assert set(data["use_src"].to_pylist()) == {0, 1}
    doubles = data.filter(pc.greater(data["dup_src"], 0))
    assert set(doubles["pts_key"].to_pylist()) <= set(seen["pts_key"].to_pylist())
    counts = dict(zip(*np.unique(seen["source"].to_numpy(), return_counts=True)))
    assert all(counts[row["source"]] >= row["seen"] for row in seen.select(["source", "seen"]).to_pylist())
    assert (seen["possible"].to_numpy() >= 2).all() and (seen["seen"].to_numpy() == 1).any()


def test_rows_are_conserved(cut, work):
    steps = cut.rows_by_step
    assert steps[0]["rows"] == sum(entry["rows"] for entry in cut.inputs)
    assert steps[0]["rows"] - sum(step.get("rejected", 0) for step in steps) == steps[-1]["rows"] == cut.rows["psc"]
    assert min(step["rejected"] for step in steps if step["step"] in ("border", "tile overlap", "significant")) > 30


def dying(marker, work, *task):
    """Do a unit of work and die before anybody knows, the first time."""
    result = work(*task)
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return result


def test_workers_make_the_same_bytes_as_one_process_even_if_some_are_killed(whole, work, tmp_path, monkeypatch):
    deadly = ("write_scan", "complete_cell")
    for name in deadly:
        monkeypatch.setattr(make, name, functools.partial(dying, str(tmp_path / name), getattr(make, name)))
    again = make_release([work], tmp_path / "r", workers=2)
    assert again.content == whole.content
    again.verify()
    assert all((tmp_path / name).exists() for name in deadly)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["r", *deadly])


def test_a_row_lost_on_the_way_is_noticed():
    class Counts:
        number, steps, rows = 3, {"read": 10, "border": 1}, 9

    cell = CellResult(0, 8, {}, np.array([0]), np.array([8]), None, 0.0, {})
    with pytest.raises(SurveyError, match="from scans to cells: expected 9 rows, found 8"):
        row_account([Counts], [cell], [])
    Counts.rows = 8
    with pytest.raises(SurveyError, match="in scan 3: expected 9 rows, found 8"):
        row_account([Counts], [cell], [])


def test_a_chain_of_sources_out_of_sight_is_refused(tmp_path):
    """Two scans whose sources follow each other every 1.8 arcsec, across cells: no ring of 3 arcsec holds them."""
    from processing.release.tests.field_maker import as_extracted, corners, real_scan, scan_row, write_field

    base, box = real_scan(57), corners(44.9, 45.1, -0.1, 0.1)
    for scan in (57, 58):
        number = np.arange(100) * 2 + (scan == 58)
        columns = {name: base[name].slice(0, 100) for name in base.column_names}
        dec = (number - 100) * 1.8 / 3600
        columns |= {"ra": np.full(100, 45.0), "dec": dec, "scan": np.full(100, scan), "dist_edge_ew": np.full(100, 300)}
        ids = {name: base[name][0].as_py() for name in ("date", "hemis")} | {"scan": scan}
        write_field(tmp_path / str(scan), as_extracted(columns), box, ids=ids, scan=scan_row(ids, box))
    pixels = pixels_of(spatial_index(np.full(200, 45.0), np.arange(-100, 100) * 1.8 / 3600), 8)
    assert len(set(pixels.tolist())) > 1
    with small_cells(150), pytest.raises(SurveyError, match="release.ring_order must be smaller"):
        make_release([tmp_path / "57", tmp_path / "58"], tmp_path / "r")


def test_of_one_tile_the_best_scan_is_released_and_the_other_is_evidence(tmp_path):
    for night, score in enumerate((6, 9, 2)):
        make_scan(tmp_path / "work", 0, 0, 800, CORNER, night=night, tile=123, quality={"score": score})
    release = make_release([tmp_path / "work"], tmp_path / "r")
    assert [(row["date"], row["score"]) for row in release.read("scans").to_pylist()] == [("1999-02-01", 9)]
    assert [(entry["scan"], entry["why"].split(":")[0]) for entry in release.left_out] == [
        ("990101n scan 010", "spare"), ("990301n scan 010", "score 2, the least is 3")]
    assert [(entry["kind"], entry["scan"]) for entry in release.content["evidence"]] == [("spare", "990101n scan 010")]
    seen = release.read("apparitions")
    assert set(seen["kind"].to_pylist()) == {"spare"} and set(seen["date"].to_pylist()) == {"1999-01-01", "1999-02-01"}
    bright = seen.filter(pc.less(seen["j_m"], 14.0))
    assert set(bright["seen"].to_pylist()) == {2} and bright["pts_key"].null_count == 0
    listed = release.read("psc")
    assert set(listed["date"].to_pylist()) == {"1999-02-01"}
    places = dict(zip(listed["pts_key"].to_pylist(), listed["ra"].to_pylist()))
    found = zip(*(bright[name].to_pylist() for name in ("pts_key", "ra")))
    assert all(abs(places[key] - ra) < 3e-4 for key, ra in found)


def test_calibration_scans_are_evidence_but_no_part_of_the_catalog(tmp_path):
    make_scan(tmp_path / "work", 0, 0, 800, CORNER)
    for n in (1, 2, 3):
        make_scan(tmp_path / "cal", 0, 0, 800, CORNER, night=1, errors=n, type="cal", number=20 + n)
    alone = make_release([tmp_path / "work"], tmp_path / "alone")
    release = make_release([tmp_path / "work", tmp_path / "cal"], tmp_path / "r")
    assert release.read("psc").equals(alone.read("psc"))
    seen = release.read("apparitions")
    assert set(seen["kind"].to_pylist()) == {"cal"} and set(seen["possible"].to_pylist()) <= {2, 3}
    assert seen["pts_key"].null_count == len(seen)
    assert set(seen.filter(pc.less(seen["j_m"], 14.0))["seen"].to_pylist()) == {3}
    assert len(release.content["evidence"]) == 3 and len(release.left_out) == 3
    both = make_release([tmp_path / "work", tmp_path / "cal"], tmp_path / "both", types=("sci", "cal"))
    seen = both.read("apparitions")
    keys = dict(zip(*(both.read("psc")[name].to_pylist() for name in ("pts_key", "dec"))))
    cal = seen.filter(pc.and_(pc.equal(seen["kind"], "cal"), pc.less(seen["j_m"], 14.0)))
    assert cal["pts_key"].null_count < 0.1 * len(cal)
    found = [(keys[key], dec) for key, dec in zip(*(cal[name].to_pylist() for name in ("pts_key", "dec"))) if key]
    assert all(abs(one - other) < 3e-4 for one, other in found)
