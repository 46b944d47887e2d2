"""Keys and names that only a whole catalog can give."""

import string

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from processing.errors import SurveyError

NAME_LENGTH = len("hhmmssss+ddmmsss")


def observation_order(along, ra, names):
    """The rows of a scan in the order of observation, shape (n,): so the keys of the published rows go.

    ``along`` is declination, with a minus where it fell during the scan. Right ascension and name (pyarrow) decide
    between equal declinations, so that the order of the input does not matter.
    """
    order = np.lexsort((ra, along))
    if ((np.diff(along[order]) == 0) & (np.diff(ra[order]) == 0)).any():
        order = np.lexsort((np.array(names.to_pylist(), str), ra, along))
    return order


def bare_names(names):
    """Designations (pyarrow) without letters behind them."""
    return pc.utf8_slice_codeunits(names, 0, NAME_LENGTH)


def unique_names(names, numbers):
    """Designations (pyarrow, without letters) with A, B, ... behind those that are equal, in the order of the
    ``numbers`` (pts_key). SurveyError when there are not enough letters."""
    names = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    codes = names.dictionary_encode()
    code, counts = codes.indices.to_numpy(), np.bincount(codes.indices.to_numpy(), minlength=len(codes.dictionary))
    rows = np.flatnonzero(counts[code] > 1) if len(code) else np.empty(0, int)
    if not len(rows):
        return names
    if counts.max() > len(string.ascii_uppercase):
        raise SurveyError(f"more than {len(string.ascii_uppercase)} sources have the name "
                          f"{codes.dictionary[int(counts.argmax())]}")
    rows = rows[np.lexsort((numbers[rows], code[rows]))]
    first = np.flatnonzero(np.diff(code[rows], prepend=-1))
    place = np.arange(len(rows)) - np.repeat(first, np.diff(np.append(first, len(rows))))
    result = names.to_numpy(zero_copy_only=False).copy()
    result[rows] += np.array(list(string.ascii_uppercase), object)[place]
    return pa.array(result, pa.string())


def with_column(table, name, values):
    """``table`` with the column ``name`` replaced; the type stays."""
    place = table.column_names.index(name)
    field = table.schema.field(place)
    is_arrow = isinstance(values, (pa.Array, pa.ChunkedArray))
    return table.set_column(place, field, values.cast(field.type) if is_arrow else pa.array(values, field.type))
