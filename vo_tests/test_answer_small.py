"""Small queries on our own roads: the same answers as on DaCHS's, which a parameter that nobody knows leads to."""

import json
import re
import socket
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from processing.publish import cluster
from processing.publish.processes import wait_until
from processing.publish.site import as_account

DACHS = {"NOBODY_KNOWS": "1"}

QUERIES = (
    "SELECT * FROM twomass.psc WHERE DISTANCE(ra, dec, {ra}, {dec}) < {r}",
    "SELECT * FROM twomass.psc WHERE 1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {ra}, {dec}, {r}))",
    "SELECT TOP 3 designation, j_m, j_m - k_m AS colour, 5 AS five FROM twomass.psc WHERE dec > {dec} ORDER BY pts_key",
    "SELECT p.designation, s.hemis FROM twomass.psc AS p JOIN twomass.scans AS s ON (p.scan_key = s.scan_key) "
    "WHERE DISTANCE(p.ra, p.dec, {ra}, {dec}) < {r} -- 5\n",
    "SELECT * FROM twomass.atlas WHERE 1 = INTERSECTS(s_region, CIRCLE('ICRS', {ra}, {dec}, {r}))",
    "SELECT count(*) AS n FROM twomass.psc WHERE designation <> '12 {ra}' AND ra > {ra}",
    "SELECT \"date\", ra FROM twomass.psc WHERE \"date\" LIKE '%-0{r}-%' OR ra < {ra} ORDER BY pts_key",
    "WITH near AS (SELECT * FROM twomass.psc WHERE DISTANCE(ra, dec, {ra}, {dec}) < {r}) SELECT designation FROM near",
)  # fmt: skip

WRONG = (
    "SELECT nothing FROM twomass.psc WHERE ra < {ra}", "SELECT ra FROM twomass.nowhere WHERE ra < {ra}",
    "SELECT ra FRM twomass.psc WHERE ra < {ra}", "SELECT 1 / (pts_key - pts_key) FROM twomass.psc WHERE ra <> {ra}",
    "SELECT ra FROM twomass.psc WHERE ra < {ra}; DROP TABLE twomass.psc", "SELECT ra FROM twomass.psc WHERE ra < '{ra}",
)  # fmt: skip

CASES = [*((query, named) for query in QUERIES for named in ("votable", "votable/td")),
         *((query, named) for query in QUERIES[:3] for named in ("votableb2", "csv", "json", "application/fits"))]


def get(server, path, **parameters):
    """Status, headers and body of what is at an address."""
    try:
        with urllib.request.urlopen(f"{server.url}{path}?{urllib.parse.urlencode(parameters)}") as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


def ask(server, adql, **parameters):
    return get(server, "/tap/sync", LANG="ADQL", QUERY=adql, **parameters)


def told(body):
    """An answer without what differs from request to request: its date, its address, names that DaCHS makes up."""
    for pattern in (rb'name="request_date"[^>]*value="[^"]*', rb'name="request" value="[^"]*', rb"\bnd[a-z]{8,}\b",
                    rb"DATE-HDU= '[^']*'", rb'name="queryPars" value="[^"]*'):  # fmt: skip
        body = re.sub(pattern, b"", body)
    return body


@pytest.fixture(scope="module")
def places(server, release):
    """Four places where there is something."""
    with server.connect() as connection:
        found = connection.execute("SELECT ra, dec FROM twomass.psc ORDER BY pts_key DESC LIMIT 4").fetchall()
    return [{"ra": round(ra, 5), "dec": round(dec, 5), "r": f"0.{n + 2}"} for n, (ra, dec) in enumerate(found)]


@pytest.mark.parametrize("query, named", CASES)
def test_answers_are_those_of_dachs_at_first_and_from_memory(server, places, query, named):
    for place in places:
        adql = query.format(**place)
        ours, theirs = (ask(server, adql, RESPONSEFORMAT=named, **more) for more in ({}, DACHS))
        assert ours[0] == theirs[0] == 200, ours[2]
        assert ours[1]["Content-Type"] == theirs[1]["Content-Type"]
        assert told(ours[2]) == told(theirs[2]), adql
        assert ours[1]["Content-Length"] and not theirs[1]["Content-Length"]  # it was our road


@pytest.mark.parametrize("query", WRONG)
def test_errors_are_those_of_dachs(server, places, query):
    for place in places[:3]:
        ours, theirs = (ask(server, query.format(**place), **more) for more in ({}, DACHS))
        assert ours[0] == theirs[0] and b'value="ERROR"' in ours[2]
        assert told(ours[2]) == told(theirs[2])


@pytest.mark.parametrize("parameters", [
    {"MAXREC": "2"}, {"MAXREC": "0"}, {"maxrec": "700"}, {"FORMAT": "text/xml"}, {"FORMAT": "csv", "MAXREC": "3"},
    {"RESPONSEFORMAT": "Application/X-VOTable+XML"}, {"RUNID": "mine"}, {"REQUEST": "doQuery"}])  # fmt: skip
def test_parameters_mean_what_they_mean_to_dachs(server, release, parameters):
    for adql in ("SELECT ra FROM twomass.psc ORDER BY pts_key", "SELECT TOP 2 ra FROM twomass.psc ORDER BY pts_key"):
        ours, theirs = (ask(server, adql, **parameters, **more) for more in ({}, DACHS))
        assert (ours[0], ours[1]["Content-Type"]) == (theirs[0], theirs[1]["Content-Type"])
        assert told(ours[2]) == told(theirs[2])
        assert ours[1]["Content-Length"]


@pytest.mark.parametrize("parameters", [
    {"MAXREC": "many"}, {"MAXREC": "-3"}, {"FORMAT": "nonsense"}, {"LANG": "SQL"}, {"REQUEST": "doSomething"},
    {"QUERY": ""}, {"VERSION": "0.1"}])  # fmt: skip
def test_what_is_wrong_with_parameters_is_told_by_dachs(server, release, parameters):
    given = {"LANG": "ADQL", "QUERY": "SELECT ra FROM twomass.psc", **parameters}
    ours, theirs = (get(server, "/tap/sync", **given, **more) for more in ({}, DACHS))
    assert (ours[0], told(ours[2])) == (theirs[0], theirs[2] and told(theirs[2]))


def test_long_answers_are_streamed_whole(server, release):
    adql = "SELECT a.*, b.ra AS other FROM twomass.psc AS a JOIN twomass.psc AS b ON (a.hemis = b.hemis) " \
           "WHERE b.pts_key < {} ORDER BY a.pts_key, b.pts_key"  # fmt: skip
    for number in (1_000_000_000, 2_000_000_000, 1_500_000_000):
        ours, theirs = (ask(server, adql.format(number), RESPONSEFORMAT="votableb2", MAXREC="4000", **more)
                        for more in ({}, DACHS))
        assert len(ours[2]) > 500_000 and not ours[1]["Content-Length"]
        assert told(ours[2]) == told(theirs[2]) and ours[2].count(b'value="OVERFLOW"') == 1


@pytest.mark.parametrize("service", ["cone", "galaxies"])
@pytest.mark.parametrize("parameters", [
    {}, {"VERB": "1"}, {"VERB": "3"}, {"MAXREC": "1"}, {"RESPONSEFORMAT": "votabletd"},
    {"RESPONSEFORMAT": "votable/b2"}, {"SR": "20", "VERB": "3"}, {"SR": "180", "MAXREC": "2"},
    {"RA": "0", "DEC": "-90"}, {"sr": "1e-5"}])  # fmt: skip
def test_cones_are_those_of_dachs(server, places, service, parameters):
    for place in places[:2]:
        given = {"RA": place["ra"], "DEC": place["dec"], **({} if "sr" in parameters else {"SR": "0.2"}), **parameters}
        ours, theirs = (get(server, f"/twomass/q/{service}/scs.xml", **given, **more) for more in ({}, DACHS))
        assert ours[0] == theirs[0] == 200
        assert told(ours[2]) == told(theirs[2])
        assert {name: ours[1][name] for name in ("Content-Type", "Content-Disposition")} == {
            name: theirs[1][name] for name in ("Content-Type", "Content-Disposition")}  # fmt: skip
        assert ours[1]["Content-Length"] and not theirs[1]["Content-Length"]


@pytest.mark.parametrize("parameters", [
    {"RA": "here"}, {"DEC": "95"}, {"SR": "NaN"}, {"SR": "-1"}, {"VERB": "7"}, {"MAXREC": "0"},
    {"RESPONSEFORMAT": "csv"}, {"RA": "inf"}, {"MAXREC": "1_0"}, {"j_m": "10 .. 12"}])  # fmt: skip
def test_other_cones_are_for_dachs(server, places, parameters):
    given = {"RA": places[0]["ra"], "DEC": places[0]["dec"], "SR": "0.2", **parameters}
    ours, theirs = (get(server, "/twomass/q/cone/scs.xml", **given, **more) for more in ({}, DACHS))
    assert (ours[0], told(ours[2])) == (theirs[0], told(theirs[2]))


def test_an_address_cannot_break_out_of_the_answer_that_names_it(server, places):
    path = f"/twomass/q/cone/scs.xml?RA={places[0]['ra']}&DEC={places[0]['dec']}&SR=0.2&MAXREC=1%3C%22"
    with socket.create_connection(("127.0.0.1", server.place.port)) as client:
        client.sendall(f"GET {path.replace('1%3C%22', '1')}&verb=3&\"<x>]]> HTTP/1.0\r\n\r\n".encode())
        answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
    assert b"<x>" not in answer


def test_sql_from_memory_is_that_of_dachs_and_goes_with_the_descriptors(server, release):
    script = Path(__file__).with_name("answer_shapes.py").read_text()
    done = as_account(["/usr/bin/python3", "-"], server.place, input=script)
    said = json.loads(done.stdout.strip().splitlines()[-1])
    assert said["wrong"] == []
    assert said["filled"] > 50 and said["kept"] > 100
    assert said["kept after SIGHUP"] == 0
    before, after = said["shapes before"], said["shapes of a new descriptor"]
    assert before[0] is after[0] is None and before[2] and after[2] and before[2] != after[2]


def test_after_a_restart_of_the_database_queries_go_on(server, places):
    adql = QUERIES[0].format(**places[0])
    before = told(ask(server, adql)[2])
    cluster.stop(server.place)
    cluster.start(server.place)
    for _ in range(4):
        status, _, body = ask(server, adql)
        assert status == 200 and told(body) == before


def test_a_query_is_cancelled_when_its_client_hangs_up(server, release):
    tables = ", ".join(f"tap_schema.columns AS t{i}" for i in range(6))
    words = urllib.parse.urlencode({"LANG": "ADQL", "QUERY": f"SELECT COUNT(*) AS n FROM {tables}"})
    with socket.create_connection(("127.0.0.1", server.place.port)) as client:
        client.sendall(f"GET /tap/sync?{words} HTTP/1.0\r\n\r\n".encode())
        assert wait_until(lambda: _running(server) == 1, 10)
    assert wait_until(lambda: _running(server) == 0, 5)
    assert ask(server, "SELECT TOP 1 ra FROM twomass.psc")[0] == 200


def _running(server):
    with server.connect() as connection:
        return connection.execute("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
                                  "AND usename = 'untrusted'").fetchone()[0]
