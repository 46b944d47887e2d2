"""What a running server holds: memory, open files and threads of DaCHS and PostgreSQL, and sessions in the database."""

import re
from pathlib import Path

from processing.publish import cluster, server

SESSIONS = ("SELECT usename, state, count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
            "AND pid <> pg_backend_pid() GROUP BY usename, state ORDER BY usename, state")  # fmt: skip


def state(place):
    """A dict of numbers; memory in MB (of PostgreSQL: what is its processes' own, not the memory that they share)."""
    dachs, database = server.pid(place), cluster.pid(place)
    backends = [database, *_children(database)]
    return {
        "server_mb": round(_memory(dachs, "VmRSS") / 1e3), "server_peak_mb": round(_memory(dachs, "VmHWM") / 1e3),
        "server_files": len(list(Path(f"/proc/{dachs}/fd").iterdir())),
        "server_threads": len(list(Path(f"/proc/{dachs}/task").iterdir())),
        "database_mb": round(sum(_memory(pid, "RssAnon") for pid in backends) / 1e3),
        "database_processes": len(backends), **sessions(place),
    }  # fmt: skip


def sessions(place):
    """Sessions of programs in the database, by what they do."""
    with cluster.connect(place, autocommit=True) as connection:
        found = connection.execute(SESSIONS).fetchall()
    return {"sessions": sum(number for *_, number in found),
            "active": sum(number for _, what, number in found if what == "active"),
            "in_transaction": sum(number for _, what, number in found if "transaction" in (what or ""))}


def _children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _memory(pid, name):
    """kB; 0 for a process that has just ended."""
    try:
        return int(re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])
    except (OSError, TypeError):
        return 0
