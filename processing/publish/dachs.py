"""DaCHS, the server of the services: its settings, its tables, its commands. It runs in the system's own Python."""

import copy
import grp
import hashlib
import io
import shutil
import subprocess
import tarfile
import zlib
from dataclasses import replace

from processing.answer.limits import dachs_settings, limits
from processing.errors import SurveyError
from processing.publish.cluster import connect
from processing.publish.kernel import compile_kernel
from processing.publish.site import CHECKOUT, ETC, as_account
from processing.publish.vocabularies import desise_files

PROGRAM = "/usr/bin/dachs"
READY = "set up by DaCHS "
"""With the version behind it, the comment on the database once ``dachs init`` has gone through."""


def dachs(place, *words, **options):
    """Run one ``dachs`` command as the account; returns the CompletedProcess, SurveyError with its last lines.

    ``dachs`` finds this checkout's package on its Python path: a resource descriptor can import ``processing.schema``.
    """
    if not shutil.which(PROGRAM):
        raise SurveyError("DaCHS is not installed (no /usr/bin/dachs): run 'make setup'")
    deploy_package(place)
    return as_account([PROGRAM, *words], place, **options)


def deploy(place):
    """Put the site's files where DaCHS reads them; at every start, so that ``etc/`` is the one place to edit."""
    for folder in (place.gavo, place.gavo / "etc", place.gavo / "cache", place.inputs, place.gavo / "state",
                   place.gavo / "state" / "uwsjobs", place.log / f"dachs{place.suffix}"):
        as_account(["mkdir", "-p", folder], place)
    deploy_package(place)
    _write(place, place.gavo_rc, settings_text(place))
    for name in ("defaultmeta.txt", "userconfig.rd", "vanitynames.txt"):
        _write(place, place.gavo / "etc" / name, (ETC / name).read_text())
    for name, text in desise_files().items():
        _write(place, place.gavo / "cache" / name, text)


def deploy_package(place):
    """Copy the package ``processing`` to where DaCHS, as another account, can read it; only if anything has changed."""
    archive = _package_archive()
    digest, stamp = hashlib.sha256(archive).hexdigest(), place.python / "digest"
    if stamp.exists() and stamp.read_text() == digest:
        return
    as_account(["mkdir", "-p", place.python], place)
    as_account(["tar", "-x", "-C", place.python], place, input=archive, text=False)
    compile_kernel(place)
    _write(place, stamp, digest)


def _package_archive():
    """The files of the package but its tests, as a tar archive that depends on nothing but their contents.

    So do the times in it: Python takes what it has compiled before for a file of the same time and size.
    """
    buffer, package = io.BytesIO(), CHECKOUT / "processing"
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in [*sorted(package.rglob("*")), ETC / "survey.yaml", ETC / "limits.yaml"]:
            if path.suffix in (".py", ".yaml", ".c") and "tests" not in path.parts:
                archive.addfile(*_archived(path.relative_to(CHECKOUT), path.read_bytes()))
    return buffer.getvalue()


def _archived(name, content):
    entry = tarfile.TarInfo(str(name))
    entry.size, entry.mode, entry.mtime = len(content), 0o644, zlib.crc32(content) >> 1
    return entry, io.BytesIO(content)


def settings_text(place):
    """``etc/gavo.rc`` with the folders, the account and the port of this machine, and with ``etc/limits.yaml``."""
    settings = copy.deepcopy(place.settings)  # which say where the place itself is
    for section in ("general", "web"):
        if not settings.has_section(section):
            settings.add_section(section)
    group = _group(place)
    settings["general"].update({"rootDir": str(place.gavo), "logDir": str(place.log / f"dachs{place.suffix}"),
                                "group": group,
                                "gavoGroup": group})
    settings["web"].update({"user": place.account.pw_name, "serverPort": str(place.port)})
    settings["web"].setdefault("serverURL", replace(place, worker=0).url)
    for section, values in dachs_settings(limits()).items():
        _set_limits(settings, section, values)
    lines = ["# Made from etc/gavo.rc of the checkout at every start: edit that one."]
    for section in settings.sections():
        lines += ["", f"[{section}]", *(f"{key}: {value}" for key, value in settings[section].items())]
    return "\n".join(lines) + "\n"


def _set_limits(settings, section, values):
    """Fill in what follows from etc/limits.yaml; SurveyError when etc/gavo.rc says something about it, too."""
    if not settings.has_section(section):
        settings.add_section(section)
    for key, value in values.items():
        if settings[section].get(key, str(value)) != str(value):
            raise SurveyError(f"etc/gavo.rc: [{section}] {key} is {settings[section][key]}, but limits are set in "
                              f"etc/limits.yaml alone, from which it would be {value}: take it out of etc/gavo.rc")
        settings[section][key] = str(value)


def init(place):
    """Make DaCHS's tables, roles and folders unless that is done; the database must run. Whether there was a need.

    A run that was killed is repeated; a database that an older DaCHS has made is upgraded.
    """
    ready, installed = _ready_version(place), _installed_version()
    if ready == installed and (place.gavo / "etc" / "feed").exists():
        return False
    if ready and (place.gavo / "etc" / "feed").exists():
        dachs(place, "upgrade")
    else:
        _init_from_nothing(place)
    with connect(place) as connection:
        connection.execute(f"COMMENT ON DATABASE gavo IS '{READY}{installed}'")
    return True


def _init_from_nothing(place):
    said = dachs(place, "init", "--dsn", place.dsn(), cwd=place.gavo).stdout
    if "init failed" in said:
        raise SurveyError(f"dachs init failed:\n{said.strip()}")
    dachs(place, "imp", "//obscore")
    dachs(place, "pub", "//services", "//tap")


def _installed_version():
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "python3-gavo"], capture_output=True, text=True)
    return asked.stdout.strip() or "of unknown version"


def _ready_version(place):
    """Version of the DaCHS that the database is set up for, or None."""
    with connect(place) as connection:
        comment = connection.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database "
                                     "WHERE datname = 'gavo'").fetchone()[0] or ""
    return comment.removeprefix(READY) if comment.startswith(READY) else None


def clear_lost_jobs(place):
    """End the jobs of a server that was killed, which would count as running for ever; returns how many.

    Synchronous jobs have the process id -1; DaCHS itself clears only those that had a process of their own.
    """
    with connect(place) as connection:
        if connection.execute("SELECT to_regclass('tap_schema.tapjobs')").fetchone()[0] is None:
            return 0
        return connection.execute("UPDATE tap_schema.tapjobs SET phase = 'ERROR' "
                                  "WHERE phase = 'EXECUTING' AND (pid = -1 OR pid IS NULL)").rowcount


def _group(place):
    return grp.getgrgid(place.account.pw_gid).gr_name


def _write(place, path, text):
    as_account(["tee", path], place, input=text)
