"""Where a benchmark writes its figures, and what it says about where they come from."""

import json
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from processing import __version__

RESULTS = Path(__file__).parent / "results"


def write_report(name, figures):
    """Write ``figures`` (a dict) as ``results/<name>.json`` with date, version, commit and processor."""
    RESULTS.mkdir(exist_ok=True)
    about = {
        "benchmark": name, "date": datetime.now(UTC).isoformat(timespec="seconds"), "version": __version__,
        "commit": _commit(), "python": platform.python_version(), "machine": platform.machine(),
    }
    text = json.dumps({**about, **figures}, indent=1, default=lambda number: number.item())
    (RESULTS / f"{name}.json").write_text(text + "\n")


def _commit():
    answer = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=RESULTS, capture_output=True, text=True)
    return answer.stdout.strip() or None
