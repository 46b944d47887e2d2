"""Large tables are cut: partitions by ranges of ``q3c_ang2ipix(ra, dec)``, each with about as many rows.

Pixels of q3c are not equal in area, nor is the sky evenly filled: the cuts are quantiles of a sample of the positions.
The conditions that DaCHS writes for circles hold ranges of the same number, so that PostgreSQL looks into the few
partitions that they touch, and at the index of these.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from processing.config.read import number, read_sections
from processing.publish.sky_number import END, sky_numbers

STORE_FILE = Path(__file__).parents[2] / "etc" / "store.yaml"

SKY_NUMBER = "q3c_ang2ipix(ra, dec)"
"""What the database sorts positions by."""

SAMPLE = 2000
"""Positions a partition in the sample of which the cuts are taken: partitions differ by some 1/sqrt(2000), 2%."""


@dataclass(frozen=True)
class Partitions:
    """Which tables are cut, and how small."""

    from_rows: int = number("row")
    rows: int = number("row")
    most: int = number("")


@dataclass(frozen=True)
class Servers:
    """Where partitions are besides the site's own database."""

    others: tuple = number("")


@dataclass(frozen=True)
class StoreSettings:
    """All sections of the file."""

    partitions: Partitions
    servers: Servers


def store_settings():
    """``etc/store.yaml``; SurveyError names the key that is unknown, missing or in another unit."""
    return _read(STORE_FILE)


@cache
def _read(path):
    return read_sections(StoreSettings, path, "reason")


def count_of_partitions(table, rows):
    """Into how many partitions a table of so many rows is cut; 0 for one that stays in one piece."""
    rules = store_settings().partitions
    if rows < rules.from_rows or not can_be_cut(table):
        return 0
    return min(-(-rows // rules.rows), rules.most)


def can_be_cut(table):
    """Whether a table has positions, and keys of which each has a bit in memory while they are compared."""
    return {"ra", "dec"} <= set(table.names) and table.column(table.primary_key).datatype in ("short", "int")


def cuts(files, rows, partitions):
    """The numbers at which the next partition begins, int64, sorted: at most ``partitions`` - 1 different ones.

    ``files``: Parquet files with ``rows`` rows in all, of which every so-manieth is looked at.
    """
    step = max(rows // (SAMPLE * partitions), 1)
    sample = np.sort(np.concatenate([_numbers_in(file, step) for file in files]))
    return np.unique(sample[len(sample) * np.arange(1, partitions) // partitions])


def _numbers_in(file, step):
    """Sky numbers of every ``step``-th row."""
    from processing.formats.parquet import read_columns

    found = read_columns(file, ["ra", "dec"])
    return sky_numbers(*(found[name].to_numpy()[::step] for name in ("ra", "dec")))


def parts_of(batch, cuts):
    """Number of the partition of each row of a RecordBatch with ``ra`` and ``dec``."""
    numbers = sky_numbers(batch.column("ra").to_numpy(), batch.column("dec").to_numpy())
    return np.searchsorted(cuts, numbers, side="right")


def ranges(cuts):
    """Of each partition the first number, and the first of the next.

    The first begins at 0 and the last has an end, as the numbers have: q3c writes a range that it does not need as
    "from 1 to -1", for which the planner would look into a partition without a beginning.
    """
    edges = [0, *(int(cut) for cut in cuts), END]
    return list(zip(edges[:-1], edges[1:]))


def bound_sql(begin, end):
    """The words that attach a partition."""
    return f"FOR VALUES FROM ({begin}) TO ({end})"


def check_sql(begin, end):
    """The same as a condition on each row; with it the database attaches the partition without reading its rows."""
    return f"{SKY_NUMBER} IS NOT NULL AND {SKY_NUMBER} >= {begin}::bigint AND {SKY_NUMBER} < {end}::bigint"
