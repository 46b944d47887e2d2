"""A release in partitions is published whole or not at all, too, although its partitions are committed one by one."""

import subprocess
import sys

import pytest

from processing.publish.publication import published
from processing.release import read_release
from vo_tests.small_release import make_small_release
from vo_tests.store_file import store_file
from vo_tests.test_publish import COPYING, INDEXING, SWITCHING, _kill_when, _wait_for_quiet, _whole

WITH_FILE = ("import sys; from pathlib import Path; import processing.publish.partitions as partitions; "
             "partitions.STORE_FILE = Path(sys.argv.pop(1)); from processing.cli import main; sys.exit(main())")
"""``twomass`` with another file than etc/store.yaml, its first word."""

FILLED = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'ANALYZE release%psc%'"


class Cutting:
    """The server, with commands that cut tables."""

    def __init__(self, server, file):
        self.server, self.file = server, file

    def __getattr__(self, name):
        return getattr(self.server, name)

    def command(self, *words):
        return [sys.executable, "-c", WITH_FILE, str(self.file), *map(str, words)]


@pytest.fixture(scope="module")
def cutting(server, release, tmp_path_factory):
    file = store_file(tmp_path_factory.mktemp("cut") / "store.yaml", from_rows=10_000, rows=10_000, most=5)
    yield Cutting(server, file)
    server.twomass("publish", release.path)


@pytest.fixture(scope="module")
def large(server):
    folder = server.folder / "large"
    make_small_release(folder, "large", rows=400, copies=150)
    return read_release(folder)


def _run(cutting, *words):
    done = subprocess.run(cutting.command(*words), env=cutting.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _release_schemas(server):
    with server.connect() as connection:
        return {row[0] for row in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^release_'")}


def test_killed_while_partitions_are_filled_the_old_release_is_whole_and_the_next_run_completes(
        cutting, release, large):
    for condition, delay in [(COPYING, 0.0), (COPYING, 0.3), (INDEXING, 0.0), (FILLED, 0.0), (SWITCHING, 0.1)]:
        assert _kill_when(cutting, large, condition, delay), condition
        _wait_for_quiet(cutting)
        if _whole(cutting, release, large) == "large":
            _run(cutting, "publish", release.path)
    _run(cutting, "publish", large.path)
    assert _whole(cutting, release, large) == "large"
    with cutting.connect() as connection:
        now = published(connection)
        kinds = connection.execute("SELECT relname, relkind FROM pg_class WHERE relnamespace = %s::regnamespace AND "
                                   "relname ~ '^psc(_p[0-9]+)?$' ORDER BY relname", (now["store"],)).fetchall()
    assert kinds == [("psc", "p"), *((f"psc_p{n:02d}", "r") for n in range(5))]
    assert _release_schemas(cutting) == {now["store"], now["previous"]}


def test_back_and_forth_between_a_release_in_one_piece_and_one_in_partitions(cutting, release, large):
    _run(cutting, "publish", "--rollback")
    assert _whole(cutting, release, large) == "first"
    _run(cutting, "publish", "--rollback")
    assert _whole(cutting, release, large) == "large"


def test_a_release_whose_shape_was_changed_is_loaded_again(cutting, server, release, large):
    before = _release_schemas(server)
    assert "loaded" in server.twomass("publish", large.path).stdout
    assert _whole(cutting, release, large) == "large"
    assert len(_release_schemas(server) - before) == 1
    assert "loaded" not in server.twomass("publish", large.path).stdout


def test_a_damaged_file_ends_the_load_and_leaves_nothing(cutting, large, tmp_path):
    """Its checksums are right, so that it is seen only while rows are on their way to all partitions."""
    import shutil

    from processing.release.manifest import MANIFEST

    spoilt = cutting.folder / "spoilt partition"
    shutil.copytree(large.path, spoilt)
    content = (spoilt / MANIFEST).read_text()
    file = sorted(large.parquet_files("psc"))[-1].relative_to(large.path)
    data = bytearray((spoilt / file).read_bytes())
    middle = len(data) // 2
    data[middle:middle + 64] = bytes(64)
    (spoilt / file).write_bytes(data)
    from processing.formats.checksum import fingerprint

    old, new = large.files[str(file)], fingerprint(spoilt / file)
    (spoilt / MANIFEST).write_text(content.replace(old["sha256"], new["sha256"]))
    before = _release_schemas(cutting)
    done = subprocess.run(cutting.command("publish", spoilt), env=cutting.environment, capture_output=True, text=True)
    assert done.returncode == 1 and str(file) in done.stderr and "Traceback" not in done.stderr
    assert _release_schemas(cutting) == before
