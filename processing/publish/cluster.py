"""The private PostgreSQL cluster: made, started and stopped here, reached through a Unix socket only.

Killed at any moment, the next start goes on: a half-made cluster is made again (it gets its name when it is whole),
and a pid file whose number now belongs to another program is removed. What was committed is kept (fsync is on).
"""

from pathlib import Path

from processing.errors import SurveyError
from processing.publish.processes import command_line, pid_in, wait_until
from processing.publish.site import ETC, as_account

SERVERS = Path("/usr/lib/postgresql")
ROLES = ("postgres", "gavoadmin", "gavo", "untrusted")
"""The superuser and the three roles of DaCHS."""

START_SECONDS = 30
"""How long to try again: for a moment after a kill, the orphans of the old server still hold its shared memory."""


def pid(place):
    """The pid of the running server, or None."""
    number = pid_in(place.cluster / "postmaster.pid")
    return number if number and str(place.cluster) in command_line(number) else None


def start(place):
    """Start the server; the cluster and the database are made when they are missing. Whether anything was started."""
    if pid(place):
        return False
    if not place.cluster.exists():
        _make(place)
    _configure(place)
    _remove_foreign_pid_file(place)
    if not wait_until(lambda: _pg_ctl(place, "start").returncode == 0, START_SECONDS, pause=1.0):
        last = "\n".join(_log_file(place).read_text().splitlines()[-5:]) if _log_file(place).exists() else "no log"
        raise SurveyError(f"PostgreSQL does not start; the last lines of {_log_file(place)}:\n{last}")
    _make_database(place)
    return True


def stop(place):
    """Stop the server, ending the sessions in it; whether one was running."""
    if not pid(place):
        return False
    if _pg_ctl(place, "stop", "-m", "fast").returncode:
        raise SurveyError(f"PostgreSQL (pid {pid(place)}) does not stop; see {_log_file(place)}")
    return True


def connect(place, user="postgres", database="gavo", **options):
    """A psycopg connection over the private socket; SurveyError when the database does not run."""
    import psycopg

    try:
        return psycopg.connect(place.dsn(user, database), **options)
    except psycopg.OperationalError as error:
        raise SurveyError(f"the database in {place.cluster} does not answer; start it with 'twomass serve': "
                          f"{str(error).strip()}") from error


def program(place, name):
    """Path of a PostgreSQL program, of the version that made the cluster or else of the newest installed."""
    version_file = place.cluster / "PG_VERSION"
    versions = sorted((path.parents[1].name for path in SERVERS.glob("*/bin/initdb")), key=float)
    if not versions:
        raise SurveyError(f"PostgreSQL is not installed (nothing in {SERVERS}): run 'make setup'")
    version = version_file.read_text().strip() if version_file.exists() else versions[-1]
    if version not in versions:
        raise SurveyError(f"{place.cluster} was made by PostgreSQL {version}; installed is {', '.join(versions)}")
    return SERVERS / version / "bin" / name


def _make(place):
    partial = place.cluster.with_name(f".{place.cluster.name}.partial")
    as_account(["rm", "-rf", partial], place)
    as_account([program(place, "initdb"), "-D", partial, "-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8",
                "--auth=peer", "--no-instructions"], place)
    as_account(["tee", "-a", partial / "postgresql.conf"], place, input="\ninclude = 'survey.conf'\n")
    partial.rename(place.cluster)


def _configure(place):
    """The settings that may change from start to start: the site's fragment, the socket, who may connect as whom."""
    here = f"listen_addresses = ''\nport = 5432\nunix_socket_directories = '{place.socket_folder}'\n"
    _write(place, "survey.conf", (ETC / "postgresql.conf").read_text() + here)
    _write(place, "pg_hba.conf", "local all all peer map=survey\n")
    people = sorted({place.account.pw_name, "root"})
    _write(place, "pg_ident.conf", "".join(f'survey "{who}" {role}\n' for who in people for role in ROLES))


def _write(place, name, text):
    as_account(["tee", place.cluster / name], place, input=text)


def _remove_foreign_pid_file(place):
    """A pid file whose process is not this server would stop it from starting when the number is in use again."""
    file = place.cluster / "postmaster.pid"
    if pid_in(file) and command_line(pid_in(file)) and not pid(place):
        file.unlink()


def _pg_ctl(place, *words):
    return as_account([program(place, "pg_ctl"), "-D", place.cluster, "-l", _log_file(place), "-w", "-t", "60", *words],
                      place, check=False)


def _log_file(place):
    return place.log / "postgresql.log"


def _make_database(place):
    with connect(place, database="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = 'gavo'").fetchall():
            connection.execute("CREATE DATABASE gavo TEMPLATE template0 ENCODING 'UTF8'")
