"""The package as DaCHS gets it."""

from processing.publish.dachs import _archived, _package_archive


def test_the_archive_depends_on_the_contents_of_the_files_alone():
    assert _package_archive() == _package_archive()


def test_a_changed_file_of_the_same_size_is_seen_by_python():
    """By its time: what was compiled from ``LIMIT = 5`` must not be run for ``LIMIT = 7``."""
    before, after = (_archived("a.py", content)[0] for content in (b"LIMIT = 5", b"LIMIT = 7"))
    assert before.size == after.size and before.mtime != after.mtime
