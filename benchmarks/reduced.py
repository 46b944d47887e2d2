"""What ``twomass reduce`` made of a benchmark night: runs it, and reads its points as a Measured list for each band."""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from astropy.table import Table

from benchmarks.judge import Measured
from processing.formats.raw_night import LETTERS, read_night
from processing.simulate.optics import tangent

NIGHTS = Path(__file__).parents[1] / "work" / "benchmark"
"""Where the nights are kept from one run to the next; git does not see it."""


def reduce(night, work, cores=None):
    """Run ``twomass reduce`` on the folder of a night; ``cores``: how many it may use (None: all). Returns seconds."""
    command = [sys.executable, "-m", "processing.cli", "reduce", str(night), "--out", str(work)]
    if cores is not None:
        command = ["taskset", "-c", ",".join(map(str, range(cores))), *command]
    begin = time.perf_counter()
    subprocess.run(command, check=True, cwd=Path(__file__).parents[1])
    return time.perf_counter() - begin


def again(night, work, seq, cores):
    """Reduce one scan again, on so many cores: the Scan of it."""
    shutil.rmtree(work / night.name / f"s{seq:03d}")
    elapsed = reduce(night, work, cores)
    records = sorted((work / night.name / "units").glob(f"*_{seq:03d}*.json"))
    extended = [path for path in records if path.stem.startswith("extended")]
    points = [path for path in records if path not in extended]
    return Scan(elapsed, busy(points), busy(extended), status(work / night.name)[seq])


@dataclass(frozen=True)
class Scan:
    """Seconds of a scan: ``elapsed`` (with the start of the program), in which units of work for its ``points`` ran,
    and that for its ``extended`` sources; ``row`` of the night's status."""

    elapsed: float
    points: float
    extended: float
    row: dict


def busy(records):
    """Seconds in which at least one of these units of work ran; ``records``: paths."""
    total, until = 0.0, 0.0
    for begin, end in sorted(map(_ran, records)):
        total += max(end - max(begin, until), 0.0)
        until = max(until, end)
    return total


def _ran(record):
    end = record.stat().st_mtime
    return end - json.loads(record.read_text())["seconds"], end


def status(folder):
    """Rows of the status table of a night by sequence."""
    return {row["seq"]: row for row in Table.read(folder / "status.ecsv", format="ascii.ecsv")}


def science(night):
    """The science scan of a night's folder, as its log has it."""
    return read_night(night).of_type("sci")[0]


def points(work, night, seq):
    """points.parquet of a scan, as arrays by column."""
    table = pq.read_table(work / night.name / f"s{seq:03d}" / "points.parquet")
    return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}


def measured(columns, band, centre):
    """The Measured list of a band: the sources with a magnitude and an error in it; ``centre``: that of the Answer."""
    mag, error = (columns[f"{band}_{name}"].astype(float) for name in ("m", "cmsig"))
    origin = np.array([int(flag[LETTERS.index(band)]) for flag in columns["rd_flg"]])
    seen = np.isfinite(mag) & np.isfinite(error) & (origin > 0)
    east, north = tangent(columns["ra"].astype(float), columns["dec"].astype(float), *centre)
    return Measured(east, north, mag, error, origin).select(seen)
