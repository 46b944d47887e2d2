"""Keep what cannot be rebuilt of a server in one file, and bring it back.

    twomass backup FILE.tar.gz
    twomass restore FILE.tar.gz

What is in the database is loaded from releases, and DaCHS makes its own tables, so after a loss ``twomass serve`` and
``twomass publish RELEASE`` bring nearly all of it back. In the file is what they cannot know:

- ``etc/``: the settings and the identity of the site, as they were edited here;
- ``registry/``: which records were published once and are no more; a registry that harvests would keep them for ever;
- ``accounts/``: user names and (hashed) passwords, where the operator has made some;
- ``tls/``: the certificate and its key, where the server itself speaks https (state/gavo/hazmat);
- ``log/``: the log of requests;
- ``published.json``: which release is published (name, checksum of its release.json).

Not in it: releases, which are files with checksums, to be kept as other files are; asynchronous jobs and uploaded
tables, which by the settings live a few days and which their users have.
"""

import io
import json
import tarfile
from pathlib import Path

from processing import __version__
from processing.errors import SurveyError
from processing.publish import cluster
from processing.publish.publication import published
from processing.publish.site import ETC, as_account, site
from processing.publish.store import stores

SETTINGS = ("gavo.rc", "defaultmeta.txt", "userconfig.rd", "postgresql.conf", "limits.yaml", "store.yaml")

TABLES = {
    "registry/resources.csv": ("dc.resources", "sourcerd, resid"),
    "registry/sets.csv": ("dc.sets", "sourcerd, resid, setname, renderer"),
    "accounts/users.csv": ("dc.users", "username"),
    "accounts/groups.csv": ("dc.groups", "username, groupname"),
}
"""By the name in the file: the table and its key."""

ABOUT = "backup.json"
"""Comes first in the file: what it is."""


def describe(parser):
    parser.add_argument("file", metavar="FILE", type=Path, help="the file to write, e.g. backup.tar.gz")


def run(args):
    place = site()
    with cluster.connect(place) as connection:
        members = {ABOUT: _json({"version": __version__}), **dict(collect(place, connection))}
    write(args.file, members)
    size = args.file.stat().st_size
    print(f"wrote {args.file}: {len(members)} files, {size / 1e6:.1f} MB; releases are not in it: keep their folders")


def collect(place, connection):
    """Names and contents (bytes) of all that belongs into the file."""
    for name in SETTINGS:
        yield f"etc/{name}", (ETC / name).read_bytes()
    for name, (table, _) in TABLES.items():
        yield name, _table(connection, table)
    for folder, files in (("tls", _files(place.gavo / "hazmat", "*")), ("log", _files(place.log, "requests.log*"))):
        for path in files:
            yield f"{folder}/{path.name}", as_account(["cat", path], place, text=False).stdout
    yield "published.json", _json(_releases(connection))


def write(file, members):
    """Write the file to the side and give it its name when it is whole; only its owner may read it."""
    partial = file.with_name(f".{file.name}.partial")
    try:
        partial.touch(mode=0o600)
        with tarfile.open(partial, "w:gz") as archive:
            for name, content in members.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o600
                archive.addfile(entry, io.BytesIO(content))
        partial.rename(file)
    except OSError as error:
        raise SurveyError(f"{file} cannot be written: {error.strerror}") from error


def read(file):
    """Names and contents of a file that ``write`` made; SurveyError when it is none."""
    try:
        with tarfile.open(file) as archive:
            members = {entry.name: archive.extractfile(entry).read() for entry in archive if entry.isfile()}
    except (OSError, tarfile.TarError, EOFError) as error:
        raise SurveyError(f"{file} cannot be read as a file of 'twomass backup': {error}") from error
    if ABOUT not in members:
        raise SurveyError(f"{file} is not a file of 'twomass backup': there is no {ABOUT} in it")
    return members


def _table(connection, table):
    """All rows of a table as CSV with a header."""
    with connection.cursor().copy(f"COPY (SELECT * FROM {table}) TO STDOUT (FORMAT csv, HEADER)") as copy:
        return b"".join(bytes(part) for part in copy)


def _releases(connection):
    now, kept = published(connection), stores(connection)
    return {which: {key: kept[now[key_of]][key] for key in ("name", "sha256")}
            for which, key_of in (("published", "store"), ("before", "previous")) if now.get(key_of) in kept}


def _files(folder, pattern):
    return sorted(path for path in folder.glob(pattern) if path.is_file()) if folder.is_dir() else []


def _json(what):
    return (json.dumps(what, indent=1) + "\n").encode()
