"""What our own writers make of an answer is what DaCHS makes of it, cell by cell; and it comes as a stream."""

import contextlib
import io
import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits, votable
from astropy.table import Table
from pyvo.dal import DALQueryError

from processing.publish.processes import wait_until
from processing.publish.site import identity
from vo_tests.compare import rows_by

KEYS = ("votableb2", "votable", "votabletd", "csv", "csv_bare", "parquet", "fits")
TABLES = {"twomass.psc": "pts_key", "twomass.xsc": "ext_key", "twomass.scans": "scan_key",
          "tap_schema.tables": "table_name", "tap_schema.columns": "table_name, column_index, column_name"}

NUMBERS = [("s", "smallint", "-9"), ("i", "integer", "-99"), ("l", "bigint", "-999"), ("f", "real", None),
           ("d", "double precision", None)]  # fmt: skip
NUMBER_ROWS = """SELECT * FROM (VALUES
    (1::int2, 2::int4, 3::int8, 1.5::float4, 2.25::float8), (32767, 2147483647, 9223372036854775807, '-0', '-0'),
    (-32768, -2147483648, -9223372036854775808, 'inf', '-inf'), (0, 0, 0, 'nan', 'nan'),
    (NULL, NULL, NULL, NULL, NULL), (-1, -1, -1, 3.4028235e38, 1.7976931348623157e308),
    (5, 5, 5, 1e-45, 5e-324), (7, 7, 7, 1e7, 1e15), (8, 8, 8, 0.1, 0.1), (9, 9, 9, 16777216, 1e16)) AS numbers"""

TEXTS = [("t", "text", None), ("three", "char(3)", None), ("u", "unicode", None), ("short", "text", None)]
TEXT_ROWS = """SELECT * FROM (VALUES
    ('plain', 'abc', 'plain', 'x'), ('', '', '', ''), (NULL, NULL, NULL, NULL), ('Krämer, "J"', 'äöü', 'Krämer 星', 'é'),
    ('it''s <b> & ]]>', 'a', E'tab\\tline\\n', ' lead'), (E'back\\\\slash''"', 'abcd', ' ', E'\\u200b'),
    (repeat('long ', 300000), 'a b', repeat('ü', 300000), repeat('z', 1000))) AS texts"""


def cases():
    """All answers that are written by both: a name, a format and what is asked of both_writers.py."""
    designations = "SELECT ra, designation, j_m FROM twomass.psc ORDER BY pts_key"
    asked = {f"all of {table}": {"adql": f"SELECT * FROM {table} ORDER BY {order}"} for table, order in TABLES.items()}
    asked |= {f"cut at {maxrec}": {"adql": designations, "maxrec": maxrec} for maxrec in (0, 1, 7)}
    asked["no rows"] = {"adql": "SELECT * FROM twomass.psc WHERE ra < -1"}
    asked["numbers"] = {"sql": NUMBER_ROWS, "columns": NUMBERS}
    asked["texts"] = {"sql": TEXT_ROWS, "columns": TEXTS}
    asked["truth"] = {"sql": "SELECT * FROM (VALUES (true), (false)) AS truth", "columns": [("b", "boolean", None)]}
    for name, query in asked.items():
        for key in KEYS:
            yield name, key, query
    unknown = {"sql": "SELECT NULL::bool AS b", "columns": [("b", "boolean", None)]}
    cast = {"sql": "SELECT 1::int8 AS a, 2.5::numeric AS b, 1e10::float8 AS c, 3::int2 AS d", "columns": [
        ("a", "integer", None), ("b", "double precision", None), ("c", "real", None), ("d", "bigint", None)]}
    for key in ("votableb2", "votable", "parquet"):
        yield "unknown truth", key, unknown
        yield "cast", key, cast
    for key in ("csv", "votabletd"):
        yield "digits", key, {"sql": f"SELECT x::float4 FROM unnest(ARRAY[{some_floats()}]) AS x",
                              "columns": [("x", "real", None)]}
    for number, query in enumerate(LEFT):
        yield f"left {number}", "votableb2", query
    yield "late", "votableb2", LATE
    for key in ("votableb2", "votabletd", "csv"):
        yield "error", key, {"sql": "SELECT 7 / (90000 - n) AS a FROM generate_series(1, 100000) AS n",
                             "columns": [("a", "integer", "-1")]}


OF_HEADER = "1\\.5|arraysize=.1. deprecated"
"""What STILTS 3.4 says of the header, which is DaCHS's: it does not know VOTable 1.5."""

LATE = {"sql": "SELECT count(*) AS n FROM generate_series(1, 20000) AS a, generate_series(1, 20000) AS b",
        "columns": [("n", "integer", "-1")], "settings": [["statement_timeout", "300 ms"]]}
"""The database is at this for some seconds or more, on any machine."""

LEFT = ({"adql": "SELECT s_region FROM ivoa.obscore"}, {"adql": "SELECT accref FROM twomass.atlas"},
        {"sql": "SELECT ARRAY[1, 2] AS a", "columns": [("a", "integer[2]", None)]},
        {"sql": "SELECT now()::timestamp AS t", "columns": [("t", "timestamp", None)]},
        {"sql": "SELECT 'x'::text AS t", "columns": [("t", "integer", None)]})
"""What is not covered: geometries, links made of file names, arrays, times, types that do not fit."""


def some_floats():
    values = np.random.default_rng(4).integers(0, 1 << 32, 20000, dtype=np.uint32).view(np.float32)
    return ", ".join(f"'{value}'" for value in values[np.isfinite(values)])


@pytest.fixture(scope="module")
def both(server, release):
    """How each case went, by name and key, and the folder with its files."""
    folder = server.folder / "both"
    folder.mkdir()
    folder.chmod(0o777)
    program = Path(__file__).with_name("both_writers.py").read_text()
    asked = [{"name": f"{name}.{key}", "key": key, **query} for name, key, query in cases()]
    done = subprocess.run(["/usr/bin/python3", "-c", program, str(folder)], cwd=folder, input=json.dumps(asked),
                          env=server.place.environment, capture_output=True, text=True, **identity(server.place))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), folder


def compared(path):
    """What of a file has to be equal: all bytes, but when it was written and blanks at the end of a text of FITS."""
    if ".parquet" in path.name:
        table = pq.read_table(path)
        return undated(repr(table.schema.metadata).encode()), table.schema.types, json.dumps(table.to_pylist())
    if ".fits" in path.name:
        with fits.open(path) as file:
            columns = [file[1].data[name] for name in file[1].data.names]
            return path.read_bytes()[:file[1].fileinfo()["datLoc"]], [
                np.char.rstrip(column).tolist() if column.dtype.kind == "U" else column.tobytes() for column in columns]
    return undated(path.read_bytes())


def undated(data):
    return re.sub(rb'"request_date" ucd="time.creation" value="[^"]*"', b"", data)


ALIKE = [(name, key) for name, key, _ in cases() if not name.startswith(("left", "error", "late"))]


@pytest.mark.parametrize("name,key", ALIKE)
def test_an_answer_is_byte_for_byte_what_dachs_writes(both, name, key):
    went, folder = both
    assert went[f"{name}.{key}"] == ["", ""]
    ours, stock = (folder / f"{name}.{key}.{how}" for how in ("ours", "stock"))
    assert compared(ours) == compared(stock)


def test_what_dachs_changes_on_its_way_is_left_to_it(both):
    for number in range(len(LEFT)):
        assert both[0][f"left {number}.votableb2"][0].startswith("NotCovered: "), LEFT[number]


@pytest.mark.parametrize("key", ["votableb2", "votabletd"])
def test_an_error_amid_the_rows_ends_a_votable_properly_and_is_told_behind_it(both, key):
    went, folder = both
    assert went[f"error.{key}"][0] == ""
    read = votable.parse(folder / f"error.{key}.ours")
    assert len(read.get_first_table().array) > 80000
    told = [info for info in read.resources[0].infos if info.name == "QUERY_STATUS"]
    assert told[-1].value == "ERROR" and "division by zero" in told[-1].content


def test_an_error_amid_the_rows_of_a_csv_is_raised(both):
    assert both[0]["error.csv"][0].startswith("DivisionByZero: division by zero")


def test_an_error_before_the_first_row_is_raised_and_a_wait_for_the_database_is_bounded(both):
    went, folder = both
    assert went["late.votableb2"][0].startswith("QueryCanceled: canceling statement due to statement timeout")
    assert not (folder / "late.votableb2.ours").stat().st_size


# ---- through the server

def test_a_bulk_answer_has_the_rows_of_the_release(tap, release):
    names = [name for name in release.read("psc").column_names]
    query = f"""SELECT {', '.join('"date"' if name == "date" else name for name in names)} FROM twomass.psc"""
    for form in ("votable/b2", "votable", "votable/td"):
        found = tap.run_sync(query, format=form, maxrec=100000).to_table()
        assert rows_by("pts_key", found, names) == rows_by("pts_key", release.read("psc"), names)


def fetched(url, **asked):
    """The body of an answer."""
    data = urllib.parse.urlencode({"MAXREC": 100000, **asked}).encode() if asked else None
    with urllib.request.urlopen(url, data) as answer:
        return answer.read()


@contextlib.contextmanager
def asking(server, query, form):
    """A connection to the server that has asked and reads nothing."""
    body = urllib.parse.urlencode({"LANG": "ADQL", "MAXREC": 20000000, "FORMAT": form, "QUERY": query})
    with socket.create_connection(("127.0.0.1", server.place.port)) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        link.sendall(f"POST /tap/sync HTTP/1.1\r\nHost: here\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        yield link


def busy(server):
    """How many of the database's backends work on something for the query services."""
    with server.connect() as connection:
        return connection.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'untrusted' "
                                  "AND state <> 'idle'").fetchone()[0]


LARGE = "SELECT a.*, b.pts_key AS other, c.scan_key FROM twomass.psc AS a, twomass.psc AS b, twomass.scans AS c"
"""Millions of rows, whatever release is published."""


@pytest.mark.parametrize("form", ["votable/b2", "csv", "parquet", "fits"])
def test_a_client_that_hangs_up_leaves_no_query_behind(server, release, form):
    with asking(server, LARGE, form) as link:
        if form != "fits":
            assert link.recv(1000).startswith(b"HTTP/1.1 200")
        assert wait_until(lambda: busy(server) == 1, 10)
    assert wait_until(lambda: busy(server) == 0, 10)


def test_a_slow_client_holds_neither_memory_nor_threads(server, release):
    before = resident(server)
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(asking(server, LARGE, "votable/b2")) for _ in range(6)]
        for link in links:
            assert link.recv(1000).startswith(b"HTTP/1.1 200")
        time.sleep(3)
        assert resident(server) - before < 60e6
        assert server.twomass("status").returncode == 0
        small = subprocess.run(["curl", "-sS", "-m", "5", f"{server.url}/tap/sync", "-d", "LANG=ADQL", "-d",
                                "QUERY=SELECT TOP 1 ra FROM twomass.psc"], capture_output=True, text=True)
        assert "VOTABLE" in small.stdout, small.stderr
    assert wait_until(lambda: busy(server) == 0, 10)


def resident(server):
    """Bytes of memory that the server's process has."""
    number = int((server.place.run / "dachs.pid").read_text())
    lines = Path(f"/proc/{number}/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def test_an_answer_of_any_size_needs_no_more_memory(server, release):
    size, before = 0, resident(server)
    with asking(server, LARGE, "votable/b2") as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        while size < 150e6 and (data := link.recv(1 << 20)):
            size += len(data)
            most = resident(server) if size % 7 == 0 else 0
            assert most - before < 60e6
    assert size >= 150e6


def test_a_job_writes_the_same_rows_as_a_query(server, tap):
    query = "SELECT * FROM twomass.scans ORDER BY scan_key"
    for form in ("fits", "csv"):
        job = tap.submit_job(query, format=form)
        job.run().wait(timeout=60)
        job.raise_if_error()
        assert fetched(job.result_uri) == fetched(f"{server.url}/tap/sync", LANG="ADQL", QUERY=query, FORMAT=form)
        job.delete()


def test_what_fails_at_once_has_the_status_of_an_error(server, release):
    with pytest.raises(urllib.error.HTTPError) as raised:
        fetched(f"{server.url}/tap/sync", LANG="ADQL", FORMAT="votable/b2",
                QUERY="SELECT 1 / (pts_key - pts_key) AS x FROM twomass.psc")
    assert b"division by zero" in raised.value.read()


def test_a_job_that_fails_amid_the_rows_has_failed(tap, release):
    last = max(release.read("psc")["pts_key"].to_pylist())
    job = tap.submit_job(f"""SELECT a.*, 1 / (a.pts_key - {last}) AS x FROM (
        SELECT TOP 100000 p.* FROM twomass.psc AS p, twomass.scans AS b ORDER BY p.pts_key) AS a""", maxrec=100000)
    job.run().wait(timeout=60)
    with pytest.raises(DALQueryError, match="division by zero"):
        job.raise_if_error()
    job.delete()


def test_stilts_finds_nothing_wrong_with_a_bulk_answer(server, release):
    for form in ("votable/b2", "votable", "votable/td"):
        answer = fetched(f"{server.url}/tap/sync", LANG="ADQL", FORMAT=form, QUERY="SELECT * FROM twomass.psc")
        lint = subprocess.run(["stilts", "votlint", "votable=-"], input=answer, capture_output=True)
        lines = (lint.stdout + lint.stderr).decode().splitlines()
        said = [line for line in lines if line.startswith(("ERROR", "WARN")) and not re.search(OF_HEADER, line)]
        assert lint.returncode == 0 and not said
        assert len(Table.read(io.BytesIO(answer), format="votable")) == release.rows["psc"]
