"""The release folder of a made-up survey, and the truth beside it."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from processing.formats.parquet import write_parquet
from processing.formats.tables import make_table
from processing.release.manifest import read_release, write_manifest
from processing.schema import load_table

NUMBERS = {"short": 0, "int": 0, "long": 0, "float": 0.0, "double": 0.0}


def write_release(folder, made, apparitions=True):
    """Write the release ``folder`` of a Made survey; returns the Release."""
    points = _points(made.catalog)
    files = {"psc/dataset/Norder=0/Dir=0/Npix=4.parquet": (points, "psc"),
             "scans.parquet": (_scans(made.scans), "scans"), "atlas.parquet": (load_empty("atlas"), "atlas")}
    if apparitions:
        files["apparitions/all.parquet"] = made.apparitions, "apparitions"
    for name, (table, schema) in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        index = np.arange(len(table)) if schema == "psc" else None
        write_parquet(folder / name, table, load_table(schema), index=index)
    rows = {schema: len(table) for table, schema in files.values()}
    write_manifest(folder, {
        "name": "made", "version": "test", "created": "2026-01-01T00:00:00+00:00", "settings": {}, "inputs": [],
        "rows": rows, "rows_by_step": [], "rules_skipped": [{"rule": "profile", "why": "none was needed"}],
        "supersedes": None,
        "left_out": [{"work": "s099", "scan": "990131n scan 099", "why": "no stars", "type": "sci"}]})  # fmt: skip
    return read_release(folder)


def write_truth(folder, made):
    """Write the truth as the simulation does, all on one tile."""
    sky = made.truth
    (folder / "tile").mkdir(parents=True)
    (folder / "simulation.json").write_text(json.dumps({"settings": {}}))
    columns = {"id": np.arange(len(sky)), "ra": sky.ra, "dec": sky.dec, **dict(zip("jhk", sky.mag.T))}
    pq.write_table(pa.table(columns), folder / "tile" / "stars.parquet")
    empty = {name: values[:0] for name, values in columns.items()}
    pq.write_table(pa.table({**empty, "reff": np.zeros(0)}), folder / "tile" / "galaxies.parquet")
    return folder


def load_empty(name):
    from processing.formats.tables import empty_table

    return empty_table(load_table(name))


def _points(catalog):
    """All columns of the catalog: what the survey does not make up is zero or null."""
    rows, known = len(catalog), {"prox": pa.nulls(len(catalog)), "pts_key": np.arange(1, len(catalog) + 1)}
    columns = {}
    for column in load_table("psc").columns:
        if column.name in known:
            columns[column.name] = known[column.name]
        elif column.name in catalog.column_names:
            columns[column.name] = catalog[column.name]
        elif column.nullable:
            columns[column.name] = pa.nulls(rows)
        else:
            columns[column.name] = [NUMBERS.get(column.datatype, "0" * (column.length or 1))] * rows
    return make_table(columns, load_table("psc"))


def _scans(rows):
    table = load_table("scans")
    rows = [{**row, "scan_key": n} for n, row in enumerate(rows, 1)]
    return make_table({name: [row[name] for row in rows] for name in table.names}, table)
