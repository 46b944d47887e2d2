"""What the role ``untrusted``, as which queries of users run, may do in the database: read what is published.

DaCHS lets it read its tables and make temporary ones, for uploads. PostgreSQL lets everybody do a few things more, out
of reach of ADQL, but one mistake in a translation away: those are taken back here, at every start of the server.
"""

from processing.answer.limits import limits
from processing.publish.cluster import connect

ROLE = "untrusted"
OWN = ("gavoadmin", "gavo")
"""The server's other roles, which keep what everybody loses."""

TAKEN = ("proname LIKE 'lo\\_%' OR proname LIKE 'pg\\_%advisory%' OR proname LIKE '%\\_to\\_xml%' "
         "OR proname IN ('loread', 'lowrite', 'pg_notify', 'pg_sleep', 'pg_sleep_for', 'pg_sleep_until', "
         "'pg_terminate_backend', 'pg_read_file_old', 'pg_export_snapshot', 'set_config')")  # fmt: skip
"""Functions of pg_catalog: large objects, locks that others wait for, SQL in a text, signals, settings."""

TEMPORARY = "10GB"
"""Of files for sorting and joining, for each query; a query that needs more fails instead of filling the disk."""

CONNECTIONS = 80
"""Of the 150 of etc/postgresql.conf; the others are for the server's own work and for operators."""


def bound_query_role(place):
    """Take from the role, and from everybody, what its queries do not need."""
    with connect(place) as connection:
        if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [ROLE]).fetchall():
            return
        for function, in connection.execute(f"SELECT oid::regprocedure::text FROM pg_proc WHERE {_of_everybody()}"):
            connection.execute(f"REVOKE EXECUTE ON FUNCTION pg_catalog.{function} FROM PUBLIC")
            connection.execute(f"GRANT EXECUTE ON FUNCTION pg_catalog.{function} TO {', '.join(OWN)}")
        for database in ("postgres", "template1"):
            connection.execute(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
        connection.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT {CONNECTIONS}")
        connection.execute(f"ALTER ROLE {ROLE} SET temp_file_limit = '{TEMPORARY}'")
        connection.execute(f"ALTER ROLE {ROLE} SET statement_timeout = '{limits().time.job_longest:.0f}s'")
        connection.execute(f"ALTER ROLE {ROLE} SET idle_in_transaction_session_timeout = '10min'")


def _of_everybody():
    return (f"({TAKEN}) AND pronamespace = 'pg_catalog'::regnamespace "
            f"AND has_function_privilege('{ROLE}', oid, 'EXECUTE')")
