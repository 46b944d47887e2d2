"""Whole tables by TAP: seconds, rows a second, first byte and memory, of DaCHS alone, of ours, and of bare COPY.

    python -m benchmarks.bench_answers_bulk [ROWS ...]

The same rows of 60 columns each time, by curl and psql into /dev/null; COPY (FORMAT binary) before each answer, as
other work on the machine changes how fast it is. Memory is the largest of the server's process during the answer.
Writes results/answers_bulk.json.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.report import write_report
from benchmarks.served_table import bench_site, served
from benchmarks.server_state import state
from processing.publish import cluster, serve, server

FORMATS = {"BINARY2": "votable/b2", "CSV": "csv", "Parquet": "parquet", "FITS": "fits"}
ROWS = (100_000, 1_000_000)
REPEATS, FEW = 3, 200_000
"""Of each measurement with few rows; one of those with more."""


def main():
    """Measure, print and write the figures."""
    sizes = [int(word) for word in sys.argv[1:]] or ROWS
    place = served(max(sizes))
    figures = {}
    for how in ("stock", "ours"):
        restart(place, how)
        for rows in sizes:
            for name, form in FORMATS.items():
                if how == "stock" and name in ("FITS", "Parquet") and rows > FEW:
                    continue  # DaCHS holds all of it, some 5 kB a row
                figures[f"{name}, {rows} rows, {how}"] = told = measured(place, form, rows)
                print(f"{name:8} {rows:>9} rows, {how:5} {told}", flush=True)
                other = figures.get(f"{name}, {rows} rows, stock", told)
                assert abs(told["megabytes"] / other["megabytes"] - 1) < 0.01, "an answer is not whole"
    write_report("answers_bulk", {"columns": 60, "cores": os.cpu_count(), **figures, "compared": compared(figures)})


def restart(place, how):
    """The server anew, as it is or as DaCHS alone; asked once, that it has read its descriptors."""
    os.environ["TWOMASS_STOCK"] = "1" if how == "stock" else "0"
    with serve.starting(place):
        serve.start_server(place, restart=True)
    answered(place, "csv", 10)


def measured(place, form, rows):
    """Medians of what an answer takes, and of COPY just before."""
    told = []
    for _ in range(REPEATS if rows <= FEW else 1):
        floor = copied(place, rows)
        Path(f"/proc/{server.pid(place)}/clear_refs").write_text("5")  # the peak begins anew
        before = state(place)["server_mb"]
        told.append({"copy_seconds": floor, **answered(place, form, rows), "before_mb": before,
                     "peak_mb": state(place)["server_peak_mb"]})
    middle = {name: round(statistics.median(each[name] for each in told), 3) for name in told[0]}
    return {**middle, "rows_a_second": round(rows / middle["seconds"]),
            "of_copy": round(statistics.median(each["seconds"] / each["copy_seconds"] for each in told), 2)}


def copied(place, rows):
    """Seconds of COPY of the rows in binary."""
    begin = time.perf_counter()
    command = [cluster.program(place, "initdb").with_name("psql"), place.dsn("gavo"), "-qc",
               f"COPY (SELECT * FROM twomass.psc LIMIT {rows}) TO STDOUT (FORMAT binary)"]  # fmt: skip
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def answered(place, form, rows):
    """What curl tells of the answer."""
    asked = {"LANG": "ADQL", "MAXREC": rows, "FORMAT": form, "QUERY": "SELECT * FROM twomass.psc"}
    told = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{time_total} %{time_starttransfer} "
                           "%{size_download}", f"{place.url}/tap/sync", *(word for name, value in asked.items()
                           for word in ("--data-urlencode", f"{name}={value}"))], capture_output=True, text=True)
    status, seconds, first, size = told.stdout.split()
    assert status == "200" and not told.returncode, told
    return {"seconds": float(seconds), "first_byte": float(first), "megabytes": float(size) / 1e6}


def compared(figures):
    """How many times as fast as DaCHS alone, where both were measured."""
    return {name.removesuffix(", ours"): round(figures[name.replace("ours", "stock")]["seconds"] / told["seconds"], 1)
            for name, told in figures.items() if name.endswith("ours") and name.replace("ours", "stock") in figures}


if __name__ == "__main__":
    try:
        main()
    finally:
        os.environ["TWOMASS_STOCK"] = "0"
        if server.pid(bench_site()):
            restart(bench_site(), "ours")
