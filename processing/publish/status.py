"""Print what runs, what answers, the published release with its rows, the jobs of the last days, database and disk.

The exit status is 0 only if the database runs and every service gives what it is asked for. ``--json`` prints the same
for programs.
"""

import json
import shutil

from processing.errors import SurveyError
from processing.publish import cluster, server
from processing.publish.probes import probe_services
from processing.publish.site import site


def describe(parser):
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(args):
    found = status(site())
    print(json.dumps(found, indent=1) if args.json else text(found))
    if not found["well"]:
        raise SurveyError("not everything runs; 'twomass serve' starts it")


def status(place):
    """All of it as plain values; ``well`` says whether all is as it should be."""
    database, web = cluster.pid(place), server.pid(place)
    running = type(place)(place.state, server.port(place))
    found = {"database": {"pid": database, "socket": str(place.socket_folder)},
             "server": {"pid": web, "url": running.url + "/", "answers": bool(web) and server.answers(running)}}
    if database:
        found |= _in_database(place)
        found["services"] = probe_services(running) if found["server"]["answers"] else []
    if place.state.exists():
        found["disk"] = {"free": shutil.disk_usage(place.state).free, "folder": str(place.state)}
    found["well"] = bool(database and found["server"]["answers"]) and all(s["answers"] for s in found["services"])
    return found


def _in_database(place):
    from processing.publish.publication import published
    from processing.publish.store import stores

    with cluster.connect(place, autocommit=True) as connection:
        size = connection.execute("SELECT pg_database_size('gavo')").fetchone()[0]
        now, kept = published(connection), stores(connection)
        jobs = {phase.lower(): count for phase, count in connection.execute(
            "SELECT phase, count(*) FROM tap_schema.tapjobs GROUP BY phase ORDER BY phase")}
    releases = {which: {"name": kept[store]["name"], "rows": kept[store]["rows"]}
                for which, store in (("release", now.get("store")), ("before", now.get("previous"))) if store in kept}
    if "release" in releases:
        releases["release"]["since"] = now.get("since")
    return {"size": size, "jobs": jobs, **releases}


def text(found):
    """The lines for a reader."""
    return "\n".join(f"{name:9} {value}" for name, value in _lines(found))


def _lines(found):
    database, web = found["database"], found["server"]
    yield "database", (f"runs, pid {database['pid']}, socket in {database['socket']}" if database["pid"]
                       else "does not run")
    yield "server", (f"{'answers' if web['answers'] else 'does not answer'}, pid {web['pid']}, {web['url']}"
                     if web["pid"] else "does not run")
    for service in found.get("services", ()):
        yield "service", f"{service['name']} {service['says']}"
    if database["pid"]:
        yield "size", f"{found['size'] / 1e6:.0f} MB"
        yield "release", _release_line(found)
        yield "jobs", ", ".join(f"{count} {phase}" for phase, count in found["jobs"].items()) or "none"
    if "disk" in found:
        yield "disk", f"{found['disk']['free'] / 1e9:.1f} GB free at {found['disk']['folder']}"


def _release_line(found):
    if "release" not in found:
        return "none is published"
    now = found["release"]
    rows = ", ".join(f"{table} {count}" for table, count in now["rows"].items())
    since = f" since {now['since']}" if now["since"] else ""
    before = f"; to go back to: {found['before']['name']}" if "before" in found else ""
    return f"{now['name']}{since}; rows: {rows}{before}"
