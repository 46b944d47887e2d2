"""What one request, one client and all together may take: ``etc/limits.yaml``, the one place for it.

``limits().query.tokens`` is a plain number in the unit that the file names. ``dachs_settings`` are those of DaCHS's
own settings that follow from it.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from processing.config.read import number, read_sections

LIMITS_FILE = Path(__file__).parents[2] / "etc" / "limits.yaml"


@dataclass(frozen=True)
class Time:
    """How long things may take."""

    sync: float = number("s")
    services: float = number("s")
    job: float = number("s")
    job_longest: float = number("s")
    job_kept: float = number("s")
    job_kept_longest: float = number("s")
    fetch: float = number("s")


@dataclass(frozen=True)
class Rows:
    """Rows of a result: what is given when nothing is asked for, and the most."""

    tap: int = number("row")
    tap_longest: int = number("row")
    services: int = number("row")
    services_longest: int = number("row")


@dataclass(frozen=True)
class Bytes:
    """What is sent to the server, or fetched by it."""

    sync_upload: int = number("byte")
    upload: int = number("byte")
    fetch: int = number("byte")


@dataclass(frozen=True)
class Query:
    """The text of a query in ADQL."""

    characters: int = number("")
    tokens: int = number("")
    terms: int = number("")
    depth: int = number("")
    selects: int = number("")
    moc_order: int = number("")


@dataclass(frozen=True)
class Work:
    """Queries and jobs of all clients."""

    threads: int = number("")
    waiting: int = number("")
    workers: int = number("")
    jobs: int = number("")
    jobs_waiting: int = number("")


@dataclass(frozen=True)
class Client:
    """Queries of one client."""

    queries: int = number("")
    rate: float = number("1/s")
    burst: int = number("")


@dataclass(frozen=True)
class Network:
    """Whose word counts, and which hosts may be asked."""

    proxies: tuple = number("")
    upload_hosts: tuple = number("")


@dataclass(frozen=True)
class Limits:
    """All sections of the file."""

    time: Time
    rows: Rows
    bytes: Bytes
    query: Query
    work: Work
    client: Client
    network: Network


@cache
def limits(path=LIMITS_FILE):
    """The limits in ``path``; SurveyError names the key that is unknown, missing, there twice or in another unit."""
    return read_sections(Limits, path, "reason")


def dachs_settings(allowed):
    """Sections of DaCHS's settings that follow from the limits ``allowed``."""
    return {
        "web": {"sqlTimeout": allowed.time.services, "maxSyncUploadSize": allowed.bytes.sync_upload,
                "maxUploadSize": allowed.bytes.upload},
        "ivoa": {"dalDefaultLimit": allowed.rows.services, "dalHardLimit": allowed.rows.services_longest},
        "async": {"defaultExecTimeSync": allowed.time.sync, "defaultExecTime": allowed.time.job,
                  "defaultLifetime": allowed.time.job_kept, "maxTAPRunning": allowed.work.jobs,
                  "defaultMAXREC": allowed.rows.tap, "hardMAXREC": allowed.rows.tap_longest},
    }  # fmt: skip
