"""A table in partitions holds what it holds in one piece, and questions look only where answers can be."""

import re
from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from processing.errors import SurveyError
from processing.formats.parquet import write_parquet
from processing.publish import cluster, partitions, store
from processing.publish.partitions import count_of_partitions
from processing.publish.site import prepare
from processing.publish.unique_keys import UniqueKeys
from processing.release import read_release
from processing.schema import load_table
from vo_tests.small_release import make_small_release
from vo_tests.store_file import store_file


@pytest.fixture(scope="module")
def database(place):
    prepare(place)
    cluster.start(place)
    with cluster.connect(place, autocommit=True) as connection:
        for name in ("q3c", "pg_sphere"):
            connection.execute(f"CREATE EXTENSION {name}")
        connection.execute("CREATE ROLE gavoadmin")
        connection.execute("GRANT CREATE ON DATABASE gavo TO gavoadmin")
        yield connection


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    path = tmp_path_factory.mktemp("release") / "small"
    make_small_release(path, "small")
    return read_release(path)


@pytest.fixture
def cut(monkeypatch, tmp_path):
    return partial(_cut, monkeypatch, tmp_path)


def _cut(monkeypatch, folder, **numbers):
    monkeypatch.setattr(partitions, "STORE_FILE", store_file(folder / "store.yaml", **numbers))


def _load(connection, release):
    return store.load(connection, release, lambda rows: None, lambda step: None)


@pytest.fixture(scope="module")
def loaded(database, release, tmp_path_factory):
    """The same release in one piece and in five, and what the database said while it loaded the second."""
    said = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        _cut(monkeypatch, tmp_path_factory.mktemp("whole"), from_rows=10**9)
        whole = _load(database, release)
        _cut(monkeypatch, tmp_path_factory.mktemp("cut"), from_rows=600, rows=100, most=5)
        database.add_notice_handler(lambda notice: said.append(notice.message_primary))
        database.execute("SET client_min_messages = debug1")
        cut = _load(database, release)
        database.execute("RESET client_min_messages")
    return whole, cut, said


def _parts(connection, name):
    return [row[0] for row in connection.execute("SELECT inhrelid::regclass::text FROM pg_inherits "
                                                 "WHERE inhparent = %s::regclass ORDER BY 1", (f"{name}.psc",))]


def _plan(connection, query):
    """The plan as text; small tables would be read as a whole, which large ones are not."""
    with connection.transaction():
        connection.execute("SET LOCAL enable_seqscan = off")
        return "\n".join(row[0] for row in connection.execute(f"EXPLAIN {query}"))


def test_both_shapes_hold_the_same_rows(database, loaded):
    whole, cut, _ = loaded
    assert whole != cut and len(_parts(database, whole)) == 0 and len(_parts(database, cut)) == 5
    for table in store.TABLES:
        rows = [database.execute(f"SELECT t::text FROM {name}.{table} AS t ORDER BY 1").fetchall()
                for name in (whole, cut)]
        assert rows[0] == rows[1], table


def test_partitions_have_about_as_many_rows_each(database, loaded, release):
    counts = [database.execute(f"SELECT count(*) FROM {part}").fetchone()[0] for part in _parts(database, loaded[1])]
    assert sum(counts) == release.rows["psc"]
    assert max(counts) - min(counts) <= 2


def test_a_partition_is_attached_without_reading_it(loaded):
    implied = [text for text in loaded[2] if "is implied by existing constraints" in text]
    assert len(implied) == 5


@pytest.mark.parametrize("circle", ["q3c_join({ra}, {dec}, ra, dec, 0.002)",
                                    "q3c_radial_query(ra, dec, {ra}, {dec}, 0.002)"])
def test_a_cone_looks_into_the_partition_where_it_is_by_its_index(database, loaded, circle):
    """As TAP and as SCS ask; around a source in the midst of the third partition."""
    ra, dec = database.execute(f"SELECT ra, dec FROM {loaded[1]}.psc_p02 ORDER BY q3c_ang2ipix(ra, dec) "
                               "OFFSET 70").fetchone()
    condition = circle.format(ra=ra, dec=dec)
    plan = _plan(database, f"SELECT * FROM {loaded[1]}.psc WHERE {condition}")
    assert set(re.findall(r" on (psc_p\d\d) ", plan)) == {"psc_p02"}, plan
    assert "Bitmap Index Scan on psc_p02_q3c" in plan and "Seq Scan" not in plan, plan
    rows = [database.execute(f"SELECT * FROM {name}.psc WHERE {condition} ORDER BY pts_key").fetchall()
            for name in loaded[:2]]
    assert rows[0] == rows[1] != []


@pytest.mark.parametrize("condition", ["designation = '08300219+0116090'", "pts_key = 804040599", "j_m < 8"])
def test_a_question_by_value_goes_through_an_index_of_each_partition(database, loaded, condition):
    plan = _plan(database, f"SELECT * FROM {loaded[1]}.psc WHERE {condition}")
    assert len(set(re.findall(r"Scan.* on (psc_p\d\d) ", plan))) == 5 and "Seq Scan" not in plan, plan


def test_the_first_key_of_all_is_found_without_reading_the_table(database, loaded):
    plan = _plan(database, f"SELECT ra FROM {loaded[1]}.psc ORDER BY pts_key LIMIT 1")
    assert "Merge Append" in plan and "Sort  (" not in plan, plan


def test_statistics_are_those_of_the_whole_table(database, loaded):
    found = database.execute("SELECT count(*) FROM pg_stats WHERE schemaname = %s AND tablename = 'psc' AND inherited",
                             (loaded[1],)).fetchone()[0]
    assert found == len(load_table("psc").columns)


def test_a_key_that_comes_twice_is_refused_wherever_it_is_and_nothing_stays(
        database, release, tmp_path, cut, monkeypatch):
    """Half of the rows come again, on the other side of the sky."""
    files = release.parquet_files("psc")
    data = read_back(files[0])
    far = data.set_column(0, data.schema.field(0), pa.array((data["ra"].to_numpy() + 180) % 360))
    write_parquet(tmp_path / "again.parquet", far, load_table("psc"))
    cut(from_rows=100, rows=100, most=3)
    monkeypatch.setattr(type(release), "parquet_files", lambda self, table: [*files, tmp_path / "again.parquet"])
    with pytest.raises(SurveyError, match=r"pts_key \d+ comes twice"):
        _load(database, release)
    assert store.unfinished(database) == []
    assert database.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'release%'").fetchone()[0] == 2


def read_back(file):
    from processing.formats.parquet import read_parquet

    return read_parquet(file, load_table("psc"))


def test_what_a_load_that_was_killed_leaves_is_known(database):
    database.execute("CREATE SCHEMA release_half_0123456789ab")
    assert store.unfinished(database) == ["release_half_0123456789ab"]
    store.drop(database, "release_half_0123456789ab")
    assert store.unfinished(database) == []


def test_small_tables_stay_in_one_piece_and_large_ones_have_a_bounded_number(cut):
    cut(from_rows=1000, rows=300, most=7)
    assert [count_of_partitions(load_table("psc"), rows) for rows in (999, 1000, 1201, 10**9)] == [0, 4, 5, 7]
    assert count_of_partitions(load_table("atlas"), 999) == count_of_partitions(load_table("level1"), 10**6) == 0


def test_the_site_s_own_numbers_leave_a_small_release_alone():
    assert count_of_partitions(load_table("psc"), 1_000_000) == 0
    large, largest = (count_of_partitions(load_table("psc"), rows) for rows in (10_000_000, 470_992_970))
    assert 2 <= large <= largest


def test_keys_of_any_sign_are_told_apart_and_the_repeated_one_is_named():
    keys = UniqueKeys("pts_key")
    keys.add(np.array([0, -1, 1, -2**31, 2**31 - 1], np.int32), "a")
    keys.add(np.array([7, -7], np.int16), "b")
    with pytest.raises(SurveyError, match="c: pts_key -7 comes twice"):
        keys.add(np.array([8, -7, 9]), "c")
