"""Loading against the database's floor, and whether a cone takes longer in a larger table: results/partitions.json.

Loading: so many rows of the release of ten million go into as many partitions as they are given by etc/store.yaml, by
``publish.fill`` from Parquet files, and bare: psql sends prepared files of the same rows, one each to as many
connections at the same time, with BEGIN, CREATE TABLE, \\copy, COMMIT, which writes no log. Both commit to disk. They
take turns; rates are those of the fastest turn, and all are told: where the machine has other work (load_average), the
seconds of processors say more than those of the clock.

Cones: around sources drawn at random, of a radius that holds as many of them in each table; the time of the database
over one connection, rows fetched with all columns.
"""

import os
import resource
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from benchmarks.report import write_report
from benchmarks.served_table import release_of, served
from processing.publish import cluster, store
from processing.publish.copy_format import HEADER, TRAILER, encode_parts
from processing.publish.fill import batches_of, fill
from processing.publish.homes import homes_of
from processing.publish.partitions import count_of_partitions, cuts, parts_of
from processing.publish.store import table_sql
from processing.schema import load_table

PSC = load_table("psc")
LOADED = 3_000_000
"""Rows, at least, of those files that are loaded."""

TURNS = 3
SIZES = (1_000_000, 3_000_000, 10_000_000)
CONES = 400
RADIUS = 0.1
"""deg, in the table of ten million: twenty sources on average."""

SCHEMA = "bench_partitions"


def main():
    """Measure, print and write the figures."""
    place = served()
    figures = {"load_average": os.getloadavg(), "loading": loading(place), "cones": {}}
    for rows in SIZES:
        with _table(place, rows) as (name, seconds):
            figures["cones"][str(rows)] = {"loaded_s": seconds, **questions(place, name, rows)}
            print(rows, figures["cones"][str(rows)], flush=True)
    write_report("partitions", figures)


def loading(place):
    """Rows a second, ours and bare; in seconds of the clock and of processors."""
    files, rows = _some_files()
    parts = count_of_partitions(PSC, rows)
    where = cuts(files, rows, parts)
    turns = {"ours": [], "bare": [], "ours, indexed": []}
    with tempfile.TemporaryDirectory(dir=place.state.parent) as folder:
        Path(folder).chmod(0o755)
        prepared = _prepare(files, where, parts, Path(folder))
        for _ in range(TURNS):
            turns["bare"].append(_timed(place, lambda: _bare(place, prepared)))
            turns["ours"].append(_timed(place, lambda: _ours(place, files, where, lambda name: ())))
        turns["ours, indexed"].append(
            _timed(place, lambda: _ours(place, files, where, lambda name: store._index_sql(name, PSC))))
    best = {what: {kind: min(turn[kind] for turn in each) for kind in each[0]} for what, each in turns.items()}
    figures = {"rows": rows, "connections": len(where) + 1, "turns": turns,
               "rows_a_second": {what: round(rows / each["clock"]) for what, each in best.items()},
               "ours_to_bare": {kind: round(best["ours"][kind] / best["bare"][kind], 2) for kind in best["bare"]}}
    print(figures, flush=True)
    return figures


def _some_files():
    """Files of the release that hold enough rows, and how many these are."""
    import pyarrow.parquet as pq

    files, rows = [], 0
    for file in release_of(SIZES[-1]).parquet_files("psc"):
        if rows < LOADED:
            files.append(file)
            rows += pq.read_metadata(file).num_rows
    return files, rows


def _prepare(files, where, parts, folder):
    """The rows of each partition as a file that COPY takes."""
    paths = [folder / f"{number}.copy" for number in range(parts)]
    with ExitStack() as stack:
        out = [stack.enter_context(open(path, "wb")) for path in paths]
        for each in out:
            each.write(HEADER)
        for file in files:
            for batch in batches_of(file, PSC):
                for number, _, data in encode_parts(batch, PSC.columns, parts_of(batch, where)):
                    out[number].write(data)
        for each in out:
            each.write(TRAILER)
    return paths


def _timed(place, work):
    """Seconds for ``work``, between an empty schema and its removal: of the clock, of the processors that clients
    used, and of those that the database used."""
    with cluster.connect(place, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {SCHEMA} AUTHORIZATION gavoadmin")
        connection.execute("CHECKPOINT")
        before = _seconds(place)
        work()
        time.sleep(0.2)  # until the connections' processes are counted, which end when they are told to
        seconds = {kind: round(after - before[kind], 2) for kind, after in _seconds(place).items()}
        connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
    return seconds | {"processors": round(seconds["client"] + seconds["database"], 2)}


def _seconds(place):
    """Of the clock; of processors that this process and its children used, and the ended processes of the database."""
    fields = Path(f"/proc/{cluster.pid(place)}/stat").read_text().rpartition(")")[2].split()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {"clock": time.perf_counter(), "client": sum(one.ru_utime + one.ru_stime for one in used),
            "database": (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")}


def _bare(place, prepared):
    """A psql for each file, all at the same time."""
    running = []
    for number, path in enumerate(prepared):
        name = f"{SCHEMA}.bare_{number}"
        script = (f"BEGIN;\n{table_sql(PSC, name)};\n"
                  f"\\copy {name} FROM '{path}' (FORMAT BINARY)\nCOMMIT;\n")
        process = subprocess.Popen(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", place.dsn()], stdin=subprocess.PIPE,
                                   text=True)
        process.stdin.write(script)
        process.stdin.close()
        running.append(process)
    if any([process.wait() for process in running]):
        raise RuntimeError("psql failed")


def _ours(place, files, where, indexes):
    def create(number):
        name = f"{SCHEMA}.psc_p{number:02d}"
        return name, table_sql(PSC, name)

    homes = homes_of(place.dsn(), SCHEMA, len(where) + 1)
    fill(homes, create, PSC, files, where, indexes, lambda rows: None, lambda step: None)


@contextmanager
def _table(place, rows):
    """The name of a store's point sources, and the seconds in which it was loaded with all indexes (None when it was
    there); one that was not there is gone afterwards."""
    release = release_of(rows)
    with cluster.connect(place, autocommit=True) as connection:
        name = store.store_name(release)
        known = name in store.stores(connection)
        begin = time.perf_counter()
        store.load(connection, release, lambda rows: None, lambda step: None)
        seconds = None if known else round(time.perf_counter() - begin, 1)
        try:
            yield f"{name}.psc", seconds
        finally:
            if not known:
                store.drop(connection, name)


def questions(place, name, rows):
    """Percentiles (ms) of the time of kinds of questions, after as many that warm up."""
    radius = RADIUS * (SIZES[-1] / rows) ** 0.5
    with cluster.connect(place, autocommit=True) as connection:
        connection.execute("SET enable_seqscan = off")  # as DaCHS does for such queries
        places = connection.execute(f"SELECT ra, dec, designation, pts_key FROM {name} WHERE pts_key = ANY(%s)",
                                    (_keys(rows),)).fetchall()
        kinds = {
            "join": [f"SELECT * FROM {name} WHERE q3c_join({ra}, {dec}, ra, dec, {radius})"
                     for ra, dec, _, _ in places],
            "radial": [f"SELECT * FROM {name} WHERE q3c_radial_query(ra, dec, {ra}, {dec}, {radius})"
                       for ra, dec, _, _ in places],
            "designation": [f"SELECT * FROM {name} WHERE designation = '{text}'" for _, _, text, _ in places],
            "pts_key": [f"SELECT * FROM {name} WHERE pts_key = {key}" for _, _, _, key in places],
        }
        figures = {kind: _times(connection, queries) for kind, queries in kinds.items()}
        begin = time.perf_counter()
        connection.execute(f"SELECT count(*) FROM {name}").fetchone()
    return {"radius_deg": round(radius, 4), **figures, "count_s": round(time.perf_counter() - begin, 2)}


def _keys(rows):
    """Keys are 1 to rows."""
    return np.random.default_rng(4).integers(1, rows + 1, CONES).tolist()


def _times(connection, queries):
    seconds, found = [], 0
    for turn in range(2):
        for query in queries:
            begin = time.perf_counter()
            found += len(connection.execute(query, binary=True).fetchall()) * turn
            seconds.append(time.perf_counter() - begin)
    seconds = 1000 * np.array(seconds[len(queries):])
    return {**{f"p{share}_ms": round(float(np.percentile(seconds, share)), 2) for share in (10, 50, 95)},
            "rows": round(found / len(queries), 1)}


if __name__ == "__main__":
    main()
