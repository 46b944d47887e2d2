"""A release of which another PostgreSQL holds a share: a second cluster on this machine stands for another machine."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from processing.errors import SurveyError
from processing.publish import cluster, partitions
from processing.publish.homes import homes_of, introduce
from processing.publish.publication import publish, published
from processing.publish.site import ETC, Site, prepare
from processing.publish.store import drop, stores
from processing.release import read_release
from vo_tests.small_release import make_small_release
from vo_tests.store_file import store_file

CONE = "SELECT pts_key, ra, dec, designation, j_m FROM twomass.psc WHERE DISTANCE(ra, dec, {ra}, {dec}) < 0.02"


@pytest.fixture(scope="module")
def other():
    """The second cluster, prepared as etc/other-server.sql says."""
    folder = Path(tempfile.mkdtemp(prefix="twomass-other-"))
    folder.chmod(0o755)
    place = Site(folder / "state", 1)
    try:
        prepare(place)
        cluster.start(place)
        _prepare_database(place)
        yield place
    finally:
        cluster.stop(place)
        shutil.rmtree(folder)


def _prepare_database(place):
    subprocess.run(["psql", "--quiet", "-d", place.dsn(), "-v", "role=gavoadmin", "-f", ETC / "other-server.sql"],
                   check=True, capture_output=True)


@pytest.fixture(scope="module")
def shared(server, release, other, tmp_path_factory):
    """The name of a published store whose second half is on the other server; the release before comes back after."""
    folder = tmp_path_factory.mktemp("shared")
    make_small_release(folder / "shared", "shared")
    with pytest.MonkeyPatch.context() as monkeypatch:
        others = [other.dsn("gavoadmin")]
        file = store_file(folder / "store.yaml", others, from_rows=600, rows=100, most=4)
        monkeypatch.setattr(partitions, "STORE_FILE", file)
        publish(server.place, read_release(folder / "shared"))
    with server.connect() as connection:
        store = published(connection)["store"]
    yield store
    server.twomass("publish", release.path)
    make_small_release(folder / "next", "next", rows=50)  # so that the shared one is the one before no longer
    server.twomass("publish", folder / "next")
    server.twomass("publish", release.path)
    with cluster.connect(other) as connection:
        assert connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^release'").fetchone() == (0,)
    with server.connect() as connection:
        assert connection.execute("SELECT count(*) FROM pg_foreign_server").fetchone() == (0,)


def _places(server, store, part):
    with server.connect() as connection:
        return connection.execute(f"SELECT ra, dec FROM {store}.psc_p{part:02d} ORDER BY pts_key OFFSET 60 LIMIT 3"
                                  ).fetchall()


def test_half_of_the_partitions_are_there(server, other, shared):
    with server.connect() as here, cluster.connect(other) as there:
        kinds = [row[0] for row in here.execute("SELECT relkind FROM pg_class JOIN pg_inherits ON oid = inhrelid "
                                                "WHERE inhparent = %s::regclass ORDER BY relname", (f"{shared}.psc",))]
        counts = [there.execute(f"SELECT count(*) FROM {shared}.psc_p{part:02d}").fetchone()[0] for part in (2, 3)]
    assert kinds == ["r", "r", "f", "f"] and min(counts) > 150


@pytest.mark.parametrize("part", [0, 3])
def test_a_cone_through_tap_is_answered_from_where_the_rows_are(server, tap, shared, release, part):
    """The rows are those of the release in one piece, which was published before and is kept."""
    with server.connect() as connection:
        whole = published(connection)["previous"]
        for ra, dec in _places(server, shared, part):
            found = tap.run_sync(CONE.format(ra=ra, dec=dec)).to_table()
            rows = connection.execute(f"SELECT pts_key, ra, dec, designation, j_m FROM {whole}.psc "
                                      "WHERE q3c_join(%s, %s, ra, dec, 0.02)", (ra, dec)).fetchall()
            assert len(rows) and {(r["pts_key"], r["ra"], r["dec"], r["designation"]) for r in found} == {
                row[:4] for row in rows}


def test_the_other_server_gets_the_condition_and_this_one_is_not_asked(server, shared):
    ra, dec = _places(server, shared, 3)[0]
    with server.connect() as connection:
        plan = "\n".join(row[0] for row in connection.execute(
            f"EXPLAIN VERBOSE SELECT * FROM twomass.psc WHERE q3c_join({ra}, {dec}, ra, dec, 0.0001)"))
    remote = next(line for line in plan.splitlines() if "Remote SQL" in line)
    assert f"FROM {shared}.psc_p03 WHERE" in remote and "q3c_ang2ipix(ra, \"dec\") >=" in remote
    assert "psc_p00" not in plan and "psc_p02" not in plan


def test_an_uploaded_table_is_joined_by_the_index_there(server, shared):
    ra, dec = _places(server, shared, 3)[0]
    with server.connect() as connection:
        connection.execute(f"CREATE TEMPORARY TABLE mine AS SELECT {ra}::float8 AS u, {dec}::float8 AS v")
        connection.execute("SET enable_seqscan = off")
        plan = "\n".join(row[0] for row in connection.execute(
            "EXPLAIN VERBOSE SELECT * FROM mine, twomass.psc WHERE q3c_join(u, v, ra, dec, 0.0001)"))
        found = connection.execute("SELECT count(*) FROM mine, twomass.psc WHERE q3c_join(u, v, ra, dec, 0.0001)")
        assert found.fetchone() == (1,)
    assert "Remote SQL" in plan and "q3c_ang2ipix" in plan.split("Remote SQL", 1)[1]


def test_the_counts_are_those_of_the_release(tap, server, shared):
    with server.connect() as connection:
        rows = stores(connection)[shared]["rows"]["psc"]
    assert tap.run_sync("SELECT COUNT(*) AS n FROM twomass.psc")["n"][0] == rows
    key = tap.run_sync("SELECT MAX(pts_key) AS n FROM twomass.psc")["n"][0]
    assert len(tap.run_sync(f"SELECT * FROM twomass.psc WHERE pts_key = {key}")) == 1


def test_the_role_of_the_queries_does_not_reach_the_other_server_by_itself(server, shared):
    import psycopg

    with cluster.connect(server.place, "untrusted", autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM twomass.psc WHERE pts_key < 0").fetchone() is not None
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"SELECT 1 FROM {shared}.psc_p03 LIMIT 1")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"CREATE FOREIGN TABLE pg_temp.t (a int) SERVER {shared}_s0")


def test_a_server_that_is_not_prepared_or_not_there_is_told_in_a_sentence(server, other, shared, monkeypatch, tmp_path):
    store = "release_trial_0123456789ab"
    with cluster.connect(other, autocommit=True) as there:
        there.execute("CREATE SCHEMA release_trial_0123456789ab AUTHORIZATION gavoadmin")
    with server.connect() as connection:
        for dsn, message in ((other.dsn(database="postgres"), "run etc/other-server.sql there"),
                             (other.dsn("gavoadmin"), "of which this site does not know"),
                             ("host=/nowhere dbname=x", "does not answer")):
            monkeypatch.setattr(partitions, "STORE_FILE", store_file(tmp_path / "store.yaml", [dsn]))
            with pytest.raises(SurveyError, match=message):
                with connection.transaction():
                    introduce(connection, store, homes_of("", store, 2))
            partitions._read.cache_clear()
        drop(connection, store)
    with cluster.connect(other, autocommit=True) as there:
        there.execute("DROP SCHEMA release_trial_0123456789ab")


def test_a_store_on_a_server_that_is_gone_is_not_forgotten_silently(server, shared):
    """A foreign server of which nobody has the rows any more; what to do about it is told."""
    with server.connect() as connection:
        connection.execute("CREATE SERVER release_gone_0123456789ab_s0 FOREIGN DATA WRAPPER postgres_fdw "
                           "OPTIONS (host '/nowhere')")
        connection.execute("CREATE USER MAPPING FOR PUBLIC SERVER release_gone_0123456789ab_s0")
        with pytest.raises(SurveyError, match="DROP SERVER release_gone_0123456789ab_s0 CASCADE"):
            drop(connection, "release_gone_0123456789ab")
        connection.execute("DROP SERVER release_gone_0123456789ab_s0 CASCADE")
