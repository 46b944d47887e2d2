"""Print what runs (process, port), the size of the database, the published release with its rows, and the disk.

The exit status is 0 only if database and server both answer.
"""

import shutil

from processing.errors import SurveyError
from processing.publish import cluster, server
from processing.publish.site import site


def describe(parser):
    """No arguments."""


def run(args):
    place = site()
    database, web = cluster.pid(place), server.pid(place)
    answering = bool(web) and server.answers(_as_running(place))
    print(f"database  {f'runs, pid {database}, socket in {place.socket_folder}' if database else 'does not run'}")
    print(f"server    {_server_line(place, web, answering)}")
    if database:
        _print_database(place)
    _print_disk(place)
    if not (database and answering):
        raise SurveyError("not everything runs; 'twomass serve' starts it")


def _as_running(place):
    """The site with the port that the running server was started with."""
    return type(place)(place.state, server.port(place))


def _server_line(place, web, answering):
    if not web:
        return "does not run"
    return f"{'answers' if answering else 'does not answer'}, pid {web}, {_as_running(place).url}/"


def _print_database(place):
    from processing.publish.publication import published
    from processing.publish.store import stores

    with cluster.connect(place, autocommit=True) as connection:
        size = connection.execute("SELECT pg_database_size('gavo')").fetchone()[0]
        now, kept = published(connection).get("store"), stores(connection)
    print(f"size      {size / 1e6:.0f} MB")
    if now in kept:
        rows = ", ".join(f"{table} {count}" for table, count in kept[now]["rows"].items())
        print(f"release   {kept[now]['name']}; rows: {rows}")
    else:
        print("release   none is published")


def _print_disk(place):
    if place.state.exists():
        print(f"disk      {shutil.disk_usage(place.state).free / 1e9:.1f} GB free at {place.state}")
