"""twomass extract as its user meets it: what it writes, prints, skips and refuses."""

import json
import signal
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

from processing import extract
from processing.bandmerge.tests.lists import band_sources
from processing.cli import main
from processing.formats.atlas_field import read_field
from processing.formats.checksum import sha256_of
from processing.formats.parquet import read_parquet
from processing.formats.tables import empty_table
from processing.formats.tests.atlas_files import blank, write_atlas
from processing.formats.work_record import IMAGE_COLUMNS, SCAN_COLUMNS
from processing.schema import load_table


def list_five_stars(image, progress=None):
    """In place of the photometry, which has tests of its own: five stars at fixed places."""
    x, y = np.array([10.0, 20, 30, 40, 50]), np.array([12.0, 40, 22, 55, 30])
    noise = np.random.default_rng(0).normal(0, 0.5, image.data.shape)
    return band_sources(image.band, x, y, flux=[1e4, 5e3, 2e3, 400, 60], residual=noise)


def no_galaxies(field, plane, stage, progress=None):
    """In place of the extended sources, which have tests of their own."""
    return empty_table(load_table("xsc"), stage)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(extract, "measure_band", list_five_stars)
    monkeypatch.setattr(extract, "measure_extended", no_galaxies)


@pytest.fixture
def images(tmp_path):
    return [str(write_atlas(tmp_path / f"{b}.fits", blank(), FILTER=b)) for b in "jhk"]


def run(*words):
    return main(["extract", *map(str, words)])


def test_folder_holds_what_was_promised(tmp_path, images, capsys):
    out = tmp_path / "work"
    assert run(*images, "--out", out) == 0
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()) == [
        "atlas/hi209.fits", "atlas/ji209.fits", "atlas/ki209.fits", "extended.parquet", "points.parquet",
        "scan.json"]  # fmt: skip
    assert (out / "atlas/ji209.fits").read_bytes() == (tmp_path / "j.fits").read_bytes()
    points = read_parquet(out / "points.parquet", load_table("psc"), "extract")
    assert points.num_rows == 5 and points.column_names == load_table("psc").names
    galaxies = read_parquet(out / "extended.parquet", load_table("xsc"), "extract")
    assert galaxies.num_rows == 0 and galaxies.column_names == load_table("xsc").names
    told = capsys.readouterr().out
    assert all(path in told for path in images)
    assert f"wrote {out}: 5 rows, 0 of extended sources, 3 images" in told
    assert "J              4" in told


def test_scan_json_tells_where_everything_comes_from(tmp_path, images):
    out = tmp_path / "work"
    run(*images, "--out", out)
    content = json.loads((out / "scan.json").read_text())
    assert set(content) == {"version", "stage", "created", "settings", "inputs", "rows", "extended", "scan", "images"}
    assert content["extended"] == {"rows": 0}
    assert content["stage"] == "extract" and content["rows"] == 5
    assert content["settings"]["aperture"]["radius"] == 4.0
    assert content["inputs"][1] == {"file": "h.fits", "band": "h", "sha256": sha256_of(tmp_path / "h.fits")}
    assert set(content["scan"]) == set(SCAN_COLUMNS)
    for image in content["images"]:
        assert set(image) == set(IMAGE_COLUMNS)
        assert image["sha256"] == sha256_of(out / image["file"])
    assert [image["band"] for image in content["images"]] == ["J", "H", "Ks"]


def test_scan_and_image_rows_are_those_of_the_header(tmp_path, images):
    out = tmp_path / "work"
    run(*images, "--out", out)
    content = json.loads((out / "scan.json").read_text())
    scan, image = content["scan"], content["images"][0]
    names = ("hemis", "date", "scan", "tile", "direction")
    assert [scan[name] for name in names] == ["s", "1999-08-10", 49, 202358, "s"]
    assert scan["jdate"] == pytest.approx(2451400.5 + (2 * 3600 + 29 * 60 + 51) / 86400)
    assert (scan["j_zero_point"], image["magzp"], image["coadd"], image["naxis1"]) == (20.9133, 20.9133, 209, 64)
    assert scan["j_limit"] == pytest.approx(20.9133 - 2.5 * np.log10(80))
    assert image["mjd"] == pytest.approx(51400.1076, abs=2e-4)
    assert image["ra_1"] > image["ra_2"] and image["dec_3"] > image["dec_2"]


def test_missing_band_is_null_everywhere(tmp_path, images):
    out = tmp_path / "work"
    assert run(images[1], "--out", out) == 0
    content = json.loads((out / "scan.json").read_text())
    assert [content["scan"][f"{b}_zero_point"] is None for b in "jhk"] == [True, False, True]
    rows = read_parquet(out / "points.parquet", load_table("psc"), "extract").to_pydict()
    assert set(rows["rd_flg"]) == {"929"} and rows["j_m"] == rows["k_m"] == [None] * 5


def test_finished_work_is_not_done_again(tmp_path, images, capsys, monkeypatch):
    out = tmp_path / "work"
    run(*images, "--out", out)
    created = (out / "scan.json").read_text()
    monkeypatch.setattr(extract, "measure_band", None)
    capsys.readouterr()
    assert run(*images, "--out", out) == 0
    assert "nothing to do" in capsys.readouterr().out and (out / "scan.json").read_text() == created


@pytest.mark.parametrize("change", ["image", "settings", "points", "copy"])
def test_what_changed_is_done_again(tmp_path, images, change, capsys, monkeypatch):
    out = tmp_path / "work"
    run(*images, "--out", out)
    if change == "image":
        (tmp_path / "j.fits").unlink()
        write_atlas(tmp_path / "j.fits", blank(), MAGZP=21.0)
    elif change == "settings":
        monkeypatch.setattr(extract, "settings", lambda: {"aperture": {"radius": 5.0}})
    elif change == "points":
        (out / "points.parquet").write_bytes(b"PAR1")
    else:
        (out / "atlas" / "ji209.fits").write_bytes(b"SIMPLE")
    assert run(*images, "--out", out) == 0
    assert "nothing to do" not in capsys.readouterr().out.split("wrote")[-1]
    assert extract.is_done(read_field(images), out)


def test_foreign_folder_is_not_touched(tmp_path, images, capsys):
    out = tmp_path / "precious"
    out.mkdir()
    (out / "thesis.tex").write_text("x")
    assert run(*images, "--out", out) == 1
    assert "not written by twomass extract" in capsys.readouterr().err and (out / "thesis.tex").read_text() == "x"


def test_out_that_is_a_file_is_refused(tmp_path, images, capsys):
    assert run(*images, "--out", images[0]) == 1
    assert "found a file" in capsys.readouterr().err


def test_empty_folder_is_taken(tmp_path, images):
    (tmp_path / "work").mkdir()
    assert run(*images, "--out", tmp_path / "work") == 0


def test_failure_leaves_nothing_behind(tmp_path, images, monkeypatch):
    def fail(*_):
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(extract, "write_parquet", fail)
    with pytest.raises(RuntimeError):
        run(*images, "--out", tmp_path / "new" / "work")
    assert list((tmp_path / "new").iterdir()) == []


def test_failure_keeps_the_old_folder(tmp_path, images, monkeypatch):
    out = tmp_path / "work"
    run(images[0], "--out", out)
    before = pq.read_table(out / "points.parquet")
    monkeypatch.setattr(extract, "_content", None)
    with pytest.raises(TypeError):
        run(*images, "--out", out)
    assert pq.read_table(out / "points.parquet").equals(before) and extract.is_done(read_field(images[:1]), out)


def test_folder_of_images_becomes_a_folder_of_fields(tmp_path, images, capsys):
    folder = tmp_path / "atlas"
    folder.mkdir()
    for k, scan in enumerate((49, 50)):
        write_atlas(folder / f"{k}.fits", blank(), SCANNO=scan)
    root = tmp_path / "root"
    assert run("--fields", folder, "--out", root) == 0
    assert sorted(p.name for p in root.iterdir()) == ["990810s_s049_i209", "990810s_s050_i209"]
    assert "2 fields, 2 extracted" in capsys.readouterr().out
    assert run("--fields", folder, "--out", root) == 0
    assert capsys.readouterr().out.count("nothing to do") == 2


def test_bad_image_in_a_folder_is_named_and_the_rest_is_done(tmp_path, capsys):
    folder = tmp_path / "atlas"
    folder.mkdir()
    write_atlas(folder / "good.fits", blank())
    write_atlas(folder / "bad.fits", blank(), without=["MAGZP"], SCANNO=50)
    assert run("--fields", folder, "--out", tmp_path / "root") == 1
    told = capsys.readouterr()
    assert "bad.fits: MAGZP" in told.out and "1 images refused" in told.err
    assert (tmp_path / "root" / "990810s_s049_i209" / "scan.json").exists()


@pytest.mark.parametrize("words, message", [
    ([], "found neither"), (["j.fits", "--fields", "x"], "found both"), (["none.fits"], "cannot be read"),
    (["--fields", "none"], "no such folder"),
])
def test_wrong_calls_are_one_sentence(tmp_path, words, message, capsys):
    assert run(*words, "--out", tmp_path / "work") == 1
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1 and not (tmp_path / "work").exists()


def test_field_folder_is_not_taken_for_a_folder_of_fields(tmp_path, images, capsys):
    run(*images, "--out", tmp_path / "work")
    assert run("--fields", tmp_path, "--out", tmp_path / "work") == 1
    assert "found that of one field" in capsys.readouterr().err


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit) as done:
        run("--help")
    text = capsys.readouterr().out
    assert done.value.code == 0
    assert "twomass extract w44_j.fits w44_h.fits --out work/w44" in text and "--fields" in text


KILLED = """
import os, signal, sys
from processing import extract
from processing.cli import main
from processing.tests.test_extract import list_five_stars, no_galaxies
extract.measure_band, extract.measure_extended = list_five_stars, no_galaxies
setattr(extract, sys.argv[1], lambda *_: os.kill(os.getpid(), signal.SIGKILL))
main(["extract", *sys.argv[2:]])
"""


@pytest.mark.parametrize("moment", ["write_parquet", "_content"])
def test_killed_run_leaves_the_old_folder_and_the_next_completes(tmp_path, images, moment):
    """SIGKILL in the middle of writing: what is there stays whole, the next run replaces it and clears the rest
    away."""
    out = tmp_path / "work"
    run(images[0], "--out", out)
    child = subprocess.run([sys.executable, "-c", KILLED, moment, *images, "--out", str(out)], capture_output=True)
    assert child.returncode == -signal.SIGKILL
    assert extract.is_done(read_field(images[:1]), out)
    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name] != []
    assert run(*images, "--out", out) == 0
    assert extract.is_done(read_field(images), out)
    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name] == []
