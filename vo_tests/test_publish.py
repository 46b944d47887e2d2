"""Publishing another release: all of the old one or all of the new one, whatever happens and whenever it is killed.

A publication takes seconds, so each test goes on from where the one before has left the server; the last leaves the
first release published, which the tests of the services expect.
"""

import hashlib
import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from mocpy import MOC

from processing.publish.exchange import LOCK_SECONDS
from processing.publish.publication import PUBLISHING
from processing.publish.store import COVERAGE_ORDER
from processing.publish.switch import LOCK
from processing.release import read_release
from vo_tests.small_release import make_small_release

COPYING = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'COPY release%psc%'"
INDEXING = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'CREATE INDEX ON release%psc%'"
SWITCHING = f"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = {LOCK} AND granted"
WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'twomass.psc'::regclass"

PATIENCE = 60.0


@pytest.fixture(scope="module")
def second(server):
    """Another release, with so many rows that loading it takes a moment."""
    folder = server.folder / "second"
    make_small_release(folder, "second", rows=400, copies=150)
    return read_release(folder)


@pytest.fixture(scope="module", autouse=True)
def the_first_release_at_the_end(server, release):
    yield
    server.twomass("publish", release.path)


def _served(server):
    """What everybody sees: rows of the tables, of ObsCore, and the content of an image."""
    import pyvo

    tap = pyvo.dal.TAPService(f"{server.url}/tap")
    tables = ("twomass.psc", "twomass.data", "twomass.scans", "twomass.atlas", "twomass.level1", "ivoa.obscore")
    return {table: int(tap.run_sync(f"SELECT COUNT(*) AS n FROM {table}")["n"][0]) for table in tables}


def _expected(release):
    rows = release.rows
    return {"twomass.psc": rows["psc"], "twomass.data": rows["psc"], "twomass.scans": rows["scans"],
            "twomass.atlas": rows["atlas"], "twomass.level1": rows["level1"], "ivoa.obscore": rows["atlas"]}


def _registered(server):
    """What DaCHS keeps besides the tables: row counts, columns in TAP_SCHEMA, files that may be fetched."""
    with server.connect() as connection:
        rows = dict(connection.execute("SELECT tablename, nrows FROM dc.tablemeta WHERE tablename LIKE 'twomass.%'"))
        columns = dict(connection.execute("SELECT table_name, count(*) FROM tap_schema.columns "
                                          "WHERE table_name LIKE 'twomass.%' GROUP BY table_name"))
        products = connection.execute("SELECT count(*) FROM dc.products WHERE mime = 'image/fits'").fetchone()[0]
        store = json.loads(connection.execute(
            "SELECT obj_description('published'::regnamespace)").fetchone()[0])["store"]
        paths = connection.execute("SELECT DISTINCT split_part(accesspath, '/', 2) FROM dc.products").fetchall()
    return {"rows": rows["twomass.psc"], "columns": columns["twomass.psc"], "products": products,
            "one store": paths == [(store,)]}


def _whole(server, *releases):
    """The name of the release that is served, after it has been seen to be all of that one."""
    served, registered = _served(server), _registered(server)
    for release in releases:
        if served == _expected(release):
            assert registered == {"rows": release.rows["psc"], "columns": 60, "products": release.rows["atlas"],
                                  "one store": True}
            return release.name
    pytest.fail(f"neither release is served whole: {served}")


def _kill_when(server, release, condition, delay):
    """Start publishing, kill it with -9 so long after the database shows ``condition``; whether that was seen."""
    process = subprocess.Popen(server.command("publish", release.path), env=server.environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    with server.connect() as connection:
        while process.poll() is None and time.monotonic() < deadline:
            if connection.execute(condition).fetchone():
                time.sleep(delay)
                process.send_signal(signal.SIGKILL)
                process.wait()
                return True
            time.sleep(0.005)
    process.kill()
    process.wait()
    return False


def _wait_for_quiet(server):
    """Until no transaction of a killed program is open any more."""
    deadline = time.monotonic() + PATIENCE
    with server.connect() as connection:
        while connection.execute(SWITCHING).fetchone() and time.monotonic() < deadline:
            time.sleep(0.05)


def test_killed_at_any_moment_the_old_or_the_new_release_is_whole_and_the_next_run_completes(server, release, second):
    assert _whole(server, release, second) == "first"
    moments = [(COPYING, 0.0), (COPYING, 0.2), (INDEXING, 0.0), *((SWITCHING, delay) for delay in (0, 0.1, 0.3, 0.6))]
    for condition, delay in moments:
        assert _kill_when(server, second, condition, delay), condition
        _wait_for_quiet(server)
        if _whole(server, release, second) == "second":
            server.twomass("publish", release.path)
    server.twomass("publish", second.path)
    assert _whole(server, release, second) == "second"


def test_nothing_of_the_killed_loads_is_left(server, second):
    now = _published(server)
    with server.connect() as connection:
        stores = {row[0] for row in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^release_'")}
    assert stores == {now["store"], now["previous"]}
    folders = Path(server.environment["TWOMASS_STATE"], "gavo", "inputs", "releases").iterdir()
    assert {folder.name for folder in folders} == stores


def test_back_brings_the_release_before(server, release, second):
    server.twomass("publish", "--rollback")
    assert _whole(server, release, second) == "first"


def test_back_to_tables_of_another_version_is_refused(server, release, second):
    """As after an update: the release of before was loaded with other columns than the services have now."""
    previous = _published(server)["previous"]
    with server.connect() as connection:
        note = connection.execute("SELECT obj_description(to_regnamespace(%s))", (previous,)).fetchone()[0]
        other = json.dumps({key: value for key, value in json.loads(note).items() if key != "layout"})
        connection.execute(f"COMMENT ON SCHEMA {previous} IS '{other}'")
    try:
        done = server.twomass("publish", "--back", check=False)
    finally:
        with server.connect() as connection:
            connection.execute(f"COMMENT ON SCHEMA {previous} IS '{note}'")
    assert done.returncode == 1 and "publish it by its folder" in done.stderr
    assert _whole(server, release, second) == "first"


def test_queries_go_on_while_a_release_is_published(server, release, second):
    process = subprocess.Popen(server.command("publish", second.path), env=server.environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen = []
    while process.poll() is None:
        seen.append(_served(server)["twomass.psc"])
    assert process.wait() == 0
    assert set(seen) <= {release.rows["psc"], second.rows["psc"]} and release.rows["psc"] in seen
    assert seen == sorted(seen)


def test_the_images_and_the_coverage_follow_their_release(server, second):
    import requests

    file = sorted(name for name in second.files if name.startswith("atlas/"))[0]
    content = requests.get(f"{server.url}/getproduct/{file}").content
    assert hashlib.sha256(content).hexdigest() == second.files[file]["sha256"]
    with server.connect() as connection:
        found = connection.execute("SELECT spatial FROM dc.rdmeta WHERE sourcerd = 'twomass/q'").fetchone()[0]
    moc = MOC.from_fits(second.path / "coverage.fits")
    assert MOC.from_str(found) == moc.degrade_to_order(COVERAGE_ORDER)


def test_a_long_query_is_waited_for_and_not_cut_off(server, release, second):
    """The last test's release is exchanged for the first again; a session holds its tables for a while."""
    with server.connect() as reader, reader.transaction():
        reader.execute("SELECT count(*) FROM twomass.psc")
        process = subprocess.Popen(server.command("publish", release.path), env=server.environment,
                                   stdout=subprocess.PIPE, text=True)
        with server.connect() as watcher:
            while not watcher.execute(WAITING).fetchone():
                time.sleep(0.05)
        time.sleep(LOCK_SECONDS + 1)
        rows = reader.execute("SELECT count(*) FROM twomass.psc").fetchone()[0]
    assert rows == second.rows["psc"]
    assert "trying again" in process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 0
    assert _whole(server, release, second) == "first"


def test_publishing_again_what_is_published_changes_nothing(server, release):
    before = _published(server)
    server.twomass("publish", release.path)
    assert _published(server) == before


def test_a_changed_file_is_refused_by_name_and_the_old_release_stays(server, release):
    spoilt = server.folder / "spoilt"
    shutil.copytree(release.path, spoilt)
    with open(spoilt / "scans.parquet", "r+b") as file:
        file.seek(100)
        file.write(b"?")
    done = server.twomass("publish", spoilt, check=False)
    assert done.returncode == 1
    assert "scans.parquet" in done.stderr and "Traceback" not in done.stderr
    assert _whole(server, release) == "first"


@pytest.mark.parametrize("words,expected", [
    (["no-such-folder"], "no such release folder"), ([], "RELEASE or --rollback"), (["/etc"], "not a release folder")])
def test_what_is_not_a_release_is_refused_in_a_sentence(server, release, words, expected):
    done = server.twomass("publish", *words, check=False)
    assert done.returncode == 1
    assert expected in done.stderr and "Traceback" not in done.stderr


def test_without_a_running_database_the_user_is_told_to_start_it(server, release):
    environment = {**server.environment, "TWOMASS_STATE": str(server.folder / "nothing-here")}
    done = subprocess.run(server.command("publish", release.path), env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "start it with 'twomass serve'" in done.stderr and "Traceback" not in done.stderr


def test_two_at_a_time_are_refused(server, release):
    with server.connect() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (PUBLISHING,))
        done = server.twomass("publish", release.path, check=False)
    assert done.returncode == 1 and "another 'twomass publish' is running" in done.stderr


def _published(server):
    with server.connect() as connection:
        return json.loads(connection.execute("SELECT obj_description('published'::regnamespace)").fetchone()[0])
