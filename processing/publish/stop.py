"""Stop the server and the database of this checkout. What does not run stays as it is; data and logs are kept."""

from processing.publish import cluster, server
from processing.publish.serve import starting
from processing.publish.site import site


def describe(parser):
    parser.add_argument("--server-only", action="store_true", help="stop the web server and leave the database")


def run(args):
    place = site()
    if not place.state.exists():
        print(f"nothing runs: there is no {place.state}")
        return
    with starting(place):
        _say("server", server.stop(place))
        if not args.server_only:
            _say("database", cluster.stop(place))


def _say(what, stopped):
    print(f"{what:9} {'stopped' if stopped else 'did not run'}")
