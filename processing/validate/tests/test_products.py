"""The files of the table: whole, the same for the same release, of one mind, and in a release that still verifies."""

import json
import re
import shutil

import pytest

from processing.cli import main
from processing.errors import SurveyError
from processing.release.manifest import MANIFEST, read_release
from processing.schema import load_table
from processing.validate import sensitivity
from processing.validate.tests.made_release import write_release, write_truth
from processing.validate.tests.made_survey import Facts, Made

FILES = ("level1.json", "level1.parquet", "level1.html", MANIFEST)


@pytest.fixture(scope="module")
def made():
    return Made(Facts(density=800, scans=5, visits=3))


@pytest.fixture(scope="module")
def truth(made, tmp_path_factory):
    return write_truth(tmp_path_factory.mktemp("raw") / "truth", made)


@pytest.fixture(scope="module")
def release(made, truth, tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(sensitivity, "DRAWS", 10)
    folder = tmp_path_factory.mktemp("releases") / "made"
    write_release(folder, made)
    assert main(["validate", str(folder), "--truth", str(truth)]) == 0
    yield read_release(folder)
    patch.undo()


@pytest.fixture
def content(release):
    return json.loads((release.path / "level1.json").read_text())


def test_the_release_is_whole_and_lists_the_table(release):
    release.verify()
    assert set(FILES[:3]) <= set(release.files) and release.rows["level1"] == release.read("level1").num_rows


def test_the_table_has_the_rows_of_the_json(release, content):
    names = load_table("level1").names
    assert release.read("level1").to_pylist() == [{name: row[name] for name in names} for row in content["figures"]]


def test_every_row_of_the_release_summary_is_there_with_a_verdict(content):
    asked = [(one["category"], one["name"]) for one in content["requirements"]]
    assert len(asked) == 16 and len(set(asked)) == 16
    assert {row["item"] for row in content["figures"]} == {one["item"] for one in content["requirements"]}
    extended = [row for row in content["figures"] if row["category"].startswith("Extended")]
    assert len(extended) == 5 and {row["verdict"] for row in extended} == {"not measured"}
    assert all(row["measured"] is row["error"] is row["basis"] is None for row in extended)


def test_every_number_has_an_error_and_objects_behind_it(content):
    known = [row for row in content["figures"] if row["measured"] is not None]
    assert len(known) > 40
    assert all(row["low"] <= row["measured"] <= row["high"] for row in known)
    assert all(row["error"] >= 0 and row["objects"] > 0 for row in known)
    assert {row["basis"] for row in known} == {"repeats", "truth", "geometry"}


def test_measuring_again_elsewhere_gives_the_same_bytes(truth, release, tmp_path):
    again = tmp_path / "elsewhere" / "made"
    shutil.copytree(release.path, again)
    before = {name: (again / name).stat().st_mtime_ns for name in FILES}
    assert main(["validate", str(again), "--truth", str(truth)]) == 0
    assert [name for name in FILES if (again / name).stat().st_mtime_ns == before[name]] == []
    assert [(again / name).read_bytes() for name in FILES] == [(release.path / name).read_bytes() for name in FILES]
    assert sorted(path.name for path in again.parent.iterdir()) == ["made"]


def test_the_page_shows_each_requirement_and_no_place_of_this_machine(release, content):
    text = (release.path / "level1.html").read_text()
    for one in content["requirements"]:
        assert one["requirement"].replace("<", "&lt;").replace(">", "&gt;") in text
    for sentence in content["caveats"]:
        assert sentence.split(":")[0].replace(">", "&gt;") in text
    assert text.count("<svg") >= 12 and "nan" not in re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL).lower().split()
    assert str(release.path.parent) not in text and "file://" not in text


def test_what_is_wrong_with_the_data_is_a_caveat(content):
    told = " ".join(content["caveats"])
    assert "Left out (no stars): 990131n scan 099." in told and "Rule not applied, profile" in told


def test_a_release_without_repeats_and_truth_is_measured_as_far_as_it_goes(made, tmp_path, capsys):
    write_release(tmp_path / "bare", made, apparitions=False)
    assert main(["validate", str(tmp_path / "bare")]) == 0
    content = json.loads((tmp_path / "bare" / "level1.json").read_text())
    verdicts = {one["item"]: one["verdict"] for one in content["requirements"]}
    assert verdicts.pop("coverage") != "not measured" and set(verdicts.values()) == {"not measured"}
    assert "no apparitions" in " ".join(content["caveats"])
    read_release(tmp_path / "bare").verify()


def test_a_folder_without_truth_is_refused_and_the_release_stays_as_it_was(release, tmp_path, capsys):
    before = (release.path / MANIFEST).read_bytes()
    assert main(["validate", str(release.path), "--truth", str(tmp_path)]) == 1
    assert "simulation.json" in capsys.readouterr().err
    assert (release.path / MANIFEST).read_bytes() == before
    with pytest.raises(SurveyError, match="no such release"):
        read_release(tmp_path / "nothing")


def test_the_truth_of_another_sky_is_refused(release, tmp_path, capsys):
    truth = write_truth(tmp_path / "truth", Made(Facts(density=300, scans=2, visits=1, seed=7)))
    assert main(["validate", str(release.path), "--truth", str(truth)]) == 1
    assert "expected the truth of this release" in capsys.readouterr().err
