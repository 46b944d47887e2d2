"""Keys of a catalog that is being made, looked up where they are needed."""

import numpy as np

from processing.release.plan import cell_file, key_plan, sky_plan
from processing.release.rows import open_rows


class KeyBook:
    """pts_key of rows by scan and rank, for the scans that are asked for."""

    def __init__(self, folder):
        self.folder, self.ranks = folder, {}

    def keys(self, scan, rank):
        """pts_key, shape (n,), of rows with these ``scan`` and ``rank``; 0 for those that the catalog does not list."""
        keys = np.zeros(len(scan), np.int32)
        before = key_plan(self.folder).before
        for number in np.unique(scan[scan >= 0]).tolist():
            rows, listed = np.flatnonzero(scan == number), self._listed(number)
            place = np.searchsorted(listed, rank[rows])
            found = np.append(listed, -1)[place] == rank[rows]
            keys[rows] = np.where(found, before[number] + place + 1, 0)
        return keys

    def _listed(self, number):
        """Ranks of the sources of a scan that the catalog lists, sorted."""
        if number not in self.ranks:
            parts = [self._in_cell(number, cell) for cell in sky_plan(self.folder).cells_of[number].tolist()]
            self.ranks[number] = np.sort(np.concatenate(parts))
        return self.ranks[number]

    def _in_cell(self, number, cell):
        table = open_rows(cell_file(self.folder, cell, "ranks"))
        first, last = np.searchsorted(table["scan"].to_numpy(), [number, number + 1])
        return table["rank"].to_numpy()[first:last]
