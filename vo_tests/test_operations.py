"""What an operator has: status, health for a load balancer, one line a request, backup and restore."""

import json
import socket
import subprocess
import time
from urllib.parse import urlencode

import pytest
import requests

from processing.publish.processes import wait_until
from processing.publish.site import ETC, as_account


def lines(server, **wanted):
    """The lines of the log of requests, as dicts, in which the parameters ``wanted`` are."""
    text = (server.place.log / "requests.log").read_text()
    found = [json.loads(row) for row in text.splitlines()]
    return [row for row in found if all(row["asked"].get(key) == [value] for key, value in wanted.items())]


def test_status_asks_every_service_and_says_what_is_published(server, release):
    found = json.loads(server.twomass("status", "--json").stdout)
    assert found["well"] and found["release"]["name"] == release.name and found["release"]["rows"] == release.rows
    assert {"TAP", "cone", "SIA 1", "SIA 2"} <= {s["name"] for s in found["services"] if s["answers"]}
    said = server.twomass("status").stdout
    assert f"{release.name} since 20" in said and "GB free" in said and "\njobs " in said


def test_status_names_the_service_that_fails(server, release):
    with server.connect() as connection:
        connection.execute("ALTER VIEW twomass.images RENAME TO images_away")
        try:
            done = server.twomass("status", check=False)
        finally:
            connection.execute("ALTER VIEW twomass.images_away RENAME TO images")
    assert done.returncode == 1
    failed = [line for line in done.stdout.splitlines() if "does not answer" in line]
    assert [line.split()[1:3] for line in failed] == [["SIA", "1"]]


def test_status_counts_jobs_by_their_phase(server, release):
    before = json.loads(server.twomass("status", "--json").stdout)["jobs"].get("pending", 0)
    job = requests.post(f"{server.url}/tap/async", data={"LANG": "ADQL", "QUERY": "SELECT * FROM twomass.psc"})
    assert json.loads(server.twomass("status", "--json").stdout)["jobs"]["pending"] == before + 1
    assert requests.delete(job.url).ok


def test_health_is_good_while_a_release_can_be_read(server, release):
    answer = requests.get(f"{server.url}/health")
    assert (answer.status_code, answer.text) == (200, "ok\n") and requests.head(f"{server.url}/health").ok


def test_health_is_bad_when_nothing_can_be_read_and_good_again_after(server, release):
    with server.connect() as connection:
        connection.execute("ALTER VIEW twomass.psc RENAME TO psc_away")
        try:
            answer = requests.get(f"{server.url}/health")
        finally:
            connection.execute("ALTER VIEW twomass.psc_away RENAME TO psc")
    assert answer.status_code == 503 and answer.text == "no release is published\n"
    assert requests.get(f"{server.url}/health").ok


def test_health_is_bad_within_seconds_while_the_database_hangs(server, release):
    with server.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE twomass.psc IN ACCESS EXCLUSIVE MODE")
        begin = time.monotonic()
        answer = requests.get(f"{server.url}/health")
    assert answer.status_code == 503 and "did not answer within" in answer.text and time.monotonic() - begin < 15
    assert wait_until(lambda: requests.get(f"{server.url}/health").ok, 20)


def test_a_server_is_taken_out_of_use_by_a_file(server, release):
    mark = server.place.gavo / "state" / "MAINT"
    as_account(["touch", mark], server.place)
    try:
        assert requests.get(f"{server.url}/health").status_code == 503
    finally:
        as_account(["rm", mark], server.place)
    assert requests.get(f"{server.url}/health").status_code == 200


def test_every_request_is_one_line_of_json(server, release):
    mark = f"m{time.time_ns()}"
    requests.get(f"{server.url}/tap/sync", params={"LANG": "ADQL", "QUERY": f"SELECT 1 AS {mark} FROM tap_schema.keys"})
    requests.post(f"{server.url}/tap/sync", data={"LANG": "ADQL", "QUERY": f"SELECT {mark}"})
    requests.get(f"{server.url}/no/such/place", params={"test": mark})
    good, = lines(server, QUERY=f"SELECT 1 AS {mark} FROM tap_schema.keys")
    bad, = lines(server, QUERY=f"SELECT {mark}")
    lost, = lines(server, test=mark)
    assert (good["method"], good["path"], good["status"]) == ("GET", "/tap/sync", 200) and good["bytes"] > 500
    assert bad["method"] == "POST" and bad["status"] >= 400
    assert lost["path"] == "/no/such/place" and lost["status"] == 404
    assert all("client" not in line for line in (good, bad, lost))


def test_a_client_that_leaves_is_a_line_too(server, release):
    tables = ", ".join(f"tap_schema.columns AS left{i}_{time.time_ns()}" for i in range(6))
    words = urlencode({"LANG": "ADQL", "QUERY": f"SELECT COUNT(*) AS n FROM {tables}"})
    with socket.create_connection(("127.0.0.1", server.place.port)) as client:
        client.sendall(f"GET /tap/sync?{words} HTTP/1.0\r\n\r\n".encode())
        assert wait_until(lambda: _backends(server, "count(*)"), 20)
    assert wait_until(lambda: lines(server, QUERY=f"SELECT COUNT(*) AS n FROM {tables}"), 20)
    line, = lines(server, QUERY=f"SELECT COUNT(*) AS n FROM {tables}")
    assert line["status"] == 499
    _backends(server, "bool_and(pg_terminate_backend(pid))")


def _backends(server, what):
    with server.connect() as connection:
        return connection.execute(f"SELECT {what} FROM pg_stat_activity WHERE state = 'active' "
                                  "AND usename = 'untrusted'").fetchone()[0]


@pytest.fixture
def lost_knowledge(server, release):
    """A record that was withdrawn and a user, as a site comes to have them; gone again at the end."""
    record = ("INSERT INTO dc.resources (sourcerd, resid, title, recTimestamp, deleted, ivoid, rank) VALUES "
              "('old/q', 'gone', 'A service that is no more', now(), true, 'ivo://org.example.twomass/old/q/gone', 1)")
    belongs = ("INSERT INTO dc.sets (sourcerd, resid, setname, renderer, deleted) "
               "VALUES ('old/q', 'gone', 'ivo_managed', 'form', true)")
    user = "INSERT INTO dc.users (username, password, remarks) VALUES ('anna', 'scrypt:x', 'a, \"b\"')"
    gone = ["DELETE FROM dc.resources WHERE resid = 'gone'", "DELETE FROM dc.sets WHERE resid = 'gone'",
            "DELETE FROM dc.users WHERE username = 'anna'"]

    def do(statements):
        with server.connect() as connection:
            for statement in statements:
                connection.execute(statement)

    do([record, belongs, user])
    yield lambda: do(gone)
    do(gone)


def test_what_cannot_be_rebuilt_comes_back_from_a_backup(server, release, lost_knowledge):
    file, listing = server.folder / "backup.tar.gz", f"{server.url}/oai.xml?verb=ListIdentifiers&metadataPrefix=ivo_vor"
    alive = requests.get(listing).text.count("<oai:header>")
    before = {path.name: path.read_bytes() for path in ETC.iterdir() if path.is_file()}
    server.twomass("backup", file)
    lost_knowledge()
    said = server.twomass("restore", file).stdout
    assert "dc.resources: 1 rows" in said and "dc.sets: 1 rows" in said and "dc.users: 1 rows" in said
    assert f"published was {release.name}" in said and release.sha256[:12] in said
    with server.connect() as connection:
        assert connection.execute("SELECT remarks FROM dc.users WHERE username = 'anna'").fetchone() == ('a, "b"',)
    listed = requests.get(listing).text
    assert listed.count("<oai:header>") == alive > 15
    deleted = listed[:listed.index("ivo://org.example.twomass/old/q/gone")].rpartition("header")[2]
    assert 'status="deleted"' in deleted
    assert {path.name: path.read_bytes() for path in ETC.iterdir() if path.is_file()} == before
    assert "dc.resources: 0 rows" in server.twomass("restore", file).stdout


def test_a_backup_of_a_server_that_does_not_run_is_refused_in_a_sentence(server):
    environment = {**server.environment, "TWOMASS_STATE": str(server.folder / "nothing-here")}
    done = subprocess.run(server.command("backup", server.folder / "b.tar.gz"), env=environment, capture_output=True,
                          text=True)
    assert done.returncode == 1 and "start it with 'twomass serve'" in done.stderr and "Traceback" not in done.stderr
