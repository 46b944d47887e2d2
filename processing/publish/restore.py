"""Bring back what ``twomass backup`` has kept, on a server that was set up anew; its help says what that is.

The database has to run (``twomass serve --database-only``). Settings that differ from those in etc/ take their place,
and what stood there is kept beside as ``<name>.before-restore``. Rows of DaCHS's tables that are there stay as they
are; what the site had registered and does not have now counts as withdrawn until it is published again. Doing it twice
does no more than once.

    twomass serve --database-only && twomass restore FILE.tar.gz && twomass serve && twomass publish RELEASE
"""

import json
from pathlib import Path

from processing.publish import cluster
from processing.publish.backup import ABOUT, TABLES, read
from processing.publish.site import ETC, as_account, site

WITHDRAWN = {"dc.resources", "dc.sets"}
"""Tables whose rows say whether a record was ``deleted``."""


def describe(parser):
    parser.add_argument("file", metavar="FILE", type=Path, help="a file that 'twomass backup' wrote")


def run(args):
    place, members = site(), read(args.file)
    with cluster.connect(place) as connection:
        for line in restore(place, connection, members, ETC):
            print(line)


def restore(place, connection, members, etc):
    """Bring back the ``members`` (name to bytes) of a backup; yields what was done, a line each."""
    written = json.loads(members[ABOUT])["version"]
    yield f"backup of version {written}"
    yield from _settings(members, etc)
    with connection.transaction():
        for name, (table, key) in TABLES.items():
            yield f"{table}: {_rows(connection, table, key, members[name])} rows brought back"
    yield f"files: {_files(place, members)} brought back"
    for which, release in json.loads(members["published.json"]).items():
        yield f"{which} was {release['name']} (release.json with SHA-256 {release['sha256'][:12]}...)"
    yield "'twomass serve --restart' uses the settings, 'twomass publish' with a release's folder publishes it"


def _settings(members, etc):
    for name, content in members.items():
        folder, _, file = name.rpartition("/")
        path = etc / file
        if folder == "etc" and not (path.exists() and path.read_bytes() == content):
            if path.exists():
                path.rename(path.with_name(f"{file}.before-restore"))
            path.write_bytes(content)
            yield f"{path}: brought back"


def _rows(connection, table, key, csv):
    """Insert the rows whose key is not there, and only these: DaCHS's triggers overwrite. Returns their number."""
    columns = csv.decode().split("\n", 1)[0].strip()
    connection.execute(f"CREATE TEMPORARY TABLE kept (LIKE {table}) ON COMMIT DROP")
    with connection.cursor().copy(f"COPY kept ({columns}) FROM STDIN (FORMAT csv, HEADER)") as copy:
        copy.write(csv)
    if table in WITHDRAWN:
        connection.execute("UPDATE kept SET deleted = true")
    done = connection.execute(f"INSERT INTO {table} SELECT * FROM kept WHERE ({key}) NOT IN "
                              f"(SELECT {key} FROM {table})").rowcount
    connection.execute("DROP TABLE kept")
    return done


def _files(place, members):
    """Put back certificates and logs (one that is there goes on, the old one comes beside it); returns how many."""
    done = 0
    for folder, home, mode in (("tls", place.gavo / "hazmat", "700"), ("log", place.log, "755")):
        for name in (name for name in members if name.startswith(f"{folder}/")):
            path = home / name.rpartition("/")[2]
            if folder == "log" and path.exists() and path.read_bytes() != members[name]:
                path = path.with_name(f"{path.name}.before-restore")
            if not path.exists():
                as_account(["install", "-d", "-m", mode, home], place)
                as_account(["sh", "-c", 'umask 077 && cat >"$0"', path], place, input=members[name], text=False)
                done += 1
    return done
