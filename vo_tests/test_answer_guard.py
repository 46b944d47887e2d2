"""What brings a stock DaCHS down does not bring this one down: restarts of its database, clients that leave."""

import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlencode

import pytest
import requests

from processing.answer.limits import limits
from processing.publish import cluster
from processing.publish import server as web
from processing.publish.processes import wait_until

COUNT = "SELECT COUNT(*) AS n FROM twomass.psc"
SLOW = "SELECT COUNT(*) AS n FROM " + ", ".join(f"twomass.psc AS {name}" for name in "abcd")
ACTIVE = ("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend' "
          "AND usename <> 'postgres'")  # fmt: skip


def ask(server, query, **more):
    form = {"LANG": "ADQL", "QUERY": query, "FORMAT": "csv", **more}
    return requests.post(f"{server.url}/tap/sync", form, timeout=60)


def send_and_leave_open(server, query, header="Accept: */*"):
    client = socket.create_connection(("127.0.0.1", server.place.port))
    words = urlencode({"LANG": "ADQL", "QUERY": query})
    client.sendall(f"GET /tap/sync?{words} HTTP/1.0\r\n{header}\r\n\r\n".encode())
    return client


def value(server, query):
    with server.connect() as connection:
        return connection.execute(query).fetchone()[0]


def test_a_restart_of_the_database_is_over_when_it_is_over(server, release):
    cone = f"{server.url}/twomass/q/cone/scs.xml?RA=0&DEC=0&SR=0.1"
    counted = ask(server, COUNT).text
    for _ in range(2):
        with ThreadPoolExecutor(16) as clients:
            list(clients.map(lambda n: ask(server, COUNT) if n % 2 else requests.get(cone), range(48)))
            meanwhile = [clients.submit(ask, server, COUNT) for _ in range(16)]
            cluster.stop(server.place)
            cluster.start(server.place)
            [asked.result() for asked in meanwhile]
            answers = list(clients.map(lambda n: ask(server, COUNT), range(32)))
            cones = list(clients.map(lambda n: requests.get(cone), range(16)))
        assert [answer.text for answer in answers] == [counted] * 32
        assert all(answer.ok and 'name="Error"' not in answer.text for answer in cones)
        assert requests.get(f"{server.url}/health").status_code == 200


def test_queries_of_clients_that_left_are_cancelled_and_stall_nothing(server, release):
    clients = [send_and_leave_open(server, SLOW) for _ in range(50)]
    assert wait_until(lambda: value(server, ACTIVE) >= 30, 20)
    for path in ("tap/availability", "health"):
        assert requests.get(f"{server.url}/{path}", timeout=10).status_code == 200
    for client in clients:
        client.close()
    assert wait_until(lambda: value(server, ACTIVE) == 0, 10)
    begin = time.monotonic()
    assert ask(server, COUNT).ok and time.monotonic() - begin < 10


def test_a_search_by_form_of_a_client_that_left_is_cancelled(server, release):
    """It waits for a lock here, since no form is slow on a small release."""
    waiting = ("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'gavo'")
    words = urlencode({"__nevow_form__": "genForm", "hscs_pos": "1 1", "hscs_sr": "5", "_FORMAT": "VOTable"})
    with server.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE twomass.psc")
        client = socket.create_connection(("127.0.0.1", server.place.port))
        client.sendall(f"GET /twomass/q/cone/form?{words} HTTP/1.0\r\n\r\n".encode())
        assert wait_until(lambda: value(server, waiting) == 1, 20)
        client.close()
        assert wait_until(lambda: value(server, waiting) == 0, 10)


def test_lost_jobs_are_ended_and_the_queue_goes_on_by_itself(server, release):
    """Nobody asks for anything here: the phases are read in the database."""
    made = requests.post(f"{server.url}/tap/async", {"LANG": "ADQL", "QUERY": COUNT}, allow_redirects=False)
    job = made.headers["location"].rpartition("/")[2]
    lost = ("INSERT INTO tap_schema.tapjobs (jobid, phase, pid, creationtime, starttime, destructiontime, "
            "executionduration, parameters) SELECT 'lost' || number, 'EXECUTING', number, past, past, "
            "past + interval '1 day', 20, parameters FROM tap_schema.tapjobs, "
            "(SELECT now() AT TIME ZONE 'utc' - interval '5 min' AS past) AS a, "
            "unnest(ARRAY[-1, 0, 4000000, 4000001]) AS number WHERE jobid = %s")  # fmt: skip
    phases = "SELECT phase FROM tap_schema.tapjobs WHERE jobid LIKE 'lost%'"
    with server.connect() as connection:
        connection.execute(lost, (job,))
        connection.execute("UPDATE tap_schema.tapjobs SET phase = 'QUEUED' WHERE jobid = %s", (job,))
        assert wait_until(lambda: {phase for phase, in connection.execute(phases)} == {"ERROR"}, 45)
        assert wait_until(lambda: value(server, f"SELECT phase FROM tap_schema.tapjobs WHERE jobid = '{job}'")
                          == "COMPLETED", 60)
        connection.execute("DELETE FROM tap_schema.tapjobs WHERE jobid LIKE 'lost%'")


def test_a_client_that_asks_too_much_gets_429_and_when_to_come_again(server, release):
    """Each test is another client to the server, by what a proxy would say."""
    me, other = {"X-Forwarded-For": "192.0.2.77"}, {"X-Forwarded-For": "192.0.2.78"}
    clients = [send_and_leave_open(server, SLOW, "X-Forwarded-For: 192.0.2.77") for _ in range(limits().client.queries)]
    assert wait_until(lambda: value(server, ACTIVE) == len(clients), 20)
    refused = requests.get(f"{server.url}/tap/sync", {"LANG": "ADQL", "QUERY": COUNT}, headers=me)
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
    assert 'value="ERROR"' in refused.text and "under way" in refused.text
    assert requests.get(f"{server.url}/tap/sync", {"LANG": "ADQL", "QUERY": COUNT}, headers=other).ok
    assert requests.get(f"{server.url}/tap/availability", headers=me).ok
    for client in clients:
        client.close()
    assert wait_until(lambda: requests.get(f"{server.url}/tap/sync", {"LANG": "ADQL", "QUERY": COUNT}, headers=me).ok,
                      10)


def test_a_body_without_a_length_is_not_kept_when_it_is_too_large(server, release):
    """Sent in chunks, more than TIMES of what is allowed: the server cuts it off, and keeps nothing on its disk."""
    piece = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", server.place.port)) as client:
        client.sendall(b"POST /tap/sync HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError):
            for _ in range(200):
                client.sendall(piece)


def test_an_upload_that_is_too_large_is_413(server, release):
    for size, status in ((limits().bytes.sync_upload + 1000, 413), (2 * limits().bytes.sync_upload, 413)):
        sent = requests.post(f"{server.url}/tap/sync", {"LANG": "ADQL", "QUERY": COUNT, "UPLOAD": "t,param:t"},
                             files={"t": b"x" * size})
        assert sent.status_code == status and str(limits().bytes.sync_upload) in sent.text


LEAKS = ("Traceback", "site-packages", "dist-packages", "psycopg2", "CURSOR", "LINE 1", "CONTEXT", "object has no",
         "[Errno",
         "uwsjobs", "0x7f")  # fmt: skip


@pytest.mark.parametrize("query, more, status, told", [
    ("SELECT nope FROM twomass.psc", {}, 400, "column 'nope' could not be located"),
    ("SELEC 1", {}, 400, "Expected SELECT"),
    ("SELECT ra FROM twomass.psc WHERE designation = 3", {}, 400, "operator does not exist: text = integer"),
    ("SELECT 1 / 0 AS x FROM twomass.psc", {}, 400, "division by zero"),
    ("SELECT MOC('x') AS x FROM twomass.psc", {}, 400, "Incorrect MOC syntax"),
    ("JUST HANG around", {}, 400, "Expected SELECT"),
    ("MESSILY CRASH", {}, 400, "Expected SELECT"),
    ("SELECT " + "(" * 200 + "1" + ")" * 200 + " AS x FROM twomass.psc", {}, 400, "parentheses"),
    ("SELECT ra FROM twomass.psc WHERE " + " OR ".join(["j_m > 1"] * 2000), {}, 400, "at most"),
    ("SELECT ra FROM tap_upload.t", {"UPLOAD": "t,param:nope"}, 400, "No inline upload"),
    ("SELECT ra FROM tap_upload.t", {"UPLOAD": "t,file:///etc/passwd"}, 400, "expected param"),
    ("SELECT ra FROM tap_upload.t", {"UPLOAD": "t,http://127.0.0.1:1/x"}, 400, "not a public address"),
    ("SELECT ra FROM tap_upload.t", {"UPLOAD": "t,http://localhost/x"}, 400, "not a public address"),
    ("SELECT ra FROM tap_upload.t", {"UPLOAD": "t,ftp://192.0.2.1/x"}, 400, "expected param"),
    (COUNT, {"FORMAT": "nope"}, 400, "nope"), (COUNT, {"MAXREC": "x"}, 400, "maxrec"),
    (COUNT, {"LANG": "PQL"}, 400, "language")])  # fmt: skip
def test_errors_are_sentences_and_say_nothing_of_what_is_inside(server, release, query, more, status, told):
    answer = ask(server, query, **more)
    assert answer.status_code == status and 'value="ERROR"' in answer.text and told in answer.text
    assert not [word for word in (*LEAKS, str(server.folder)) if word in answer.text]


def test_an_error_of_a_job_is_a_sentence_too(server, release):
    job = requests.post(f"{server.url}/tap/async", {"LANG": "ADQL", "QUERY": "SELECT ra FROM twomass.psc WHERE "
                                                    "designation = 3"}, allow_redirects=False).headers["location"]
    requests.post(f"{job}/phase", {"PHASE": "RUN"})
    assert wait_until(lambda: requests.get(f"{job}/phase").text == "ERROR", 60)
    for told in (requests.get(job).text, requests.get(f"{job}/error").text):
        assert "operator does not exist" in told and not [word for word in LEAKS if word in told]


def test_a_cone_and_a_page_do_not_leak_either(server, release):
    cone = requests.get(f"{server.url}/twomass/q/cone/scs.xml?RA=1&DEC=1&SR=1&_DBOPTIONS_ORDER=nope")
    page = requests.get(f"{server.url}/twomass/q/links/dlmeta", {"ID": "nope"})
    for answer in (cone, page):
        assert answer.status_code < 500 and not [word for word in LEAKS if word in answer.text]


def test_a_cutout_of_nan_or_of_two_images_is_an_error(server, release):
    found = ask(server, "SELECT TOP 2 obs_publisher_did FROM ivoa.obscore").text.split()[1:]
    for more in ({"CIRCLE": "NaN NaN 0.01"}, {"CIRCLE": "1 2 nan"}, {"POLYGON": " ".join(["NaN"] * 6)}):
        answer = requests.get(f"{server.url}/twomass/q/image_links/dlget", {"ID": found[0], **more})
        assert answer.status_code == 422 and answer.text.startswith("UsageError") and "NaN" in answer.text
    answer = requests.get(f"{server.url}/twomass/q/image_links/dlget", {"ID": found})
    assert answer.status_code == 422 and answer.text.startswith("MultiValuedParamNotSupported")


def test_nobody_sets_how_much_or_how_long_beyond_the_limits(server, release):
    job = requests.post(f"{server.url}/tap/async", {"LANG": "ADQL", "QUERY": COUNT},
                        allow_redirects=False).headers["location"]
    for asked, got in (("1e9", limits().time.job_longest), ("nan", limits().time.job_longest), ("77", 77)):
        requests.post(f"{job}/executionduration", {"EXECUTIONDURATION": asked})
        assert float(requests.get(f"{job}/executionduration").text) == got
    requests.post(f"{job}/destruction", {"DESTRUCTION": "2999-01-01T00:00:00Z"})
    assert requests.get(f"{job}/destruction").text < "2100"
    requests.delete(job)


def test_more_jobs_than_may_wait_are_429(server, release):
    many = ("INSERT INTO tap_schema.tapjobs (jobid, phase, creationtime, destructiontime) "
            "SELECT 'many' || n, 'PENDING', "
            f"now(), now() + interval '1 day' FROM generate_series(1, {limits().work.jobs_waiting}) AS n")
    with server.connect() as connection:
        connection.execute(many)
        try:
            refused = requests.post(f"{server.url}/tap/async", {"LANG": "ADQL", "QUERY": COUNT}, allow_redirects=False)
        finally:
            connection.execute("DELETE FROM tap_schema.tapjobs WHERE jobid LIKE 'many%'")
    assert refused.status_code == 429 and "retry-after" in refused.headers and "jobs wait" in refused.text


def test_the_capabilities_tell_the_limits(server, release):
    told = requests.get(f"{server.url}/tap/capabilities").text
    time, rows, sizes = limits().time, limits().rows, limits().bytes
    for name, default, hard in (("retentionPeriod", time.job_kept, time.job_kept_longest),
                                ("executionDuration", time.job, time.job_longest),
                                ("outputLimit", rows.tap, rows.tap_longest),
                                ("uploadLimit", sizes.sync_upload, sizes.upload)):
        part = told[told.index(f"<{name}>"):told.index(f"</{name}>")]
        assert part.index(f">{default}</default>") < part.index(f">{hard}</hard>")
    assert "upload-http" in told and "upload-ftp" not in told


def test_connections_of_uploads_are_closed_with_the_answer(server, release):
    table = ('<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE><FIELD name="n" '
             'datatype="int"/><DATA><TABLEDATA><TR><TD>1</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>')
    for query in ("SELECT n FROM tap_upload.t", "SELECT nope FROM tap_upload.t",
                  "SELECT 1 / (n - 1) AS x FROM tap_upload.t"):
        for _ in range(4):
            requests.post(f"{server.url}/tap/sync", {"LANG": "ADQL", "QUERY": query, "UPLOAD": "t,param:t"},
                          files={"t": ("t.xml", table.encode())})
    assert value(server, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'untrusted' "
                         "AND state LIKE 'idle in transaction%'") == 0


def test_a_second_server_over_the_same_database_answers_for_the_jobs_of_the_first(server, release):
    second = replace(server.place, worker=1)
    start = "from dataclasses import replace; from processing.publish import dachs, server, site; " \
            "second = replace(site.site(), worker=1); dachs.deploy(second); server.start(second)"
    subprocess.run([sys.executable, "-c", start], env=server.environment, check=True)
    try:
        counted = requests.post(f"{second.url}/tap/sync", {"LANG": "ADQL", "QUERY": COUNT, "FORMAT": "csv"})
        assert counted.text == ask(server, COUNT).text
        jobs = []
        for number in range(4):
            url = (server.url, second.url)[number % 2]
            made = requests.post(f"{url}/tap/async", {"LANG": "ADQL", "QUERY": COUNT}, allow_redirects=False)
            jobs.append(made.headers["location"].rpartition("/")[2])
            requests.post(f"{url}/tap/async/{jobs[-1]}/phase", {"PHASE": "RUN"})
        for job in jobs:
            for url in (server.url, second.url):
                assert wait_until(lambda: requests.get(f"{url}/tap/async/{job}/phase").text in ("COMPLETED", "ERROR"),
                                  90)
                assert requests.get(f"{url}/tap/async/{job}/results/result").ok
    finally:
        assert [worker.worker for worker in web.workers(server.place)] == [0, 1]
        web._stop(second)
    assert web.pid(server.place) and not web.pid(second)


def test_what_is_held_in_memory_has_an_end(server, release):
    most = limits().rows.services_longest
    rows = "SELECT 1 AS x FROM twomass.psc AS a, twomass.psc AS b"
    assert ask(server, rows, MAXREC=10 * most, FORMAT="txt").text.split() == ["1"] * most
    assert ask(server, rows, MAXREC=most + 10, FORMAT="csv").text.count("\n") == most + 11


def test_reading_an_upload_ends_with_the_time_of_a_query(server, release):
    """It may also be that a machine reads all of it in that time; then the answer is right."""
    rows = b"".join(b"<TR><TD>%d</TD></TR>" % n for n in range(600_000))
    table = (b'<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE><FIELD name="n" '
             b'datatype="int"/><DATA><TABLEDATA>' + rows + b"</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>")
    begin = time.monotonic()
    form = {"LANG": "ADQL", "QUERY": "SELECT COUNT(*) AS n FROM tap_upload.t", "UPLOAD": "t,param:t", "FORMAT": "csv"}
    answer = requests.post(f"{server.url}/tap/sync", form, files={"t": ("t.xml", table)}, timeout=120)
    assert "asynchronous jobs" in answer.text or answer.text.split() == ["n", "600000"]
    assert time.monotonic() - begin < 3 * limits().time.sync
