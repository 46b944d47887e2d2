"""Keys and names that only a whole catalog can give."""

import string
from collections import Counter

import numpy as np
import pyarrow as pa

from processing.errors import SurveyError

NAME_LENGTH = len("hhmmssss+ddmmsss")


def record_numbers(scan, along, ra, names):
    """pts_key, shape (n,): 1 to n, from scan to scan, and along each scan in the order of observation.

    ``along`` is declination, with a minus where it fell during the scan: so the keys of the published rows go. Right
    ascension and name decide between equal declinations, so that the order of the input does not matter.
    """
    order = np.lexsort((np.asarray(names, str), ra, along, scan))
    numbers = np.empty(len(order), np.int32)
    numbers[order] = np.arange(1, len(order) + 1)
    return numbers


def unique_names(names, numbers):
    """Designations with A, B, ... behind those that are equal, in the order of the ``numbers`` (pts_key)."""
    bare = [name[:NAME_LENGTH] for name in names]
    repeated = {name for name, count in Counter(bare).items() if count > 1}
    letters = {name: iter(string.ascii_uppercase) for name in repeated}
    result = list(bare)
    for row in np.argsort(numbers):
        if bare[row] in repeated:
            result[row] += _next_letter(letters[bare[row]], bare[row])
    return result


def _next_letter(letters, name):
    for letter in letters:
        return letter
    raise SurveyError(f"more than {len(string.ascii_uppercase)} sources have the name {name}")


def with_column(table, name, values):
    """``table`` with the column ``name`` replaced; the type stays."""
    place = table.column_names.index(name)
    field = table.schema.field(place)
    return table.set_column(place, field, pa.array(values, field.type))
