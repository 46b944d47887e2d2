"""The files of the table in a release folder: level1.json, level1.parquet and level1.html, put there in one step."""

import json
import os
from pathlib import Path

import numpy as np

from processing import __version__
from processing.formats.parquet import write_parquet
from processing.formats.tables import make_table
from processing.formats.whole import whole_folder
from processing.release.manifest import MANIFEST, read_release, write_manifest
from processing.schema import BANDS, load_table
from processing.validate.requirements import REQUIREMENTS
from processing.validate.verdict import agrees, needed, overall, tensions, verdict

FILES = ("level1.json", "level1.parquet", "level1.html")
DIGITS = 9
"""Significant digits: far more than any figure has, enough for a place on the sky, and the same on every machine."""


def level1_rows(figures):
    """Rows of the table level1, as dictionaries of plain values, in order."""
    return [_row(number, *pair) for number, pair in enumerate(zip(figures, tensions(figures)), start=1)]


def _row(number, figure, tension):
    asked = {one.item: one for one in REQUIREMENTS}[figure.item]
    estimate = figure.estimate
    numbers = {"measured": estimate.value, "error": estimate.error, "low": estimate.low, "high": estimate.high}
    numbers = {name: plain(value if estimate.known else np.nan) for name, value in numbers.items()}
    return {
        "level1_key": number, "item": figure.item, "category": asked.category, "requirement": asked.text,
        "quantity": figure.quantity, "band": None if figure.band is None else BANDS[figure.band].name,
        "basis": figure.basis, **numbers, "unit": figure.unit, "objects": int(estimate.objects),
        "needed": needed(figure), "sense": figure.sense, "threshold": figure.threshold, "reached": asked.reached,
        "verdict": verdict(figure),
        "tension": plain(tension), "method": figure.method,
    }  # fmt: skip


def plain(value):
    """A value as JSON has it: numbers rounded to significant digits, None for NaN, arrays as lists."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(one) for one in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def summary(release, figures, caveats, preview):
    """All of it as level1.json has it; ``preview``: see ``processing.validate.preview``."""
    rows = level1_rows(figures)
    for row, figure in zip(rows, figures):
        row |= {"measure": figure.measure, "agrees": agrees(row["tension"]), "detail": plain(figure.detail)}
    requirements = []
    for one in REQUIREMENTS:
        own = [figure for figure in figures if figure.item == one.item]
        requirements.append({"item": one.item, "category": one.category, "name": one.name, "requirement": one.text,
                             "reached": one.reached, "verdict": overall(own)})  # fmt: skip
    return {"release": release.name, "version": __version__, "created": release.created, "requirements": requirements,
            "figures": rows, "preview": plain(preview), "caveats": list(caveats)}  # fmt: skip


def write_level1(release, content):
    """Put the files of ``content`` (``summary``) into the folder of ``release``; returns the Release as it is then.

    A folder of links to the same files takes the place of the old one, so that it is always whole.
    """
    from processing.validate.page import page

    path = Path(os.path.realpath(release.path))
    with whole_folder(path, MANIFEST) as folder:
        kept = {name: mark for name, mark in release.files.items() if name not in FILES}
        for name in kept:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.link(path / name, folder / name)
        (folder / "level1.json").write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
        (folder / "level1.html").write_text(page(content), encoding="utf-8")
        table = load_table("level1")
        rows = [{name: row[name] for name in table.names} for row in content["figures"]]
        columns = {name: [row[name] for row in rows] for name in table.names}
        write_parquet(folder / "level1.parquet", make_table(columns, table), table)
        manifest = {**release.content, "files": kept, "rows": {**release.rows, "level1": len(rows)}}
        write_manifest(folder, manifest)
    return read_release(release.path)
