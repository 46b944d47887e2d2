"""What damage costs: its own scan or band, with the reason; the night goes on, and nothing is pretended."""

import json
import shutil
from functools import partial

import pytest

from processing.cli import main
from processing.formats.parquet import read_parquet
from processing.formats.raw_writer import write_night_log
from processing.night.status import read_status
from processing.schema import load_table
from processing.night.tests.damage import DAMAGE, damaged_copies
from processing.night.tests.small_night import copy_detectors, copy_of


@pytest.fixture(scope="module")
def reduced(cluster):
    """Function that reduces a night; returns the exit status, and the rows of the status table by scan number."""
    return partial(_reduced, cluster)


def _reduced(cluster, night, out):
    status = main(["reduce", str(night.path), "--out", str(out), "--scheduler", cluster])
    return status, {row["seq"]: row for row in read_status(out / night.name / "status.ecsv")}


@pytest.fixture(scope="module")
def damaged(tiny_night, tiny_work, reduced, tmp_path_factory):
    """Folder, exit status and status rows of the night with every kind of damage in scans beside the good ones."""
    root = tmp_path_factory.mktemp("damaged")
    night = damaged_copies(copy_of(tiny_night, root / "raw"))
    shutil.copytree(tiny_work, root / "work" / tiny_night.name)
    return root / "work" / tiny_night.name, *reduced(night, root / "work")


@pytest.mark.parametrize("seq", DAMAGE)
def test_damage_is_a_row_with_its_reason(damaged, seq):
    folder, status, rows = damaged
    bands, _, words = DAMAGE[seq]
    assert status == 1
    assert rows[seq]["state"] == ("failed" if bands == "jhk" else "partial")
    assert words in rows[seq]["reason"] and f"scan {seq:03d}" in rows[seq]["reason"]


def test_good_scans_of_a_damaged_night_stay_as_they_were(tiny_night, tiny_work, damaged):
    folder, _, rows = damaged
    for row in tiny_night.of_type("cal", "sci"):
        assert rows[row.seq]["state"] == "done"
        name = f"s{row.seq:03d}/points.parquet"
        assert (folder / name).read_bytes() == (tiny_work / name).read_bytes()


def test_a_failed_scan_has_no_sources_but_says_why(damaged):
    folder, _, rows = damaged
    for seq, (bands, _, words) in DAMAGE.items():
        if bands == "jhk":
            assert [path.name for path in (folder / f"s{seq:03d}").iterdir()] == ["scan.json"]
            assert words in json.loads((folder / f"s{seq:03d}" / "scan.json").read_text())["failed"]
            assert rows[seq]["rows"] == 0


@pytest.mark.parametrize("seq", [seq for seq, (bands, *_) in DAMAGE.items() if bands != "jhk"])
def test_a_scan_without_a_band_is_measured_in_the_others(damaged, seq):
    folder, _, rows = damaged
    band = DAMAGE[seq][0]
    points = read_parquet(folder / f"s{seq:03d}" / "points.parquet", load_table("psc"), "reduce")
    assert points.num_rows == rows[seq]["rows"] > 50
    assert points[f"{band}_m"].null_count == points.num_rows
    assert {flag["jhk".index(band)] for flag in points["rd_flg"].to_pylist()} <= {"9", "0"}
    assert points["j_m"].null_count < 10 and list(json.loads(
        (folder / f"s{seq:03d}" / "scan.json").read_text())["missing"]) == [band]  # fmt: skip


def test_the_page_of_a_damaged_night_lists_every_scan_and_reason(damaged):
    text = (damaged[0] / "index.html").read_text()
    for seq, (_, _, words) in DAMAGE.items():
        assert f'id="scan-{seq:03d}"' in text and words.replace("'", "&#x27;") in text


def without(night, root, *types):
    """A copy of the night whose log does not list some types of sequences."""
    copy = copy_of(night, root / "raw")
    (copy.path / "night.ecsv").unlink()
    write_night_log(copy.path, [row for row in night.sequences if row.type not in types])
    return copy


def test_without_darks_no_scan_is_reduced(tiny_night, reduced, tmp_path, capsys):
    status, rows = reduced(without(tiny_night, tmp_path, "dark", "cal"), tmp_path / "work")
    assert status == 1 and rows[11]["state"] == "failed"
    assert "0 dark frames, expected at least 20" in rows[11]["reason"]
    assert capsys.readouterr().err.count("\n") == 1


def test_without_calibration_fields_nothing_is_pretended(tiny_night, tiny_work, reduced, tmp_path, capsys):
    folder = tmp_path / "work" / tiny_night.name
    copy_detectors(tiny_work, folder)
    status, rows = reduced(without(tiny_night, tmp_path, "cal"), tmp_path / "work")
    assert status == 1 and rows[11]["state"] == "failed" and rows[1]["state"] == "done"
    assert "no zero points" in rows[11]["reason"] and not (folder / "s011" / "points.parquet").exists()
    assert not (folder / "calibration.json").exists() and "expected calibration scans" in (
        folder / "index.html").read_text()  # fmt: skip


def test_a_dark_that_cannot_be_read_costs_only_itself_or_the_night(tiny_night, tiny_work, reduced, tmp_path):
    """Two sequences of 12 are 24 frames; one of them is less than the 20 that a night needs."""
    night = without(tiny_night, tmp_path, "cal")
    (night.path / "dark002_h.fits").unlink()
    copy_detectors(tiny_work, tmp_path / "work" / night.name)
    _, rows = reduced(night, tmp_path / "work")
    assert "band h: 12 dark frames" in rows[1]["reason"] and "dark002_h.fits is missing" in rows[1]["reason"]
    assert rows[1]["state"] == "partial"
