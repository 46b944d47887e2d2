"""Start the database and the server in the background, and print where they are. What runs already stays as it is.

The addresses are http://127.0.0.1:8080 and below unless etc/gavo.rc or TWOMASS_PORT say otherwise; the state (database,
logs) is in the folder state/ of the checkout unless TWOMASS_STATE names another. What was committed to the database
survives a crash; run this again after one.
"""

import fcntl
import os
from contextlib import contextmanager
from dataclasses import replace

from processing.answer.limits import limits
from processing.errors import SurveyError
from processing.publish import cluster, dachs, server
from processing.publish.addresses import database_line, print_addresses
from processing.publish.foreground import ending_together, stay
from processing.publish.front import deploy_front
from processing.publish.query_role import bound_query_role
from processing.publish.site import check_disk, prepare, site
from processing.publish.site_identity import check_identity


def describe(parser):
    parser.add_argument("--restart", action="store_true", help="stop the web server first, so that it reads all anew")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--database-only", action="store_true", help="start the database and leave the web server out")
    how.add_argument("--foreground", action="store_true",
                     help="stay, and stop both when told to end or when one ends: for systemd and containers")


def run(args):
    place = site()
    if not args.database_only:
        check_identity(place)
    if not args.foreground:
        _start(place, args)
        return
    with ending_together(place, starting) as told:
        _start(place, args)
        print("both run until this is told to end", flush=True)
        stay(place, told, starting)


def _start(place, args):
    with starting(place):
        start_database(place)
        if not args.database_only:
            start_server(place, args.restart)
    if args.database_only:
        print(f"{'database':9} {database_line(place)}")
    else:
        print_addresses(place)


@contextmanager
def starting(place):
    """Only one command at a time starts or stops things here; another one waits."""
    prepare(place)
    folder = os.open(place.state, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def start_database(place):
    """The database with DaCHS's own tables in it; the first time this takes about ten seconds.

    A server that outlived its database keeps connections to it that are dead: it has to go too.
    """
    check_disk(place)
    if not cluster.pid(place) and server.stop(place):
        print("the database had ended and the server had not: starting both anew")
    cluster.start(place)
    if server.pid(place) is None:
        dachs.deploy(place)
    dachs.init(place)


def start_server(place, restart=False):
    """The web server, or several (etc/limits.yaml); one that runs on another port than asked for is a SurveyError."""
    if restart:
        server.stop(place)
    wanted = [replace(place, worker=number) for number in range(limits().work.workers)]
    missing = [worker for worker in wanted if not _runs(worker)]
    if not missing:
        return
    if not any(server.pid(worker) for worker in server.workers(place)):
        dachs.clear_lost_jobs(place)
    bound_query_role(place)
    deploy_front(place)
    for worker in missing:
        dachs.deploy(worker)
        server.start(worker)


def _runs(place):
    """Whether a worker runs; SurveyError when it does on another port, or somebody else has its port."""
    if not server.pid(place):
        server.check_port(place)  # which finds one whose pid file got lost
        return server.pid(place) is not None
    running = server.port(place)
    if running != place.port:
        raise SurveyError(f"the server runs on port {running}, asked for is {place.port}: 'twomass stop' first")
    return True
