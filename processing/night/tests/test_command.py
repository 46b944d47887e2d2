"""twomass reduce as its user meets it: what it writes, how it goes on after being killed, what damage costs."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import numpy as np

from processing.calibration.night import read_night_calibration
from processing.cli import main
from processing.formats.parquet import read_parquet
from processing.night.status import read_status
from processing.night.tests.cluster import wait_for
from processing.night.tests.small_night import copy_detectors
from processing.schema import load_table
from processing.simulate.truth import Truth
from processing.sphere import separation

TWOMASS = (sys.executable, "-m", "processing.cli")


def points_of(folder, seq):
    return read_parquet(folder / f"s{seq:03d}" / "points.parquet", load_table("psc"), "reduce")


def extended_rows(folder, seq):
    """Rows of extended.parquet as scan.json tells them too; 0 for calibration scans, which have none."""
    path, told = folder / f"s{seq:03d}" / "extended.parquet", json.loads((folder / f"s{seq:03d}" / "scan.json").read_text())
    assert path.exists() == (told["type"] == "sci")
    rows = read_parquet(path, load_table("xsc"), "reduce").num_rows if path.exists() else 0
    assert (told["extended"] or {"rows": 0}) == {"rows": rows}
    return rows


def products(folder):
    """What has to be the same whenever it is made: bytes of files, scan.json without its time, by relative path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix in (".parquet", ".fits", ".jpg") or name == "calibration.json":
            found[name] = path.read_bytes()
        elif path.name == "scan.json":
            content = json.loads(path.read_text())
            found[name] = {key: value for key, value in content.items() if key != "created"}
    return found


def test_every_sequence_is_a_row_of_the_status_table(tiny_night, tiny_work):
    rows = read_status(tiny_work / "status.ecsv")
    assert [(row["seq"], row["type"], row["tile"]) for row in rows] == [
        (row.seq, row.type, row.tile) for row in tiny_night.sequences]  # fmt: skip
    assert all(row["state"] == "done" and row["reason"] == "" for row in rows)
    for row in rows:
        if row["type"] in ("cal", "sci"):
            assert row["rows"] == points_of(tiny_work, row["seq"]).num_rows > 50
            assert row["extended"] == extended_rows(tiny_work, row["seq"])
            assert 0.1 < row["memory"] < 3.0 and row["seconds"] > 0


def test_stars_of_the_science_scan_are_where_and_as_bright_as_they_are(tiny_night, tiny_work):
    row, = tiny_night.of_type("sci")
    points, stars = points_of(tiny_work, row.seq), Truth(tiny_night.path.parent / "truth").stars(row.tile)
    ra, dec, j = (stars[name].to_numpy() for name in ("ra", "dec", "j"))
    good = [k for k, quality in enumerate(points["ph_qual"].to_pylist()) if quality[0] == "A"]
    found = {name: points[name].to_numpy(zero_copy_only=False)[good] for name in ("ra", "dec", "j_m")}
    apart = np.array([separation(ra, dec, *place).min() for place in zip(found["ra"], found["dec"])])
    nearest = np.array([separation(ra, dec, *place).argmin() for place in zip(found["ra"], found["dec"])])
    # Reference stars have 0.06", the calibration field a handful of standards of 0.01 mag each.
    assert len(good) > 80 and np.median(apart) < 0.15
    error = read_night_calibration(tiny_work / "calibration.json").zero_point("j", *_middle(tiny_work, row.seq)).error
    assert abs(np.median((found["j_m"] - j[nearest])[apart < 0.5])) < 3 * error + 0.01


def _middle(tiny_work, seq):
    record = json.loads((tiny_work / "units" / f"scan_{seq:03d}.json").read_text())["numbers"]
    return np.mean(record["mjd"]), np.mean(record["airmass"])


def test_the_page_stands_alone_and_shows_every_field(tiny_night, tiny_work):
    text = (tiny_work / "index.html").read_text()
    linked = set(re.findall(r'(?:href|src|url)[=(]"?([^"#)][^")]*)', text))
    assert linked and all((tiny_work / name).is_file() for name in linked)
    for row in tiny_night.of_type("cal", "sci"):
        images = json.loads((tiny_work / f"s{row.seq:03d}" / "scan.json").read_text())["images"]
        for number in {image["coadd"] for image in images}:
            assert f'id="s{row.seq:03d}-{number:03d}"' in text
            assert (tiny_work / "pages" / f"s{row.seq:03d}_{number:03d}.jpg").stat().st_size > 1000


def test_a_second_run_does_nothing(tiny_night, tiny_work, capsys):
    before = {path: path.stat().st_mtime_ns for path in tiny_work.rglob("*.parquet")}
    assert main(["reduce", str(tiny_night.path), "--out", str(tiny_work.parent)]) == 0
    assert {path: path.stat().st_mtime_ns for path in tiny_work.rglob("*.parquet")} == before
    assert "2 were there already" in capsys.readouterr().out


def test_a_killed_run_goes_on_to_the_same_result(tiny_night, tiny_work, tmp_path):
    """Darks and flats are those of the other run; killed as soon as the calibration scan is measured."""
    command = [*TWOMASS, "reduce", str(tiny_night.path), "--out", str(tmp_path), "--workers", "2"]
    folder = tmp_path / tiny_night.name
    copy_detectors(tiny_work, folder)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: len(list(folder.glob("units/stars_*.json"))) > 0, process)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL and not (folder / "s011" / "scan.json").exists()
    wait_for(lambda: main(["reduce", str(tiny_night.path), "--out", str(tmp_path)]) == 0)
    assert products(folder) == products(tiny_work)
    assert not list(tmp_path.rglob("*.partial-*"))


def test_another_cluster_makes_the_same(tiny_night, tiny_work, cluster, tmp_path):
    folder = tmp_path / "work" / tiny_night.name
    shutil.copytree(tiny_work, folder)
    wanted = products(folder)
    shutil.rmtree(folder / "s005")
    assert main(["reduce", str(tiny_night.path), "--out", str(folder.parent), "--scheduler", cluster]) == 0
    assert products(folder) == wanted
