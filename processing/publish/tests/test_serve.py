"""twomass serve, stop and status, as a user meets them: twice, killed, with the port taken."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from processing.publish import cluster, server
from processing.publish.processes import command_line, wait_until

pytestmark = pytest.mark.skipif(not shutil.which("/usr/bin/dachs"), reason="DaCHS is not installed: make setup")


def twomass(place, *words, port=None):
    environment = {**os.environ, "TWOMASS_STATE": str(place.state), "TWOMASS_PORT": str(port or place.port)}
    return subprocess.run([sys.executable, "-m", "processing.cli", *words], env=environment, capture_output=True,
                          text=True)


def ask(place, query):
    words = urllib.parse.urlencode({"LANG": "ADQL", "FORMAT": "csv", "QUERY": query}).encode()
    with urllib.request.urlopen(f"{place.url}/tap/sync", words, timeout=30) as answer:
        return answer.read().decode().split()


def kill(number):
    os.kill(number, signal.SIGKILL)
    assert wait_until(lambda: not command_line(number), 5)


@pytest.fixture
def serving(place):
    done = twomass(place, "serve")
    assert done.returncode == 0, done.stderr
    return place


def test_serving_prints_the_addresses_at_which_it_answers(serving):
    said = twomass(serving, "serve").stdout
    assert f"{serving.url}/tap" in said
    assert "ivoa.obscore" in ask(serving, "SELECT table_name FROM tap_schema.tables")


def test_serving_twice_leaves_the_same_processes(serving):
    before = server.pid(serving), cluster.pid(serving)
    assert twomass(serving, "serve").returncode == 0
    assert (server.pid(serving), cluster.pid(serving)) == before


def test_no_server_runs_as_root(serving):
    for number in (server.pid(serving), cluster.pid(serving)):
        assert Path(f"/proc/{number}").stat().st_uid == serving.account.pw_uid != 0


def test_status_succeeds_only_while_all_runs(serving):
    assert twomass(serving, "status").returncode == 0
    kill(server.pid(serving))
    done = twomass(serving, "status")
    assert done.returncode == 1 and "server    does not run" in done.stdout and "twomass serve" in done.stderr


def test_both_killed_at_once_are_both_started_again(serving):
    for number in (server.pid(serving), cluster.pid(serving)):
        kill(number)
    assert twomass(serving, "serve").returncode == 0
    assert ask(serving, "SELECT COUNT(*) AS n FROM ivoa.obscore") == ["n", "0"]


def test_a_server_that_outlived_its_database_answers_again(serving):
    assert ask(serving, "SELECT COUNT(*) AS n FROM ivoa.obscore")[0] == "n"
    kill(cluster.pid(serving))
    assert twomass(serving, "serve").returncode == 0
    for _ in range(4):
        assert ask(serving, "SELECT COUNT(*) AS n FROM ivoa.obscore") == ["n", "0"]


def test_a_server_whose_pid_file_is_lost_is_found_again(serving):
    before = server.pid(serving)
    (serving.run / "dachs.pid").unlink()
    assert twomass(serving, "serve").returncode == 0
    assert server.pid(serving) == before


def test_the_pid_of_another_program_is_never_taken_for_the_server(serving):
    twomass(serving, "stop", "--server-only")
    with subprocess.Popen(["sleep", "60"]) as other:
        (serving.run / "dachs.pid").write_text(f"{other.pid}\n")
        assert "did not run" in twomass(serving, "stop", "--server-only").stdout
        assert other.poll() is None
        other.kill()


def test_another_port_is_refused_while_the_server_runs(serving):
    done = twomass(serving, "serve", port=serving.port + 1)
    assert done.returncode == 1 and f"runs on port {serving.port}" in done.stderr and "twomass stop" in done.stderr


def test_a_port_that_is_taken_is_one_sentence_that_names_the_holder(serving):
    assert twomass(serving, "stop", "--server-only").returncode == 0
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", serving.port))
        holder.listen()
        done = twomass(serving, "serve")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"port {serving.port} is taken by process {os.getpid()}" in done.stderr


def test_jobs_of_a_killed_server_do_not_count_as_running(serving):
    twomass(serving, "stop", "--server-only")
    with cluster.connect(serving) as connection:
        connection.execute("INSERT INTO tap_schema.tapjobs (jobid, phase, pid, executionduration, destructiontime, "
                           "owner, parameters, creationtime) "
                           "VALUES ('lost', 'EXECUTING', -1, 10, now() + interval '1 day', NULL, '', now())")
    assert twomass(serving, "serve").returncode == 0
    with cluster.connect(serving) as connection:
        row = connection.execute("SELECT phase FROM tap_schema.tapjobs WHERE jobid = 'lost'").fetchone()
    assert row == ("ERROR",)


def test_jobs_that_were_waiting_when_the_server_was_killed_are_run(serving):
    words = urllib.parse.urlencode({"LANG": "ADQL", "QUERY": "SELECT COUNT(*) AS n FROM ivoa.obscore"}).encode()
    with urllib.request.urlopen(f"{serving.url}/tap/async", words) as created:
        job = created.geturl()
    kill(server.pid(serving))
    with cluster.connect(serving) as connection:
        connection.execute("UPDATE tap_schema.tapjobs SET phase = 'QUEUED' WHERE jobid = %s", (job.rsplit("/", 1)[1],))
    assert twomass(serving, "serve").returncode == 0
    assert wait_until(lambda: urllib.request.urlopen(f"{job}/phase").read() == b"COMPLETED", 20, pause=0.5)


def test_slow_queries_leave_the_server_answering(serving):
    """Twelve queries that take the longest time allowed: more than Twisted's ten threads."""
    tables = ", ".join(f"tap_schema.columns AS t{i}" for i in range(6))
    words = urllib.parse.urlencode({"LANG": "ADQL", "QUERY": f"SELECT COUNT(*) AS n FROM {tables}"})
    request = (f"POST /tap/sync HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n"
               f"Content-Length: {len(words)}\r\n\r\n{words}").encode()
    clients = [socket.create_connection(("127.0.0.1", serving.port)) for _ in range(12)]
    for client in clients:
        client.sendall(request)
    assert wait_until(lambda: _running_queries(serving, "count(*)") >= 12, 15)
    assert server.answers(serving, seconds=5)
    for client in clients:
        client.close()
    assert wait_until(lambda: _running_queries(serving, "count(*)") == 0, 15), "nobody waits for them any more"


def _running_queries(place, what):
    with cluster.connect(place) as connection:
        return connection.execute(f"SELECT {what} FROM pg_stat_activity WHERE state = 'active' "
                                  "AND usename = 'untrusted'").fetchone()[0]


def test_in_the_foreground_both_end_when_told_to_and_when_one_of_them_does(place):
    """As systemd and containers have it: SIGTERM is an end in order, a server that ended by itself is a failure."""
    twomass(place, "stop")
    environment = {**os.environ, "TWOMASS_STATE": str(place.state), "TWOMASS_PORT": str(place.port)}
    command = [sys.executable, "-m", "processing.cli", "serve", "--foreground"]
    for end, status in ((lambda process: process.terminate(), 0), (lambda process: kill(cluster.pid(place)), 1)):
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            assert any("told to end" in line for line in process.stdout) and server.answers(place)
            end(process)
            said = process.communicate(timeout=60)
        assert process.returncode == status, said
        assert server.pid(place) is None and cluster.pid(place) is None
    assert "the database ended without being told to" in said[1] and "Traceback" not in said[1]


def test_what_a_load_balancer_asks_is_there_before_there_is_a_release(serving):
    with pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(f"{serving.url}/health", timeout=10)


def test_stopping_twice_is_no_error(serving):
    first, second = twomass(serving, "stop"), twomass(serving, "stop")
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout.count("stopped") == 2 and second.stdout.count("did not run") == 2
    assert server.pid(serving) is None and cluster.pid(serving) is None
