"""The status table of a night: a row a sequence, with what became of it and why."""

import json

from astropy.table import Table

from processing.formats.raw_night import LETTERS
from processing.formats.whole import whole_file
from processing.night.units import unit_name
from processing.engine.records import DONE, FAILED, PARTIAL

WAITING = "waiting"
"""Not settled yet: the run goes on, or was stopped."""

COLUMNS = {"seq": int, "type": str, "tile": str, "state": str, "reason": str, "rows": int, "extended": int,
           "seconds": float, "memory": float}  # fmt: skip


def status_rows(night, outcomes):
    """Rows (dicts of ``COLUMNS``) of the sequences of a Night; ``outcomes``: unit -> Outcome, as far as there are.

    ``state``: done, partial (bands or extended sources are missing), failed or waiting; ``reason``: why, or what else
    is wrong; ``rows``: of points.parquet, 0 when there is none; ``extended``: the same of extended.parquet;
    ``seconds``, ``memory`` (GB): what measuring and finishing took, 0 for darks and flats.
    """
    return [_scan(night, row, outcomes) if row.on_sky else _still(night, row, outcomes) for row in night.sequences]


def _scan(night, row, outcomes):
    parts = [outcomes.get(unit_name(night.name, *one)) for one in (
        ("stars", row.seq), ("places", row.seq), *(("measured", (row.seq, band)) for band in LETTERS),
        ("extended", row.seq), ("scan", row.seq))]  # fmt: skip
    settled, last = [part for part in parts if part is not None], parts[-1]
    return {
        "seq": row.seq, "type": row.type, "tile": row.tile, "state": last.state if last else WAITING,
        "reason": last.reason if last else "", "rows": last.numbers.get("rows", 0) if last else 0,
        "extended": last.numbers.get("extended", 0) if last else 0,
        "seconds": round(sum(part.seconds for part in settled), 1),
        "memory": max((part.memory for part in settled), default=0.0),
    }  # fmt: skip


def _still(night, row, outcomes):
    found = [outcomes.get(unit_name(night.name, "detector", band)) for band in LETTERS]
    settled = [outcome for outcome in found if outcome is not None]
    reasons = [outcome.numbers.get("refused", {}).get(str(row.seq), "") if outcome.usable else outcome.reason
               for outcome in settled]  # fmt: skip
    bad = sum(map(bool, reasons))
    state = WAITING if not settled else DONE if not bad else PARTIAL if bad < len(settled) else FAILED
    return {"seq": row.seq, "type": row.type, "tile": row.tile, "state": state,
            "reason": "; ".join(dict.fromkeys(filter(None, reasons))), "rows": 0, "extended": 0, "seconds": 0.0,
            "memory": 0.0}  # fmt: skip


def write_status(path, night, outcomes):
    """Write the table as ECSV."""
    rows = status_rows(night, outcomes)
    table = Table({name: [kind(row[name]) for row in rows] for name, kind in COLUMNS.items()}, dtype=None)
    table["seconds"].unit, table["memory"].unit = "s", "Gbyte"
    with whole_file(path) as partial:
        table.write(partial, format="ascii.ecsv", overwrite=True)


def read_status(path):
    """The rows of a status table, dicts."""
    table = Table.read(path, format="ascii.ecsv")
    columns = {name: table[name].filled("") if table[name].dtype.kind == "U" and hasattr(table[name], "filled")
               else table[name] for name in table.colnames}  # fmt: skip
    return [dict(zip(columns, json.loads(json.dumps(values))))
            for values in zip(*(column.tolist() for column in columns.values()))]  # fmt: skip
