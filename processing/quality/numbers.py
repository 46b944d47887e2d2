"""What the page of a night remembers of a scan beyond its ``scan.json``: plain numbers, None where there is none."""

import numpy as np

MOST_RESIDUALS = 300
"""Reference stars of a scan that are drawn."""


def scan_numbers(scan, solution, content, pictures):
    """A dict for JSON.

    ``rows``: of points.parquet; ``extended``: of extended.parquet; ``mjd``, ``airmass``: of the first and the last frame; ``references``: star minus
    reference star, (k, 2), arcsec east and north; ``pictures``: names of the files.
    """
    return {
        "rows": content["rows"], "extended": (content["extended"] or {}).get("rows", 0), "mjd": _plain(scan.mjd[[0, -1]], 6), "airmass": _plain(scan.airmass[[0, -1]], 4),
        "references": _plain(solution.reference_residuals[:MOST_RESIDUALS], 4),
        "pictures": [path.name for path in pictures],
    }  # fmt: skip


def _plain(values, digits):
    """Python numbers, rounded; None for what is not finite."""
    values = np.asarray(values, float)
    if values.ndim:
        return [_plain(value, digits) for value in values]
    return round(float(values), digits) if np.isfinite(values) else None
