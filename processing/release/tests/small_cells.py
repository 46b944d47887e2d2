"""A release in which the sky is cut into many small cells, in one process."""

from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

from processing.config import survey
from processing.release import make
from processing.release.catalogs import hats_catalog


@contextmanager
def small_cells(rows, **changes):
    """Cells of at most ``rows`` rows; ``changes``: of other numbers of the section release, where the sky is cut."""
    small = replace(survey(), release=replace(survey().release, partition_rows=rows, **changes))
    with mock.patch.object(hats_catalog, "survey", lambda: small), mock.patch.object(make, "survey", lambda: small):
        yield
