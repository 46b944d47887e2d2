"""Columns of a table of points as arrays with one column a band."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from processing.schema import BANDS

DETECTED = list("1234")
"""rd_flg of a band in which the source was measured."""


def numbers(points, column):
    """A column as floats, NaN for null: (n,)."""
    return points[column].cast(pa.float64()).to_numpy(zero_copy_only=False)


def flags(points, column):
    """A flag column as single letters: (n, 3)."""
    parts = [pc.utf8_slice_codeunits(points[column], k, k + 1) for k in range(len(BANDS))]
    return np.stack([part.to_numpy(zero_copy_only=False) for part in parts], axis=1).astype("U1")


def bands(points, family):
    """The columns j_, h_ and k_``family`` as floats: (n, 3), NaN for null."""
    return np.stack([numbers(points, f"{band.letter}_{family}") for band in BANDS], axis=1)


def measured(points):
    """Magnitudes where the source was detected, NaN for limits and where there is none: (n, 3)."""
    return np.where(np.isin(flags(points, "rd_flg"), DETECTED), bands(points, "m"), np.nan)
