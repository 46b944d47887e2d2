"""Bulk files: rows a second printed, written compressed and read, turned into a release, and compared; on one core.

A million rows with the columns of the 683 real ones, at random places of a region of 30 by 8 degrees, in four files.
Seconds are those of the processor; memory is the largest of the process. Writes results/bulk.json.
"""

import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.report import write_report
from processing.formats.bulk_ascii import CHUNK, bulk_lines, read_bulk_blocks, write_bulk_ascii
from processing.formats.tests.real_rows import DATA, real_points
from processing.release.difference.cells import Summary, differences
from processing.release.published.from_bulk import release_from_bulk
from processing.release.sky.keys import with_column
from processing.schema import load_table
from vo_tests.made_up import made_up_points

ROWS, FILES = 1_000_000, 4


def main():
    """Measure, print and write the figures."""
    with tempfile.TemporaryDirectory(prefix="twomass-bulk-") as name:
        folder, psc = Path(name), load_table("psc")
        tables = [some_rows(n, ROWS // FILES) for n in range(FILES)]
        files = [folder / f"psc_{n}.gz" for n in range(FILES)]
        bulk_lines(tables[0].slice(0, 10), psc)  # compiled by now
        figures = {"rows": ROWS}
        batches = [batch for table in tables for batch in table.to_batches(max_chunksize=CHUNK)]
        figures["lines"] = rate(lambda: [bulk_lines(batch, psc) for batch in batches])
        figures["written"] = rate(lambda: [write_bulk_ascii(*pair, psc) for pair in zip(files, tables)])
        del tables, batches
        figures["read"] = rate(lambda: [len(block) for file in files for block in read_bulk_blocks(file, psc)])
        releases = []
        figures["release"] = rate(lambda: releases.append(release_from_bulk(files, folder / "release", workers=0)))
        figures["compared"] = rate(lambda: list(differences(*releases, *releases, Summary())))
        figures["bytes_of_a_row"] = round(sum(file.stat().st_size for file in files) / ROWS, 1)
    figures["memory_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
    print(figures)
    write_report("bulk", figures)


def some_rows(number, rows):
    """So many rows of the file of this number; keys and places are their own."""
    rng = np.random.default_rng(number)
    points = real_points() if DATA.is_dir() else made_up_points()
    table = points.take(rng.integers(0, len(points), rows)).combine_chunks()
    places = {"ra": rng.uniform(100, 130, rows), "dec": rng.uniform(0, 2, rows) + 2 * number}
    table = with_column(table, "pts_key", np.arange(rows) + number * rows + 1)
    for name, values in places.items():
        table = with_column(table, name, np.round(values, 6))
    return table


def rate(work):
    """Rows a second of the processor in which ``work`` does all rows."""
    start = time.process_time()
    work()
    return round(ROWS / (time.process_time() - start))


if __name__ == "__main__":
    main()
