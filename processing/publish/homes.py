"""Where partitions live: in the site's own database, or on another PostgreSQL that it asks through postgres_fdw.

Of each of ``servers.others`` (etc/store.yaml) a store has a foreign server ``<store>_s<n>``; the partitions are in a
schema of the store's name there. Asked for rows of a region, the other server gets the condition on the numbers of the
sky (the option ``extensions 'q3c'`` says that it knows them, too) and answers from its index.
"""

from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql

from processing.errors import SurveyError
from processing.publish.partitions import bound_sql, store_settings

OWNER = "gavoadmin"
"""The role that DaCHS makes its tables with."""

SETTINGS = ("SET LOCAL maintenance_work_mem = '256MB'", "SET LOCAL max_parallel_maintenance_workers = 0",
            "SET client_connection_check_interval = '1s'", "SET idle_in_transaction_session_timeout = 0")
"""While partitions are indexed beside each other: a sort of some million keys in memory, and none helps another. What
a program that was killed began ends with it; the last partition may wait for hours until its turn comes."""

SERVER_OPTIONS = {
    "extensions": "q3c",
    "use_remote_estimate": "true",
    "fetch_size": "10000",
    "async_capable": "true",
}
"""Conditions with functions of q3c are sent, not answered here; the other server says what a query costs, without which
no join by position would go through its index; rows come in pieces of some MB; several servers work at a time."""

ROLE_OPTIONS = ("user", "password", "sslcert", "sslkey", "sslpassword")
"""Of a connection string, those that postgres_fdw has at the user."""


@dataclass(frozen=True)
class Home:
    """A database that holds partitions; ``server``: name of the foreign server, empty for the site's own."""

    dsn: str
    server: str = ""

    @contextmanager
    def connect(self):
        """A connection for one transaction; SurveyError when there is none."""
        with connected(self.dsn) as connection:
            for statement in SETTINGS:
                connection.execute(statement)
            if not self.server:
                connection.execute(f"SET LOCAL ROLE {OWNER}")
            yield connection


def homes_of(dsn, store, partitions):
    """The Home of each partition: equal shares for the site's own database and the other servers."""
    others = store_settings().servers.others
    homes = [Home(dsn), *(Home(other, f"{store}_s{n}") for n, other in enumerate(others))]
    return [homes[number * len(homes) // partitions] for number in range(partitions)]


def introduce(connection, store, homes):
    """Make the foreign servers of a store, and its schema on each; ``connection`` is the superuser's."""
    for home in dict.fromkeys(home for home in homes if home.server):
        _make_server(connection, home)
        with connected(home.dsn) as there:
            _check_prepared(there, store)
            there.execute(f"CREATE SCHEMA {store}")


def _check_prepared(there, store):
    where = f"the database {there.info.dbname} of {there.info.host}"
    if there.execute("SELECT FROM pg_extension WHERE extname = 'q3c'").fetchone() is None:
        raise SurveyError(f"{where} is not prepared to hold partitions: run etc/other-server.sql there")
    if there.execute("SELECT to_regnamespace(%s)", (store,)).fetchone()[0]:
        raise SurveyError(f"{where} holds a schema {store} already, of which this site does not know: unless it is "
                          "another site's, remove it there with DROP SCHEMA ... CASCADE")


def _make_server(connection, home):
    from psycopg.conninfo import conninfo_to_dict

    given = conninfo_to_dict(home.dsn)
    of_role = {key: given.pop(key) for key in ROLE_OPTIONS if key in given}
    if "password" not in of_role:  # the server knows this machine's account
        of_role["password_required"] = "false"
    connection.execute("CREATE EXTENSION IF NOT EXISTS postgres_fdw")
    name = sql.Identifier(home.server)
    connection.execute(sql.SQL("CREATE SERVER {} FOREIGN DATA WRAPPER postgres_fdw {}").format(
        name, _options(given | SERVER_OPTIONS)))
    connection.execute(sql.SQL("CREATE USER MAPPING FOR PUBLIC SERVER {} {}").format(name, _options(of_role)))
    connection.execute(sql.SQL("GRANT USAGE ON FOREIGN SERVER {} TO {}").format(name, sql.Identifier(OWNER)))


def _options(values):
    pairs = [sql.SQL("{} {}").format(sql.Identifier(key), sql.Literal(str(value))) for key, value in values.items()]
    return sql.SQL("OPTIONS ({})").format(sql.SQL(", ").join(pairs))


def attach_sql(home, parent, name, limits):
    """The statement that makes the filled partition ``name`` one of ``parent``."""
    if not home.server:
        return f"ALTER TABLE {parent} ATTACH PARTITION {name} {bound_sql(*limits)}"
    schema, table = name.split(".")
    return (f"CREATE FOREIGN TABLE {name} PARTITION OF {parent} {bound_sql(*limits)} "
            f"SERVER {home.server} OPTIONS (schema_name '{schema}', table_name '{table}')")


def drop_servers(connection, store):
    """Remove what a store has on other servers, and the foreign servers."""
    for name, dsn in _servers(connection, store).items():
        try:
            with connected(dsn) as there:
                there.execute(f"DROP SCHEMA IF EXISTS {store} CASCADE")
        except SurveyError as error:
            raise SurveyError(f"{store} cannot be removed: {error}; if that server is gone for good, tell the site's "
                              f"database: DROP SERVER {name} CASCADE") from error
        connection.execute(sql.SQL("DROP SERVER {} CASCADE").format(sql.Identifier(name)))


def _servers(connection, store):
    """The foreign servers of a store: name to connection string."""
    from psycopg.conninfo import make_conninfo

    found = connection.execute(
        "SELECT srvname, srvoptions || umoptions FROM pg_foreign_server JOIN pg_user_mappings USING (srvname) "
        "WHERE srvname ~ ('^' || %s || '_s[0-9]+$')", (store,)).fetchall()
    known = {*SERVER_OPTIONS, "password_required"}
    return {name: make_conninfo(**{key: value for key, value in (option.split("=", 1) for option in options)
                                   if key not in known}) for name, options in found}


@contextmanager
def connected(dsn):
    """A connection to any server of partitions; committed when all goes well. SurveyError when there is none."""
    import psycopg

    try:
        connection = psycopg.connect(dsn)
    except psycopg.OperationalError as error:
        raise SurveyError(f"a database that holds partitions (etc/store.yaml) does not answer: "
                          f"{str(error).strip()}") from error
    with connection:
        yield connection
