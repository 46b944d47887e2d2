"""Whole files and folders: there or not, and never in the place of somebody else's."""

import pytest

from processing.errors import SurveyError
from processing.formats.whole import whole_file, whole_folder


def fill(path, text, marker="ours.json"):
    with whole_folder(path, marker) as folder:
        (folder / "ours.json").write_text(text)


def test_a_folder_replaces_one_written_before(tmp_path):
    fill(tmp_path / "out", "old")
    fill(tmp_path / "out", "new")
    assert (tmp_path / "out" / "ours.json").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_somebody_else_is_refused_and_stays(tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.tex").write_text("precious")
    with pytest.raises(SurveyError, match="no ours.json in it"):
        fill(theirs, "new")
    assert (theirs / "thesis.tex").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]


def test_a_path_that_leads_back_to_somebody_elses_folder_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(SurveyError, match="no ours.json in it"):
        fill(tmp_path / "not-there" / "..", "new")
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_a_folder_that_fills_up_meanwhile_is_not_replaced(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(SurveyError), whole_folder(out, "ours.json") as folder:
        (folder / "ours.json").write_text("new")
        out.mkdir()
        (out / "thesis.tex").write_text("precious")
    assert [path.name for path in out.iterdir()] == ["thesis.tex"]


def test_without_a_marker_only_an_empty_place_is_taken(tmp_path):
    fill(tmp_path / "out", "old", marker=None)
    with pytest.raises(SurveyError):
        fill(tmp_path / "out", "new", marker=None)
    (tmp_path / "empty").mkdir()
    fill(tmp_path / "empty", "new", marker=None)


def test_a_link_is_followed_and_what_it_leads_to_replaced(tmp_path):
    fill(tmp_path / "real", "old")
    (tmp_path / "link").symlink_to("real")
    fill(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real" / "ours.json").read_text() == "new"


def test_nothing_is_left_when_the_block_raises(tmp_path):
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "out") as folder:
        (folder / "half").write_text("half")
        1 / 0
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "file") as path:
        path.write_text("half")
        1 / 0
    assert not list(tmp_path.iterdir())
