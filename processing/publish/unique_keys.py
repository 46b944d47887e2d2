"""No key comes twice in a table that is cut: the database can only tell within each partition.

A bit for each key that can be: 512 MB of address space, of which those pages are used that keys fall into.
"""

from threading import Lock

import numba
import numpy as np

from processing.errors import SurveyError

KEYS = 1 << 32
"""Different values of an int."""


class UniqueKeys:
    """The keys seen so far, from any number of threads; ``name`` is that of their column."""

    def __init__(self, name):
        self.name = name
        self._seen = np.zeros(KEYS // 8, np.uint8)
        self._lock = Lock()

    def add(self, keys, where):
        """Add an array of keys (16 or 32 bits); SurveyError names the first that is there already."""
        with self._lock:
            place = _add(self._seen, keys.astype(np.int32).view(np.uint32))
        if place >= 0:
            raise SurveyError(f"{where}: {self.name} {keys[place]} comes twice in the release; expected each once")


@numba.njit(nogil=True, cache=True)
def _add(seen, keys):
    """Set the bits of the keys; the place of the first whose bit was set, or -1."""
    for i in range(len(keys)):
        byte, bit = keys[i] >> np.uint32(3), np.uint8(1 << (keys[i] & np.uint32(7)))
        if seen[byte] & bit:
            return i
        seen[byte] |= bit
    return -1
