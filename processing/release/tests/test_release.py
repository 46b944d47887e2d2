"""A release made of four real adjacent scans: its rows, keys, files and checksums; and what is refused."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from processing.cli import main
from processing.errors import SurveyError
from processing.formats.tests.real_rows import real_points
from processing.release import read_release
from processing.release.make import make_release
from processing.release.tests.field_maker import (
    EDGES, PSC, as_extracted, corners, real_scan, scan_corners, scan_row, write_field)
from processing.schema import load_table

DIRECTIONS = {56: "s", 57: "n", 58: "s", 59: "n"}
"""In which the four scans went: the published jdate says so."""


def write_scans(root, scans=EDGES):
    for scan in scans:
        points = real_scan(scan)
        ids = {name: points[name][0].as_py() for name in ("date", "hemis", "scan")}
        row = scan_row(ids, scan_corners(scan)) | {"direction": DIRECTIONS[scan]}
        write_field(root / f"s{scan:03d}", points, scan_corners(scan), scan=row)
    return root


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    root = tmp_path_factory.mktemp("release")
    return make_release([write_scans(root / "work")], root / "release" / "first")


def column(table, name):
    return np.array(table[name].to_pylist())


def test_every_measured_value_of_every_real_row_is_in_the_release(release):
    """But keys, and cc_flg: one faint source that nothing else of the survey is known about lies on a stripe."""
    given = {"prox", "pxpa", "pxcntr", "pts_key", "scan_key", "coadd_key", "dup_src", "cc_flg"}
    ours, real = (table.sort_by([("designation", "ascending")]) for table in (release.read("psc"), real_points()))
    assert [name for name in PSC.names if name not in given and not ours[name].equals(real[name])] == []
    assert (column(ours, "cc_flg") != column(real, "cc_flg")).sum() <= 1


def test_keys_follow_the_published_order_along_each_scan(release):
    ours, real = (table.sort_by([("designation", "ascending")]) for table in (release.read("psc"), real_points()))
    assert sorted(column(ours, "pts_key")) == list(range(1, 684))
    for scan in EDGES:
        rows = column(real, "scan") == scan
        assert np.array_equal(np.argsort(column(ours, "pts_key")[rows]), np.argsort(column(real, "pts_key")[rows]))


def test_neighbours_point_at_each_other_by_the_new_keys(release):
    data = release.read("psc")
    row = {key: n for n, key in enumerate(column(data, "pts_key"))}
    other = np.array([row[key] for key in column(data, "pxcntr")])
    places = SkyCoord(column(data, "ra"), column(data, "dec"), unit="deg")
    assert np.allclose(places.separation(places[other]).arcsec, column(data, "prox"), atol=0.051)
    angle = places.position_angle(places[other]).deg
    assert (np.abs((angle - column(data, "pxpa") + 180) % 360 - 180) < 0.51).all()


def test_keys_join_points_scans_and_images_and_the_counts_add_up(release):
    points, scans, atlas = (release.read(name) for name in ("psc", "scans", "atlas"))
    assert release.rows == {"psc": 683, "scans": 4, "atlas": 33, "apparitions": 66, "artifacts": 0}
    assert sum(column(scans, "points")) == 683
    by_scan = dict(zip(column(scans, "scan_key"), column(scans, "scan")))
    assert [by_scan[key] for key in column(points, "scan_key")] == column(points, "scan").tolist()
    by_coadd = dict(zip(column(atlas, "coadd_key"), zip(*(column(atlas, c) for c in ("scan", "coadd", "points")))))
    for key, scan, coadd in zip(column(points, "coadd_key"), column(points, "scan"), column(points, "coadd")):
        assert by_coadd[key][:2] == (scan, coadd)
    assert sum(count for _, _, count in by_coadd.values()) == 683
    assert sorted(column(atlas, "atlas_key")) == list(range(1, 34))


def test_images_lie_where_the_table_says_and_have_the_bytes_it_says(release):
    atlas = release.read("atlas")
    assert "atlas/000130s/s056/ji198.fits" in atlas["file"].to_pylist()
    for name, size, digest in zip(*(atlas[c].to_pylist() for c in ("file", "bytes", "sha256"))):
        assert release.files[name] == {"bytes": size, "sha256": digest}
        assert (release.path / name).stat().st_size == size


def test_the_catalog_is_valid_hats_and_sorted_by_its_index(release):
    import hats
    from hats.io.validation import is_valid_catalog

    assert is_valid_catalog(release.path / "psc", strict=True)
    catalog = hats.read_hats(release.path / "psc")
    assert len(catalog) == 683
    assert catalog.schema.names == [*PSC.names, "_healpix_29"]
    index = np.concatenate([pq.read_table(file)["_healpix_29"].to_numpy() for file in release.parquet_files("psc")])
    assert (np.diff(index) >= 0).all()


def test_hats_files_carry_the_votable_of_all_their_columns(release):
    from xml.etree import ElementTree

    for file in (*release.parquet_files("psc"), release.path / "psc" / "dataset" / "_common_metadata"):
        content = pq.read_metadata(file).metadata[b"IVOA.VOTable-Parquet.content"]
        fields = ElementTree.fromstring(content).iter("{http://www.ivoa.net/xml/VOTable/v1.3}FIELD")
        assert [field.get("name") for field in fields] == pq.read_schema(file).names


def test_the_coverage_holds_every_source_and_has_the_area_of_the_images(release):
    from mocpy import MOC

    moc = MOC.from_fits(str(release.path / "coverage.fits"))
    data = release.read("psc")
    assert moc.contains_lonlat(data["ra"].to_numpy() * units.deg, data["dec"].to_numpy() * units.deg).all()
    west, east = EDGES[56][0], EDGES[59][1]
    area = np.radians(east - west) * (np.sin(np.radians(2.5)) - np.sin(np.radians(0.5))) / (4 * np.pi)
    assert moc.sky_fraction == pytest.approx(area, rel=0.02)


def test_rows_are_accounted_for_step_by_step(release):
    steps = release.rows_by_step
    assert steps[0] == {"step": "read", "rows": 683} and steps[-1] == {"step": "written", "rows": 683}
    assert 683 - sum(step.get("rejected", 0) for step in steps) == steps[-1]["rows"]
    assert {rule["rule"] for rule in release.rules_skipped} == {"profile", "clean-up"}


def test_the_manifest_names_what_the_release_was_made_of(release):
    assert [entry["scan"] for entry in release.inputs] == [f"000130s scan {scan:03d}" for scan in EDGES]
    assert sum(entry["rows"] for entry in release.inputs) == 683
    assert str(release.path.parent) not in (release.path / "release.json").read_text()


def test_the_same_inputs_in_another_order_give_the_same_bytes(release, tmp_path):
    write_scans(tmp_path / "work")
    again = make_release([tmp_path / "work" / f"s{scan:03d}" for scan in (58, 56, 59, 57)], tmp_path / "second")
    assert again.files == release.files
    assert again.content == release.content | {"name": "second"}


def test_many_partitions_hold_every_row_once(tmp_path, monkeypatch):
    from dataclasses import replace

    from hats.io.validation import is_valid_catalog

    from processing.config import survey
    from processing.release import make
    from processing.release.catalogs import hats_catalog

    small = replace(survey(), release=replace(survey().release, partition_rows=250))
    for module in (hats_catalog, make):
        monkeypatch.setattr(module, "survey", lambda: small)
    release = make_release([write_scans(tmp_path / "work")], tmp_path / "r")
    counts = [pq.read_metadata(file).num_rows for file in release.parquet_files("psc")]
    assert len(counts) >= 3 and max(counts) <= 250 and sum(counts) == 683
    assert is_valid_catalog(tmp_path / "r" / "psc", strict=True)
    assert sorted(release.read("psc")["pts_key"].to_pylist()) == list(range(1, 684))


def second_apparitions(winners, scan):
    """The published winners that lie deeper than 10 arcsec in ``scan`` too, as that scan might have seen them."""
    ra = winners["ra"].to_numpy()
    depth = np.minimum(ra - EDGES[scan][0], EDGES[scan][1] - ra) * 3600
    seen = depth > 11
    columns = {name: winners[name].filter(pa.array(seen)) for name in PSC.names}
    return as_extracted(columns | {
        "dec": columns["dec"].to_numpy() + 0.5 / 3600, "dist_edge_ew": depth[seen].astype(int),
        "scan": np.full(seen.sum(), scan), "coadd": np.full(seen.sum(), 198)})


def test_of_a_source_seen_by_two_scans_the_deeper_apparition_stays(tmp_path):
    """Published winners get a second apparition in the neighbouring scan, 0.5 arcsec off: they must all lose."""
    real = real_points()
    winners = real.filter(pa.compute.and_(pa.compute.equal(real["dup_src"], 1), pa.compute.equal(real["scan"], 57)))
    write_field(tmp_path / "work" / "57", real_scan(57), scan_corners(57))
    names = []
    for scan in (56, 58):
        losers = second_apparitions(winners, scan)
        names += losers["designation"].to_pylist()
        write_field(tmp_path / "work" / str(scan), pa.concat_tables([real_scan(scan), losers]), scan_corners(scan))
    release = make_release([tmp_path / "work"], tmp_path / "r")
    assert len(names) == 22
    rejected = {step["step"]: step["rejected"] for step in release.rows_by_step if "rejected" in step}
    assert rejected == {"tile overlap": 22} | {name: 0 for name in rejected if name != "tile overlap"}
    kept = {row["designation"]: row for row in release.read("psc").to_pylist()}
    assert {(kept[name]["scan"], kept[name]["use_src"], kept[name]["dup_src"]) for name in names} == {(57, 1, 1)}


def test_of_a_source_in_two_images_of_one_scan_one_apparition_stays_unflagged(tmp_path):
    points = real_scan(57)
    boxes = (corners(*EDGES[57], 1.0, 1.51), corners(*EDGES[57], 1.49, 2.0))
    dec = points["dec"].to_numpy()
    for coadd, (box, rows) in enumerate(zip(boxes, (dec < 1.51, dec > 1.49)), start=68):
        part = {name: points[name].filter(pa.array(rows)) for name in PSC.names}
        part["coadd"] = np.full(rows.sum(), coadd)
        write_field(tmp_path / "work" / str(coadd), as_extracted(part), box)
    release = make_release([tmp_path / "work"], tmp_path / "r")
    both = int(((dec > 1.49) & (dec < 1.51)).sum())
    assert both > 3
    rejected = {step["step"]: step.get("rejected") for step in release.rows_by_step}
    assert rejected["image overlap"] == both
    data = release.read("psc")
    assert data.num_rows == points.num_rows
    assert set(data["dup_src"].to_pylist()) == {0}
    middle = [row for row in data.to_pylist() if 1.49 < row["dec"] < 1.51]
    assert [row["coadd"] for row in middle] == [68 if row["dec"] < 1.5 else 69 for row in middle]
    scan = release.read("scans").to_pylist()
    assert len(scan) == 1
    assert (scan[0]["dec_1"], scan[0]["dec_3"]) == (1.0, 2.0)
    assert scan[0]["dec"] == pytest.approx(1.5, abs=1e-5)


def test_equal_names_get_letters_along_the_scan(tmp_path):
    points = real_scan(57)
    names = points["designation"].to_pylist()
    names[1] = names[2] = names[0]
    columns = {name: points[name] for name in PSC.names} | {"designation": names}
    write_field(tmp_path / "w", as_extracted(columns), scan_corners(57))
    data = make_release([tmp_path / "w"], tmp_path / "r").read("psc").sort_by([("pts_key", "ascending")]).to_pylist()
    equal = [row["designation"] for row in data if row["designation"].startswith(names[0])]
    assert equal == [names[0] + letter for letter in "ABC"]
    assert len({row["designation"] for row in data}) == 200


def test_an_empty_field_is_a_release_of_no_sources(tmp_path):
    import hats
    from hats.io.validation import is_valid_catalog

    points = real_scan(57).slice(0, 0)
    ids = {"date": "2000-01-30", "hemis": "s", "scan": 57}
    write_field(tmp_path / "w", points, scan_corners(57), ids=ids, coadds=[68])
    release = make_release([tmp_path / "w"], tmp_path / "r")
    release.verify()
    assert release.rows == {"psc": 0, "scans": 1, "atlas": 3, "apparitions": 0, "artifacts": 0}
    assert release.read("psc").num_rows == 0
    assert is_valid_catalog(tmp_path / "r" / "psc", strict=True)
    assert len(hats.read_hats(tmp_path / "r" / "psc")) == 0


def test_a_field_of_which_nothing_is_good_enough_is_a_release_of_no_sources(tmp_path):
    points = real_scan(57)
    columns = {name: points[name] for name in PSC.names} | {"rd_flg": ["000"] * len(points)}
    write_field(tmp_path / "w", as_extracted(columns), scan_corners(57))
    release = make_release([tmp_path / "w"], tmp_path / "r")
    release.verify()
    assert release.rows["psc"] == 0 and release.read("psc").num_rows == 0
    assert {step["step"]: step.get("rejected") for step in release.rows_by_step}["detected"] == 200


def test_a_changed_a_missing_and_a_strange_file_are_found_by_name(tmp_path):
    release = make_release([write_scans(tmp_path / "work", (57,))], tmp_path / "r")
    release.verify()
    image = release.image_files()[0]
    kept = image.read_bytes()
    image.unlink()
    with pytest.raises(SurveyError, match=f"{image}: the file is missing"):
        release.verify()
    image.write_bytes(kept[:-1] + b"x")
    with pytest.raises(SurveyError, match=f"{image}: SHA-256 differs"):
        release.verify()
    image.write_bytes(kept)
    (release.path / "notes.txt").write_text("mine")
    with pytest.raises(SurveyError, match="notes.txt is not listed"):
        release.verify()


def test_an_older_release_is_replaced_and_another_folder_is_not(tmp_path):
    write_scans(tmp_path / "work", (56, 57))
    make_release([tmp_path / "work" / "s056"], tmp_path / "r")
    second = make_release([tmp_path / "work"], tmp_path / "r", name="two", supersedes="r")
    second.verify()
    assert (second.name, second.supersedes, second.rows["scans"]) == ("two", "r", 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r", "work"]
    with pytest.raises(SurveyError, match="is there already and is not a release"):
        make_release([tmp_path / "work" / "s056"], tmp_path / "work")


def change_record(folder, **changes):
    file = folder / "scan.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def cut(file):
    file.write_bytes(file.read_bytes()[:-200])


WRONG = {
    "no field": (lambda work: [f.unlink() for f in work.rglob("*") if f.is_file()], "no extracted field in it"),
    "no points": (lambda work: (work / "s057" / "points.parquet").unlink(), "points.parquet is missing"),
    "other rows": (lambda work: change_record(work / "s057", rows=201),
                   "scan.json says 201 rows, points.parquet holds 200"),
    "cut points": (lambda work: cut(work / "s057" / "points.parquet"), "points.parquet: not a readable Parquet file"),
    "cut json": (lambda work: cut(work / "s057" / "scan.json"), "scan.json: cannot be read as JSON"),
    "no images": (lambda work: change_record(work / "s057", images=[]), "at least one image"),
    "cut image": (lambda work: cut(work / "s057" / "atlas" / "ji68.fits"),
                  "ji68.fits: expected 5760 bytes, found 5560"),
    "other scan": (lambda work: change_record(
        work / "s057", scan=scan_row({"date": "2000-01-30", "hemis": "s", "scan": 77}, scan_corners(57))),
        "points.parquet has scan 57, scan.json 77"),
    "twice": (lambda work: write_field(work / "again", real_scan(57), scan_corners(57)),
              "000130s scan 057 coadd 56 comes twice"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_input_is_refused_in_one_sentence_and_nothing_is_left(what, tmp_path, capsys):
    spoil, words = WRONG[what]
    work = write_scans(tmp_path / "work", (57,))
    spoil(work)
    with pytest.raises(SurveyError, match=words):
        make_release([work], tmp_path / "r")
    assert main(["release", str(work), "--out", str(tmp_path / "r")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


def test_a_folder_that_is_not_there_or_no_release_is_refused(tmp_path):
    with pytest.raises(SurveyError, match="no such folder"):
        make_release([tmp_path / "nowhere"], tmp_path / "r")
    with pytest.raises(SurveyError, match="no such release folder"):
        read_release(tmp_path / "nowhere")
    with pytest.raises(SurveyError, match="not a release folder"):
        read_release(tmp_path)
    (tmp_path / "release.json").write_text("{}")
    with pytest.raises(SurveyError, match="expected the keys"):
        read_release(tmp_path)


def test_the_command_prints_what_was_read_rejected_and_written(tmp_path, capsys):
    work = write_scans(tmp_path / "work", (57,))
    assert main(["release", str(work), "--out", str(tmp_path / "r"), "--name", "mine"]) == 0
    text = capsys.readouterr().out
    assert "200 rows read" in text and "200 rows written" in text and "release mine with 200 point sources" in text


@pytest.mark.parametrize("moment", (0.1, 0.4))
def test_killed_at_any_moment_the_old_release_stays_whole_and_the_next_run_completes(moment, tmp_path):
    work = write_scans(tmp_path / "work", (56, 57))
    make_release([work / "s056"], tmp_path / "r")
    code = ("import sys; from processing.release.make import make_release; print('ready', flush=True); "
            f"make_release([{str(work)!r}], {str(tmp_path / 'r')!r})")
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])
    assert run.stdout.readline() == b"ready\n"
    time.sleep(moment)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    seen = read_release(tmp_path / "r")
    seen.verify()
    assert seen.rows["scans"] in (1, 2)
    make_release([work], tmp_path / "r").verify()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r", "work"]


def test_the_manifest_tables_have_the_columns_of_the_yaml(release):
    for name in ("psc", "scans", "atlas"):
        assert release.read(name).column_names == load_table(name).names
