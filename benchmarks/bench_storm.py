"""64 clients at once, honest and not, for five minutes, with a restart of PostgreSQL in between.

    python -m benchmarks.bench_storm [SECONDS] [CLIENTS]

Counted is what became of the requests: none may be wrong, or a 500, and none may fail but while the database is away.
At the end, no session may be left active or in a transaction. Writes results/storm.json.
"""

import json
import sys
import threading
import time
from collections import Counter

import requests

from benchmarks.mixed_load import HONEST, Client, read_truth
from benchmarks.report import write_report
from benchmarks.server_state import state
from processing.publish import cluster
from processing.publish.processes import wait_until
from processing.publish.site import site

MIX = {"cone": 30, "simple_cone": 20, "bulk": 5, "upload": 8, "abort": 12, "garbage": 20, "health": 5}
"""Of a hundred requests."""

AFTERWARDS = 20.0
"""Seconds after the restart within which a request that was sent before may still fail."""

PAUSE = 0.25
"""Seconds on average between an answer and the next question of a client."""


def main(seconds=300.0, clients=64):
    """Storm, print, write."""
    place = site()
    truth, before = read_truth(place), state(place)
    storm = Storm(place, truth, time.monotonic() + seconds)
    threads = [threading.Thread(target=storm.client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 2)
    storm.restart()
    for thread in threads:
        thread.join(timeout=seconds + 120)
    hung = sum(thread.is_alive() for thread in threads)
    calm = wait_until(lambda: not any(state(place)[name] for name in ("active", "in_transaction")), 30)
    figures = {"seconds": seconds, "clients": clients, "rows": truth.rows, **storm.figures(), "clients_that_hang": hung,
               "no_query_left": calm, "before": before, "after": state(place)}
    print(json.dumps(figures, indent=1))
    write_report("storm", figures)
    return 0 if calm and not hung and not figures["faults"] else 1


class Storm:
    """What the clients met, by kind of request."""

    def __init__(self, place, truth, until):
        self.place, self.truth, self.until = place, truth, until
        self.met, self.faults, self.times = Counter(), Counter(), {kind: [] for kind in MIX}
        self.away = (0.0, 0.0)
        self.lock = threading.Lock()

    def client(self, number):
        client = Client(self.place.url, self.truth, number)
        while time.monotonic() < self.until:
            kind, = client.luck.choices(list(MIX), MIX.values())
            begin = time.monotonic()
            try:
                met = getattr(client, kind)()
            except (requests.RequestException, OSError) as error:
                met = f"broken off: {type(error).__name__}: {error}"[:200]
            self.note(kind, met, begin, time.monotonic())
            time.sleep(client.luck.expovariate(1 / PAUSE))

    def note(self, kind, met, begin, end):
        """Count a request; what fails while the database is away, or of one who did wrong, is no fault."""
        broken = met.startswith("broken off")
        away = begin < self.away[1] and end > self.away[0]
        with self.lock:
            self.times[kind].append(end - begin)
            if (broken or met == "away") and away:
                self.met[f"{kind}: failed while the database was away"] += 1
            elif broken and kind in ("abort", "garbage"):
                self.met[f"{kind}: cut off"] += 1
            elif met in ("right", "left", "refused") or (met == "error" and kind not in HONEST):
                self.met[f"{kind}: {met}"] += 1
            else:
                self.faults[f"{kind}: {met}"] += 1

    def restart(self):
        """Restart PostgreSQL as an operator does."""
        begin = time.monotonic()
        self.away = (begin, begin + 1e9)
        cluster.stop(self.place)
        cluster.start(self.place)
        self.restarted = time.monotonic() - begin
        self.away = (begin, time.monotonic() + AFTERWARDS)

    def figures(self):
        """Counts, faults, and times of answers in milliseconds."""
        times = {kind: sorted(found) for kind, found in self.times.items() if found}
        return {"restart_seconds": round(self.restarted, 2), "requests": sum(self.met.values()) + self.faults.total(),
                "met": dict(sorted(self.met.items())), "faults": dict(self.faults.most_common(30)),
                "p50_ms": {kind: round(1000 * found[len(found) // 2]) for kind, found in times.items()},
                "p95_ms": {kind: round(1000 * found[len(found) * 19 // 20]) for kind, found in times.items()}}


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:2]), *map(int, sys.argv[2:3])))
