"""A server under a mixed load for twenty minutes: its memory, files and sessions, and the time of small queries.

    python -m benchmarks.bench_soak [SECONDS] [CLIENTS]

Honest clients, and some that leave; a look at the server every 20 s. Drifts are those from the second quarter of the
time to the last, in percent; at the beginning a server fills its caches. Writes results/soak.json.
"""

import json
import sys
import threading
import time
from collections import Counter
from statistics import median

import requests

from benchmarks.mixed_load import Client, read_truth
from benchmarks.report import write_report
from benchmarks.server_state import state
from processing.publish.site import site

MIX = {"cone": 60, "simple_cone": 20, "bulk": 4, "upload": 6, "abort": 5, "health": 5}
EVERY = 20.0
PAUSE = 0.2
"""Seconds on average between an answer and the next question of a client."""

WATCHED = ("server_mb", "server_files", "server_threads", "database_mb", "sessions", "cone_p50_ms")


def main(seconds=1200.0, clients=6):
    """Soak, print, write."""
    place = site()
    truth, met, times, lock = read_truth(place), Counter(), [], threading.Lock()
    until, looks = time.monotonic() + seconds, []

    def run(number):
        client = Client(place.url, truth, number)
        while time.monotonic() < until:
            kind, = client.luck.choices(list(MIX), MIX.values())
            begin = time.monotonic()
            try:
                became = getattr(client, kind)()
            except (requests.RequestException, OSError) as error:
                became = f"broken off: {type(error).__name__}" if kind != "abort" else "left"
            with lock:
                met[f"{kind}: {became[:200]}"] += 1
                if kind == "cone":
                    times.append(time.monotonic() - begin)
            time.sleep(client.luck.expovariate(1 / PAUSE))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    while time.monotonic() < until - EVERY / 2:
        time.sleep(EVERY)
        with lock:
            asked, times[:] = list(times), []
        looks.append({"at": round(seconds - (until - time.monotonic())), **state(place),
                      "cone_p50_ms": round(1000 * median(asked), 1) if asked else None})
        print(looks[-1], flush=True)
    for thread in threads:
        thread.join()
    faults = {what: number for what, number in met.items() if what.split(": ")[1] not in ("right", "left")}
    figures = {"seconds": seconds, "clients": clients, "rows": truth.rows, "met": dict(sorted(met.items())),
               "faults": faults, "drift_percent": {name: drift(looks, name) for name in WATCHED}, "looks": looks}
    print(json.dumps({name: figures[name] for name in ("met", "faults", "drift_percent")}, indent=1))
    write_report("soak", figures)
    return 1 if faults else 0


def drift(looks, name):
    """How much larger the median of the last quarter is than that of the second."""
    values = [look[name] for look in looks if look[name] is not None]
    quarter = max(1, len(values) // 4)
    before, after = median(values[quarter:2 * quarter] or values), median(values[-quarter:])
    return round(100 * (after - before) / before, 1) if before else None


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:2]), *map(int, sys.argv[2:3])))
