"""The file of a backup: whole or not there, for its owner alone, and known when it is another file."""

import json
import tarfile

import pytest

from processing.errors import SurveyError
from processing.publish.backup import ABOUT, read, write
from processing.publish.restore import _settings

MEMBERS = {ABOUT: json.dumps({"version": "1"}).encode(), "etc/gavo.rc": b"[web]\n", "log/requests.log": b"{}\n" * 1000}


def test_what_was_written_is_read(tmp_path):
    write(tmp_path / "b.tar.gz", MEMBERS)
    assert read(tmp_path / "b.tar.gz") == MEMBERS
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar.gz"]


def test_only_its_owner_may_read_passwords_and_keys(tmp_path):
    write(tmp_path / "b.tar.gz", MEMBERS)
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(SurveyError, match="cannot be written: No such file"):
        write(tmp_path / "none" / "b.tar.gz", MEMBERS)


def test_a_file_that_is_no_backup_is_refused(tmp_path):
    (tmp_path / "text").write_text("no archive")
    with pytest.raises(SurveyError, match="cannot be read"):
        read(tmp_path / "text")
    with tarfile.open(tmp_path / "other.tar", "w") as archive:
        archive.add(tmp_path / "text", "text")
    with pytest.raises(SurveyError, match=f"there is no {ABOUT} in it"):
        read(tmp_path / "other.tar")


def test_half_a_file_is_refused(tmp_path):
    write(tmp_path / "b.tar.gz", MEMBERS)
    whole = (tmp_path / "b.tar.gz").read_bytes()
    (tmp_path / "half.tar.gz").write_bytes(whole[:len(whole) // 2])
    with pytest.raises(SurveyError, match="cannot be read"):
        read(tmp_path / "half.tar.gz")


def test_settings_come_back_and_those_they_replace_stay_beside(tmp_path):
    (tmp_path / "gavo.rc").write_bytes(b"new\n")
    (tmp_path / "same").write_bytes(b"same\n")
    members = {"etc/gavo.rc": b"old\n", "etc/same": b"same\n", "etc/gone": b"gone\n", "log/x": b""}
    said = list(_settings(members, tmp_path))
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {"gavo.rc": b"old\n", "gavo.rc.before-restore": b"new\n", "same": b"same\n", "gone": b"gone\n"}
    assert len(said) == 2


def test_twice_is_once(tmp_path):
    (tmp_path / "gavo.rc").write_bytes(b"new\n")
    members = {"etc/gavo.rc": b"old\n"}
    assert len(list(_settings(members, tmp_path))) == 1 and list(_settings(members, tmp_path)) == []
    assert (tmp_path / "gavo.rc.before-restore").read_bytes() == b"new\n"
