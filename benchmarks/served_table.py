"""A server with a release of ten million point sources, which benchmarks of the services ask; made unless it is there.

    python -m benchmarks.served_table [ROWS]

Everything is in work/benchmark/answers of the checkout: the release (1 GB), and the server's state (6 GB), which
TWOMASS_BENCH_STATE puts elsewhere. The port is 8310 unless TWOMASS_BENCH_PORT says otherwise.
"""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.large_release import make_large_release
from processing.errors import SurveyError
from processing.publish import cluster, server
from processing.publish.publication import published
from processing.publish.site import CHECKOUT, Site
from processing.publish.store import stores

FOLDER = CHECKOUT / "work" / "benchmark" / "answers"
ROWS = 10_000_000


def bench_site():
    """The Site of the benchmarks."""
    state = os.environ.get("TWOMASS_BENCH_STATE") or FOLDER / "state"
    return Site(Path(state).absolute(), int(os.environ.get("TWOMASS_BENCH_PORT", 8310)))


def release_of(rows):
    """The made-up release of so many rows; made when it is not there."""
    return make_large_release(FOLDER / f"{rows // 1_000_000}m", rows)


def served(rows=ROWS):
    """The Site on which a table of so many rows is served; started and published when it is not."""
    place = bench_site()
    if not (cluster.pid(place) and server.pid(place)):
        _twomass(place, "serve")
    if _rows(place) != rows:
        _twomass(place, "publish", release_of(rows).path)
    return place


def _rows(place):
    """Rows of the point sources that are published."""
    with cluster.connect(place) as connection:
        note = stores(connection).get(published(connection).get("store"))
    return note["rows"]["psc"] if note else 0


def _twomass(place, *words):
    environment = {**os.environ, "TWOMASS_STATE": str(place.state), "TWOMASS_PORT": str(place.port)}
    done = subprocess.run([sys.executable, "-m", "processing.cli", *map(str, words)], env=environment, cwd=CHECKOUT)
    if done.returncode:
        raise SurveyError(f"twomass {words[0]} for the benchmarks failed with exit status {done.returncode}")


if __name__ == "__main__":
    site = served(int(sys.argv[1]) if sys.argv[1:] else ROWS)
    print(f"{site.url}/tap, database: {site.dsn('gavo')}")
