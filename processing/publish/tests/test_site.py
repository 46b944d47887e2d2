"""Where things are, and as whom commands run."""

import os
import shutil
import socket
from types import SimpleNamespace

import pytest

from processing.errors import SurveyError
from processing.publish.site import Site, as_account, check_disk, prepare, read_settings, site


def test_port_comes_from_the_settings_unless_the_environment_names_one(monkeypatch):
    monkeypatch.delenv("TWOMASS_PORT", raising=False)
    assert site().port == site().settings.getint("web", "serverPort")
    monkeypatch.setenv("TWOMASS_PORT", "18123")
    assert site().url == "http://127.0.0.1:18123"


@pytest.mark.parametrize("text", ["0", "65536", "-1", "eighty"])
def test_a_port_that_is_none_is_refused_by_name(monkeypatch, text):
    monkeypatch.setenv("TWOMASS_PORT", text)
    with pytest.raises(SurveyError, match="TWOMASS_PORT"):
        site()


@pytest.mark.parametrize("length", [20, 70, 95, 200])
def test_a_socket_fits_however_long_the_path_of_the_state_is(tmp_path, length):
    place = Site(tmp_path / ("x" * length))
    place.socket_folder.mkdir(parents=True, exist_ok=True)
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(place.socket_folder / ".s.PGSQL.5432"))
    finally:
        (place.socket_folder / ".s.PGSQL.5432").unlink(missing_ok=True)
        place.socket_folder.rmdir()


def test_commands_run_without_rights_and_without_the_callers_environment(place, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "x")
    prepare(place)
    assert int(as_account(["id", "-u"], place).stdout) == place.account.pw_uid != 0
    assert as_account(["id", "-G"], place).stdout.split() == [str(place.account.pw_gid)] or os.getuid() != 0
    assert "SECRET_OF_THE_CALLER" not in as_account(["env"], place).stdout


def test_a_command_that_fails_is_told_with_its_last_words(place):
    prepare(place)
    with pytest.raises(SurveyError, match="exit status 3(.|\n)*too bad"):
        as_account(["sh", "-c", "echo too bad >&2; exit 3"], place)


def test_the_folder_of_the_socket_is_the_accounts_alone(place):
    prepare(place)
    status = place.socket_folder.stat()
    assert (status.st_uid, status.st_mode & 0o777) == (place.account.pw_uid, 0o700)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a folder of somebody else")
def test_a_folder_of_somebody_else_is_refused(place):
    prepare(place)
    os.chown(place.log, 65534, 65534)
    with pytest.raises(SurveyError, match="log cannot be used by the account"):
        prepare(place)
    os.chown(place.log, place.account.pw_uid, place.account.pw_gid)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be led to write elsewhere")
def test_a_link_that_the_account_has_laid_does_not_lead_root_astray(place, tmp_path):
    prepare(place)
    place.log.rmdir()
    place.log.symlink_to(tmp_path)
    before = tmp_path.stat()
    with pytest.raises(SurveyError, match="log cannot be used"):
        prepare(place)
    assert (tmp_path.stat().st_mode, tmp_path.stat().st_uid) == (before.st_mode, before.st_uid)
    place.log.unlink()


@pytest.mark.skipif(os.getuid() != 0, reason="root's servers run as another account")
def test_a_state_folder_the_account_cannot_reach_is_one_sentence(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(SurveyError, match="cannot reach .*closed"):
        prepare(Site(closed / "state"))


def test_a_disk_that_is_nearly_full_is_one_sentence(place, monkeypatch):
    prepare(place)
    check_disk(place)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=123_000_000))
    with pytest.raises(SurveyError, match="too little disk: 123 MB free at .*state, 500 MB are needed"):
        check_disk(place)


def test_settings_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "gavo.rc").write_text("serverPort 8080\n")
    with pytest.raises(SurveyError, match="gavo.rc"):
        read_settings(tmp_path / "gavo.rc")
