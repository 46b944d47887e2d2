"""The role of users' queries, asked of PostgreSQL itself: what it may read, run and write."""

import psycopg
import pytest

from processing.publish import cluster

NOT_OF_POSTGRESQL = ("n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') "
                     "AND n.nspname NOT LIKE 'pg\\_temp%'")

PUBLISHED = {"twomass", "ivoa", "tap_schema"}


def rows(server, query):
    with server.connect() as connection:
        return connection.execute(query).fetchall()


def may(server, *what):
    """Names of relations outside PostgreSQL's own schemas for which the role has one of the privileges."""
    any_of = " OR ".join(f"has_table_privilege('untrusted', c.oid, '{one}')" for one in what)
    return {name for name, in rows(server, "SELECT n.nspname || '.' || c.relname FROM pg_class AS c "
            "JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') "
            f"AND has_schema_privilege('untrusted', n.oid, 'USAGE') AND {NOT_OF_POSTGRESQL} "
            f"AND ({any_of})")}  # fmt: skip


def test_it_reads_what_tap_lists_and_nothing_else(server, release):
    listed = {name for name, in rows(server, "SELECT table_name FROM tap_schema.tables")}
    readable = may(server, "SELECT")
    assert "twomass.psc" in readable and {name.partition(".")[0] for name in readable} <= PUBLISHED
    assert readable - listed <= {"ivoa.emptyobscore", "tap_schema.groups", "tap_schema.supportedmodels"}
    assert "tap_schema.tapjobs" not in readable


def test_it_writes_nothing_and_makes_nothing_that_stays(server, release):
    assert not may(server, "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    assert not rows(server, "SELECT nspname FROM pg_namespace WHERE has_schema_privilege('untrusted', oid, 'CREATE')")
    assert rows(server, "SELECT has_database_privilege('untrusted', 'gavo', 'CREATE')") == [(False,)]
    assert not rows(server, "SELECT oid::regclass FROM pg_class WHERE CASE WHEN relkind = 'S' THEN "
                            "has_sequence_privilege('untrusted', oid, 'USAGE, SELECT, UPDATE') END")
    assert not rows(server,
                    "SELECT srvname FROM pg_foreign_server WHERE has_server_privilege('untrusted', oid, 'USAGE')")


def test_it_is_nobody_else(server, release):
    assert rows(server, "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles "
                        "WHERE rolname = 'untrusted'") == [(False,) * 5]
    assert not rows(server, "SELECT roleid FROM pg_auth_members JOIN pg_roles ON member = pg_roles.oid "
                            "WHERE rolname = 'untrusted'")
    assert not rows(server, "SELECT proname FROM pg_proc WHERE prosecdef "
                            "AND has_function_privilege('untrusted', oid, 'EXECUTE')")


@pytest.mark.parametrize("statement", [
    "SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')", "SELECT pg_advisory_lock(2306114)",
    "SELECT pg_notify('a', 'b')",
    "SELECT pg_sleep(1)", "SELECT pg_terminate_backend(1)", "SELECT query_to_xml('SELECT 1', true, true, '')",
    "SELECT set_config('statement_timeout', '0', false)", "SELECT pg_read_file('/etc/passwd')", "SELECT pg_ls_dir('/')",
    "COPY twomass.psc TO PROGRAM 'true'", "COPY (SELECT 1) TO '/tmp/x'", "CREATE TABLE public.x (a integer)",
    "CREATE FUNCTION pg_temp.x() RETURNS integer LANGUAGE c AS 'x', 'y'", "SET temp_file_limit = -1",
    "SELECT * FROM dc.users", "SELECT * FROM pg_authid", "SELECT * FROM tap_schema.tapjobs",
    "DELETE FROM twomass.psc", "SELECT * FROM published.psc"])  # fmt: skip
def test_it_is_refused(server, release, statement):
    with cluster.connect(server.place, "untrusted", autocommit=True) as connection:
        connection.execute("SET statement_timeout = '5s'")
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedFunction)):
            connection.execute(statement)


def test_it_makes_temporary_tables_and_cancels_its_own_queries(server, release):
    """For uploads, and for jobs that are aborted."""
    with cluster.connect(server.place, "untrusted") as connection:
        connection.execute("CREATE TEMPORARY TABLE x (a integer)")
        assert connection.execute("SHOW temp_file_limit").fetchone() == ("10GB",)
        assert rows(server, "SELECT has_function_privilege('untrusted', 'pg_cancel_backend(integer)', 'EXECUTE')")[0][0]
