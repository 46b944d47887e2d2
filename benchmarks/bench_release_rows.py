"""From a working database to a release, a million rows and ten: rows a second on two cores, and memory.

The scans are made up (processing.release.tests.scan_folders): about 50,000 rows each, tiles that overlap, columns
scattered as real ones. Beside it the plain rate: each of the same Parquet files read and written, two at a time. Memory
is the largest of the main process and of a worker; what they share with others, as files mapped into memory, is apart.
Arguments: other numbers of rows. Writes results/release_rows.json.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import psutil

from benchmarks.report import write_report
from processing.formats.parquet import read_parquet, write_parquet
from processing.release import read_release
from processing.release.tests.scan_folders import make_scan
from processing.schema import load_table

ROWS = (1_000_000, 10_000_000)
SCAN_ROWS, FOUND, COLUMNS, WORKERS, PAUSE = 50_000, 46_000, 50, 2, 0.2
"""Stars of a scan and how many of them it lists at least; tiles side by side; processes; s between looks at memory."""

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "ARROW_NUM_THREADS": "1"}


def main(counts=ROWS):
    figures = {"workers": WORKERS, "stars_of_a_scan": SCAN_ROWS, "runs": []}
    for rows in counts:
        with tempfile.TemporaryDirectory(prefix="twomass-rows-") as folder:
            figures["runs"].append(one_run(Path(folder), rows))
        print(figures["runs"][-1], flush=True)
    write_report("release_rows", figures)


def one_run(folder, rows):
    """The figures for at least so many ``rows``; ``folder`` is empty."""
    works = make_works(folder / "work", -(-rows // FOUND))
    plain, plain_processor = plain_copy(works, folder / "plain")
    out = folder / "release"
    seconds, processor, memory = watch([sys.executable, "-m", "processing.cli", "release", str(folder / "work"),
                                        "--out", str(out), "--workers", str(WORKERS)])  # fmt: skip
    release = read_release(out)
    release.verify()
    read = release.rows_by_step[0]["rows"]
    return {
        "scans": len(works), "rows_read": read, "rows_written": release.rows["psc"], "files": len(release.files),
        "apparitions": release.rows["apparitions"], "seconds": round(seconds, 1), "rows_per_s": round(read / seconds),
        "processor_s": round(processor, 1), "rows_per_processor_s": round(read / processor),
        "plain_seconds": round(plain, 1), "plain_rows_per_s": round(read / plain),
        "plain_rows_per_processor_s": round(read / plain_processor), **memory,
    }  # fmt: skip


def make_works(root, scans):
    """The folders of so many scans."""
    with _pool() as pool:
        return list(pool.map(partial(_make, root), range(scans)))


def _make(root, number):
    return make_scan(root, *divmod(number, COLUMNS), SCAN_ROWS)


def plain_copy(works, out):
    """Seconds, and seconds of the processors, to read and write the points of all folders."""
    out.mkdir()
    with _pool() as pool:
        list(pool.map(load_table, ["psc"] * WORKERS))
        begin = time.perf_counter()
        used = sum(pool.map(_copy, works, [out / f"{n}.parquet" for n in range(len(works))]))
        return time.perf_counter() - begin, used


def _copy(work, target):
    psc, begin = load_table("psc"), time.process_time()
    write_parquet(target, read_parquet(work / "points.parquet", psc, "extract"), psc, "extract")
    return time.process_time() - begin


def _pool():
    return ProcessPoolExecutor(WORKERS, get_context("spawn"))


def watch(command):
    """Run a command: seconds, processor seconds of it and all below it, and the largest memory (MB)."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(command, env=os.environ | ENVIRONMENT, stdout=subprocess.DEVNULL)
    main_memory, worker_memory = {}, {}
    while process.poll() is None:
        _look(process.pid, main_memory)
        for child in _below(process.pid):
            _look(child, worker_memory)
        time.sleep(PAUSE)
    seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    names = {f"{who}_{what}_mb": round(memory.get(what, 0) / 1e6) for who, memory in
             (("main", main_memory), ("worker", worker_memory)) for what in ("own", "all")}  # fmt: skip
    return seconds, used, names


def _below(pid):
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _look(pid, largest):
    """Note the memory of a process, that which it does not share (own) and all, where it is larger than before."""
    try:
        found = psutil.Process(pid).memory_info()
    except psutil.NoSuchProcess:
        return
    for name, value in (("own", found.rss - found.shared), ("all", found.rss)):
        largest[name] = max(largest.get(name, 0), value)


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or ROWS)
