"""Small queries: times and requests a second of stock DaCHS, ours and bare psycopg, side by side in one run.

    TWOMASS_STATE=... TWOMASS_PORT=... python -m benchmarks.bench_answers_small 1000000

Cones around sources and sources by key, all 60 columns, each request for another place; 1, 8 and 32 clients at a time,
each with one connection that is kept open (light_client.py). The server is started in turns with TWOMASS_STOCK=1 (all
that is ours left out) and without; ``load`` is that of the machine at each start: about 1 when nobody else works
there. Everything shares the cores of one machine: PostgreSQL, server, clients. Writes results/answers_small.json.
"""

import os
import random
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from benchmarks.light_client import ask
from benchmarks.report import write_report
from processing.publish import cluster
from processing.publish.site import site

RELEASES = Path(__file__).parents[1] / "work" / "benchmark" / "answers"

NEAR = "q3c_join({ra}, {dec}, ra, dec, {r})"
FORMS = {
    "tap distance 0.1 deg": ("SELECT * FROM twomass.psc WHERE DISTANCE(ra, dec, {ra}, {dec}) < 0.1", "0.1"),
    "tap contains 0.1 deg": ("SELECT * FROM twomass.psc WHERE 1 = CONTAINS(POINT('ICRS', ra, dec), "
                             "CIRCLE('ICRS', {ra}, {dec}, 0.1))", "0.1"),
    "tap distance 0.01 deg": ("SELECT * FROM twomass.psc WHERE DISTANCE(ra, dec, {ra}, {dec}) < 0.01", "0.01"),
    "tap by key": ("SELECT * FROM twomass.psc WHERE pts_key = {key}", None),
    "scs 0.1 deg": ("scs", "0.1"),
    "scs 0.01 deg": ("scs", "0.01"),
}  # fmt: skip
"""What is asked, and the radius of the same cone as SQL; None: by key."""

CLIENTS = (1, 8, 32)
REQUESTS = {"stock": {1: 20, 8: 48, 32: 64}, "ours": {1: 80, 8: 320, 32: 320}, "psycopg": {1: 100, 8: 400, 32: 400}}
ROUNDS = 2
WARM = 12
"""Requests of each kind before anything is measured."""


def main(rows):
    """Measure, print and write the figures, after each round those so far."""
    place, taken, load = site(), {}, []
    publish(place, rows)
    places = some_places(place, 4000)
    for number in range(1, ROUNDS + 1):
        for which in ("stock", "ours"):
            serve(place, which)
            load.append(round(os.getloadavg()[0], 1))
            for form in FORMS:
                warm_up(place, form, places)
                for clients in CLIENTS:
                    paths = [path(form, *at) for at in random.sample(places, REQUESTS[which][clients])]
                    add(taken, (form, which, clients), ask("127.0.0.1", place.port, paths, clients))
        for form in FORMS:
            for clients in CLIENTS:
                statements = [sql(form, *at) for at in random.sample(places, REQUESTS["psycopg"][clients])]
                add(taken, (form, "psycopg", clients), floor(place.dsn("untrusted"), statements, clients))
        figures = {"rows": rows, "rounds": number, "cores": os.cpu_count(), "load": load, "forms": summaries(taken)}
        write_report("answers_small", figures)
        print(table(figures), flush=True)


def summaries(taken):
    return {form: {which: {clients: summary(taken[form, which, clients]) for clients in CLIENTS} for which in REQUESTS}
            for form in FORMS}  # fmt: skip


def publish(place, rows):
    """Publish a release of so many sources unless it is published."""
    from benchmarks.large_release import make_large_release  # much to import, which the clients' processes do without

    release = make_large_release(RELEASES / name_of(rows), rows)
    twomass("serve", "--database-only")
    with cluster.connect(place) as connection:
        known = connection.execute("SELECT to_regclass('twomass.psc')").fetchone()[0]
        if known and connection.execute("SELECT count(*) FROM twomass.psc").fetchone()[0] == release.rows["psc"]:
            return
    twomass("serve")
    twomass("publish", str(release.path))


def name_of(rows):
    return f"{rows // 1_000_000}m" if rows % 1_000_000 == 0 else str(rows)


def serve(place, which):
    """Start the server anew, as DaCHS is or with all that is ours; it reads its descriptors meanwhile."""
    twomass("serve", "--restart", **({"TWOMASS_STOCK": "1"} if which == "stock" else {}))
    time.sleep(5)


def twomass(*words, **environment):
    subprocess.run([sys.executable, "-m", "processing.cli", *words], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, **environment})  # fmt: skip


def some_places(place, count):
    """Right ascension, declination and key of sources, taken at random."""
    with cluster.connect(place) as connection:
        connection.execute("SELECT setseed(0.5)")
        return connection.execute("SELECT round(ra::numeric, 5), round(dec::numeric, 5), pts_key FROM twomass.psc "
                                  "ORDER BY random() LIMIT %s", (count,)).fetchall()


def path(form, ra, dec, key):
    """The address that asks for one place."""
    text, radius = FORMS[form]
    if text == "scs":
        return "/twomass/q/cone/scs.xml?" + urlencode({"RA": ra, "DEC": dec, "SR": radius, "VERB": 3})
    return "/tap/sync?" + urlencode({"LANG": "ADQL", "QUERY": text.format(ra=ra, dec=dec, key=key)})


def sql(form, ra, dec, key):
    """The same as SQL."""
    radius = FORMS[form][1]
    condition = f"pts_key = {key}" if radius is None else NEAR.format(ra=ra, dec=dec, r=radius)
    return f"SELECT * FROM twomass.psc WHERE {condition}"


def warm_up(place, form, places):
    ask("127.0.0.1", place.port, [path(form, *at) for at in places[:WARM]], 1)


def floor(dsn, statements, clients):
    """Seconds of each statement through psycopg, binary, and of all; so many connections in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as beside:
        return beside.submit(_floor, dsn, statements, clients).result()


def _floor(dsn, statements, clients):
    import psycopg

    connections = [psycopg.connect(dsn, autocommit=True) for _ in range(clients)]

    def run(number):
        seconds, cursor = [], connections[number].cursor(binary=True)
        cursor.execute("SET enable_seqscan TO no")
        for statement in statements[number::clients]:
            begin = time.perf_counter()
            cursor.execute(statement).fetchall()
            seconds.append(time.perf_counter() - begin)
        return seconds

    begin = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        seconds = [each for some in threads.map(run, range(clients)) for each in some]
    return seconds, time.perf_counter() - begin


def add(taken, what, measured):
    seconds, duration = measured
    before = taken.get(what, ([], 0.0))
    taken[what] = (before[0] + seconds, before[1] + duration)


def summary(measured):
    """p50 and p95 (ms) and requests a second."""
    seconds, duration = measured
    p50, p95 = np.percentile(seconds, [50, 95]) * 1000
    return {"p50_ms": round(float(p50), 1), "p95_ms": round(float(p95), 1), "per_s": round(len(seconds) / duration, 1)}


def table(figures):
    """The figures as lines."""
    lines = [f"{figures['rows']} sources; load of the machine {figures['load']}",
             f"{'':24} clients {'p50 / p95 ms, requests a second':>40}"]
    for form, of in figures["forms"].items():
        for clients in CLIENTS:
            parts = [f"{which} {at['p50_ms']:7.1f} /{at['p95_ms']:7.1f} {at['per_s']:7.1f}/s"
                     for which, at in ((which, of[which][clients]) for which in of)]  # fmt: skip
            lines.append(f"{form:24} {clients:5}   {'   '.join(parts)}")
    return "\n".join(lines)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
