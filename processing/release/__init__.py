"""Extracted fields to a release: selection, duplicates, keys, catalogs, images, coverage, checksums.

``read_release(path)`` opens a finished one.
"""

from processing.release.manifest import Release, read_release

__all__ = ["Release", "read_release"]
