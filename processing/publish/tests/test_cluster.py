"""The private PostgreSQL: made, killed, started again, with the committed rows in it."""

import os
import signal
import subprocess

import pytest

from processing.errors import SurveyError
from processing.publish import cluster
from processing.publish.processes import command_line, wait_until
from processing.publish.site import as_account, prepare


@pytest.fixture(scope="module")
def running(place):
    """The cluster, started on top of a making that was interrupted half way."""
    prepare(place)
    as_account(["mkdir", "-p", place.state / ".postgresql.partial" / "base"], place)
    assert cluster.start(place)
    return place


@pytest.fixture(autouse=True)
def started(running):
    cluster.start(running)


def rows(place):
    with cluster.connect(place) as connection:
        return connection.execute("SELECT count(*) FROM kept").fetchone()[0]


def kill(place):
    number = cluster.pid(place)
    os.kill(number, signal.SIGKILL)
    assert wait_until(lambda: not command_line(number), 30)


def test_starting_twice_changes_nothing(running):
    before = cluster.pid(running)
    assert not cluster.start(running)
    assert cluster.pid(running) == before


def test_it_listens_on_its_socket_only_and_syncs(running):
    with cluster.connect(running) as connection:
        settings = dict(connection.execute("SELECT name, setting FROM pg_settings"))
    assert settings["listen_addresses"] == "" and settings["unix_socket_directories"] == str(running.socket_folder)
    assert settings["fsync"] == "on" and settings["jit"] == "off" and settings["wal_level"] == "minimal"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_another_user_of_the_machine_is_not_let_in(running):
    running.socket_folder.chmod(0o755)
    try:
        asked = subprocess.run(["psql", "-h", running.socket_folder, "-U", "postgres", "gavo", "-c", "SELECT 1"],
                               user=65534, group=65534, extra_groups=[], cwd="/", capture_output=True, text=True)
    finally:
        running.socket_folder.chmod(0o700)
    assert asked.returncode != 0 and "Peer authentication failed" in asked.stderr


def test_what_was_committed_outlives_kill_9(running):
    with cluster.connect(running) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    kill(running)
    assert cluster.pid(running) is None
    assert cluster.start(running)
    assert rows(running) == 1000


def test_a_pid_file_whose_number_another_program_has_is_no_obstacle(running):
    kill(running)
    file = running.cluster / "postmaster.pid"
    with subprocess.Popen(["sleep", "60"], user=running.account.pw_uid if os.getuid() == 0 else None) as other:
        lines = file.read_text().splitlines()
        file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        assert cluster.pid(running) is None
        assert cluster.start(running)
        assert other.poll() is None
        other.kill()


def test_stopping_twice_changes_nothing(running):
    assert cluster.stop(running)
    assert not cluster.stop(running)
    with pytest.raises(SurveyError, match="twomass serve"):
        cluster.connect(running)


def test_a_start_that_fails_shows_the_log(running, monkeypatch):
    cluster.stop(running)
    monkeypatch.setattr(cluster, "START_SECONDS", 0)
    wrong = "no_such_setting = 1\n"
    monkeypatch.setattr(cluster, "_configure", lambda place: cluster._write(place, "survey.conf", wrong))
    with pytest.raises(SurveyError, match="no_such_setting"):
        cluster.start(running)
    monkeypatch.undo()
    assert cluster.start(running)
