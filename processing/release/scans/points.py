"""A table of sources as the rules read it: columns as numbers, flags as single letters."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from processing.schema import BANDS


@dataclass(frozen=True)
class Points:
    """``table``: the columns (pyarrow, n rows)."""

    table: pa.Table

    def __len__(self):
        return self.table.num_rows

    def __getitem__(self, chosen):
        """The sources at ``chosen`` (a boolean or index array)."""
        chosen = np.flatnonzero(chosen) if np.asarray(chosen).dtype == bool else np.asarray(chosen)
        return Points(self.table.take(pa.array(chosen, pa.int64())))

    def numbers(self, column):
        """A column as floats, NaN for null."""
        return self.table[column].cast(pa.float64()).to_numpy()

    def flags(self, column):
        """A flag column as single letters (ASCII codes, uint8), shape (n, 3): one column a band."""
        return letters(self.table[column], len(BANDS))

    def frame_counts(self):
        """``ndet`` as numbers, shape (n, 3, 2): band; frames that see the source, frames that could; NaN for null."""
        known = ~self.table["ndet"].is_null().to_numpy()
        digits = letters(self.table["ndet"].fill_null("0" * 2 * len(BANDS)), 2 * len(BANDS)) - float(ord("0"))
        return np.where(known[:, None], digits, np.nan).reshape(-1, len(BANDS), 2)

    def bands(self, family):
        """The columns j_, h_ and k_``family`` as floats, shape (n, 3), NaN for null."""
        return np.stack([self.numbers(f"{band.letter}_{family}") for band in BANDS], axis=1)


def letters(column, length):
    """ASCII codes (uint8, shape (n, length)) of a text column without nulls whose texts all have ``length`` letters."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if not len(column):
        return np.empty((0, length), np.uint8)
    _, offsets, content = column.buffers()
    begin = np.frombuffer(offsets, np.int32)[column.offset]
    return np.frombuffer(content, np.uint8, len(column) * length, begin).reshape(-1, length)
