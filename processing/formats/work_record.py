"""``scan.json``: what a folder of the working database says of itself, for fields and for whole scans."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from processing import __version__
from processing.config import survey
from processing.schema import BANDS, load_table

SCAN_FILE, POINTS_FILE, EXTENDED_FILE = "scan.json", "points.parquet", "extended.parquet"

SCAN_COLUMNS = [column.name for column in load_table("scans").columns if column.extra.get("known_from") != "release"]
IMAGE_COLUMNS = [name for name in load_table("atlas").names
                 if name not in ("atlas_key", "coadd_key", "scan_key", "points")]
"""What a scan and an image can say before a release."""


def stamp(stage):
    """The first keys of every record: version, stage, time of making."""
    return {"version": __version__, "stage": stage,
            "created": datetime.now(timezone.utc).isoformat(timespec="seconds")}  # fmt: skip


def settings():
    """The numbers of ``survey.yaml`` as they go into ``scan.json``."""
    return json.loads(json.dumps(asdict(survey())))


def write_record(folder, content):
    """Write ``scan.json`` into ``folder``; the content must be plain (``plain``)."""
    (Path(folder) / SCAN_FILE).write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")


def read_record(folder, stage):
    """Content of ``scan.json`` in ``folder``; None when there is none or another stage wrote it."""
    try:
        content = json.loads((Path(folder) / SCAN_FILE).read_text())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("stage") == stage else None


def plain_row(row, names):
    """The columns ``names`` of a row as JSON values."""
    return {name: plain(row[name]) for name in names}


def plain(value):
    """The same for JSON: numpy's numbers and arrays made Python's, what is not finite made null."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def quality_counts(points):
    """band letter -> {ph_qual character: rows}, of a table of points."""
    flags = points["ph_qual"].to_pylist()
    return {band.letter: dict(Counter(flag[band.index - 1] for flag in flags)) for band in BANDS}
