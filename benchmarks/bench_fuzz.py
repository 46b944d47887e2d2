"""Ten thousand queries that nobody would write: valid, broken and hostile, from a seed.

    python -m benchmarks.bench_fuzz [NUMBER] [SEED]

Every answer has to be a table or an error in a VOTable, with a status that says whose fault it is, in a time that the
limits allow; what is published has the same checksum afterwards. Writes results/fuzz.json.
"""

import json
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import requests

from benchmarks.queries import query
from benchmarks.report import write_report
from benchmarks.server_state import state
from processing.publish import cluster
from processing.publish.site import site

LEAKS = ("Traceback", "dist-packages", "psycopg2", "CURSOR", "\nLINE 1", "CONTEXT:", "object has no", "[Errno",
         "uwsjobs",
         "NoneType")  # fmt: skip
"""Words that no answer has, unless the query has them."""

CLIENTS = 6

PATIENCE = 45
"""Seconds for an answer: the limit of a query, and its turn."""


def main(number=10_000, seed=1):
    """Ask, print, write."""
    place = site()
    before, checksum = state(place), checksums(place)
    luck = random.Random(seed)
    queries = [query(luck) for _ in range(number)]
    begin = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as clients:
        met = list(clients.map(lambda text: ask(place.url, text), queries))
    faults = [(kind, text[:2000]) for (kind, _), text in zip(met, queries) if kind not in GOOD]
    slowest = sorted(((seconds, text[:300]) for (_, seconds), text in zip(met, queries)), reverse=True)[:5]
    figures = {
        "queries": number, "seed": seed, "seconds": round(time.monotonic() - begin),
        "met": dict(Counter(kind for kind, _ in met).most_common(30)), "faults": faults[:20], "slowest": slowest,
        "data_unchanged": checksums(place) == checksum, "before": before, "after": state(place),
    }  # fmt: skip
    print(json.dumps(figures, indent=1))
    write_report("fuzz", figures)
    return 0 if not faults and figures["data_unchanged"] else 1


GOOD = {"a table", "an error of the user (400)", "too long or too much (400)", "out of time (400)",
        "not translated (400)"}  # fmt: skip


def ask(url, text):
    """What became of a query, and seconds."""
    begin = time.monotonic()
    try:
        answer = requests.post(f"{url}/tap/sync", {"LANG": "ADQL", "QUERY": text, "MAXREC": "50",
                                                   "FORMAT": "votable/td"},
                               timeout=PATIENCE)
        kind = judged(answer, text)
    except requests.RequestException as error:
        kind = f"no answer: {type(error).__name__}"
    return kind, round(time.monotonic() - begin, 2)


def judged(answer, text):
    """What an answer is, in words; what is not in GOOD is a fault."""
    from astropy.io.votable import parse

    leaks = [word for word in LEAKS if word in answer.text and word not in text]
    if leaks:
        return f"leaks {leaks}: {answer.text[:300]}"
    try:
        status, = [info for resource in parse(BytesIO(answer.content), verify="ignore").resources
                   for info in resource.infos if info.name == "QUERY_STATUS"][:1]
    except Exception as error:  # noqa: BLE001 -- whatever the parser finds wrong
        return f"no VOTable ({answer.status_code}): {type(error).__name__} {error}: {answer.text[:200]}"
    if answer.status_code == 200 and status.value in ("OK", "OVERFLOW"):
        return "a table"
    if answer.status_code == 400 and status.value == "ERROR":
        said = status.content or ""
        return ("too long or too much (400)" if "at most" in said else "out of time (400)" if "took" in said else
                "not translated (400)" if "cannot translate" in said else "an error of the user (400)")
    return f"status {answer.status_code}, {status.value}: {(status.content or '')[:200]}"


def checksums(place):
    """Of each published table, a number of all its rows; of DaCHS's own tables about them, too."""
    most = 3_000_000
    with cluster.connect(place) as connection:
        names = [name for name, in connection.execute("SELECT table_name FROM tap_schema.tables ORDER BY table_name")]
        return {name: connection.execute(f"SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM "
                                         f"(SELECT * FROM {name} LIMIT {most}) AS t").fetchone() for name in names}


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
