"""The Level 1 table through TAP: the rows of the release's file, and none for a release that has no such file."""

from processing.publish.store import load, store_name
from processing.release.manifest import MANIFEST, read_release
from processing.schema import load_table
from vo_tests.compare import rows_by
from vo_tests.small_release import make_small_release


def test_the_rows_are_those_of_the_file(tap, release):
    names = load_table("level1").names
    found = rows_by("level1_key", tap.run_sync("SELECT * FROM twomass.level1").to_table(), names)
    assert found == rows_by("level1_key", release.read("level1"), names) and len(found) == 2


def test_a_question_of_a_user_needs_no_quotes(tap):
    rows = tap.run_sync("SELECT item, band, measured, error, objects, verdict FROM twomass.level1 "
                        "WHERE measured > threshold AND verdict = 'met'").to_table()
    assert [(row["item"], row["band"], row["objects"]) for row in rows] == [("completeness", "Ks", 812)]


def test_a_release_that_was_not_validated_has_an_empty_table(server, release, tmp_path):
    import json

    make_small_release(tmp_path / "bare", "bare", rows=20)
    (tmp_path / "bare" / "level1.parquet").unlink()
    content = json.loads((tmp_path / "bare" / MANIFEST).read_text())
    del content["rows"]["level1"], content["files"]["level1.parquet"]
    (tmp_path / "bare" / MANIFEST).write_text(json.dumps(content))
    bare = read_release(tmp_path / "bare")
    bare.verify()
    with server.connect() as connection:
        try:
            load(connection, bare, lambda rows: None, lambda step: None)
            assert connection.execute(f"SELECT count(*) FROM {store_name(bare)}.level1").fetchone() == (0,)
        finally:
            connection.execute(f"DROP SCHEMA IF EXISTS {store_name(bare)} CASCADE")
