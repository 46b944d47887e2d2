"""What the first page of a release shows of it: where it is on the sky, and how many sources of what brightness."""

import numpy as np

from processing.release.scans.fields import night_name
from processing.schema import BANDS

STEP = 0.5


def preview(evidence):
    """Plain values: ``scans`` with corners and number of sources a square degree; ``counts`` of sources by band and
    magnitude; ``sources``, ``catalog_level``: numbers of them."""
    catalog = evidence.catalog
    return {"scans": [_scan(row) for row in evidence.scans], "counts": [_counts(catalog, k) for k in range(len(BANDS))],
            "sources": len(catalog), "catalog_level": int(catalog.catalog_level.sum())}  # fmt: skip


def _scan(row):
    corners = [[row[f"ra_{n}"], row[f"dec_{n}"]] for n in range(1, 5)]
    return {"scan": f"{night_name(row['date'], row['hemis'])} {row['scan']:03d}", "corners": corners,
            "points": row["points"], "score": row.get("score")}  # fmt: skip


def _counts(catalog, k):
    """Sources measured in a band, by half magnitudes."""
    magnitude = catalog.band("m", k)[catalog.detected(k)]
    number, count = np.unique(np.floor(magnitude / STEP), return_counts=True)
    return {"x": (STEP * (number + 0.5)).tolist(), "count": count.tolist()}
