"""TAP as users know it: limits told rightly, examples that run, joins, uploads, jobs to abort, formats, old queries."""

import gc
import time
from io import BytesIO

import numpy as np
import pytest
import requests

from processing.schema import load_table

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""pyvo leaves sockets of jobs open."""

ALL = "SELECT pts_key FROM twomass.psc"


@pytest.fixture(autouse=True)
def sockets_are_closed_here():
    """What pyvo leaves open is closed, and warned of, within the test whose job it was."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def points(release):
    return release.read("psc")


def _ask(server, query, **parameters):
    return requests.post(f"{server.url}/tap/sync", data={"LANG": "ADQL", "QUERY": query, **parameters})


def _rows_and_overflow(content):
    from astropy.io.votable import parse

    resource = parse(BytesIO(content)).resources[0]
    said = [info.value for info in resource.infos if info.name == "QUERY_STATUS"]
    assert said[0] == "OK" and set(said) <= {"OK", "OVERFLOW"}
    return len(resource.tables[0].array), "OVERFLOW" in said


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize("query,times,form", [
    (ALL, 1, "votable"), (ALL, 1, "votable/td"), (ALL, 1, "votable/b2"), (f"{ALL} UNION ALL {ALL}", 2, "votable"),
    (f"{ALL} ORDER BY j_m", 1, "votable")])
def test_an_overflow_is_told_exactly_when_there_are_more_rows_than_asked_for(server, points, query, times, more, form):
    limit = points.num_rows * times + more
    given, overflow = _rows_and_overflow(_ask(server, query, MAXREC=limit, FORMAT=form).content)
    assert (given, overflow) == (min(limit, points.num_rows * times), more < 0)


@pytest.mark.parametrize("top,limit,given,overflow", [
    (10, 9, 9, True), (10, 10, 10, False), (10, 11, 10, False), (10, 0, 0, True), (1, 1, 1, False)])
def test_a_top_within_the_limit_is_no_overflow_and_one_beyond_it_gives_no_row_too_many(
        server, points, top, limit, given, overflow):
    answer = _ask(server, ALL.replace("SELECT", f"SELECT TOP {top}"), MAXREC=limit)
    assert _rows_and_overflow(answer.content) == (given, overflow)


def test_a_limit_of_zero_gives_the_columns_and_a_negative_one_is_refused(server, points):
    from astropy.io.votable import parse

    table = parse(BytesIO(_ask(server, "SELECT * FROM twomass.psc", MAXREC=0).content)).get_first_table()
    assert [field.name for field in table.fields] == load_table("psc").names and len(table.array) == 0
    answer = _ask(server, ALL, MAXREC=-1)
    assert not answer.ok and "MAXREC" in answer.text


@pytest.mark.parametrize("form,lines", [("csv", 1), ("tsv", 0)])
def test_text_has_no_more_rows_than_asked_for(server, points, form, lines):
    assert len(_ask(server, ALL, MAXREC=5, FORMAT=form).text.splitlines()) == 5 + lines


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize("service,parameters", [
    ("cone/scs.xml", {"RA": 127.5, "DEC": 1.5, "SR": 1}), ("sia/siap.xml", {"POS": "121.6,1.05", "SIZE": 1})])
def test_the_other_protocols_tell_it_too(server, release, service, parameters, more):
    from astropy.io.votable import parse

    def ask(**limit):
        answer = requests.get(f"{server.url}/twomass/q/{service}", params={**parameters, **limit})
        resource = parse(BytesIO(answer.content)).resources[0]
        return len(resource.tables[0].array), {info.value for info in resource.infos if info.name == "QUERY_STATUS"}

    total, _ = ask()
    given, said = ask(MAXREC=total + more)
    assert (given, "OVERFLOW" in said) == (min(total + more, total), more < 0) and total > 0


def test_every_example_of_the_service_runs_and_finds_something(server, tap, release):
    examples = tap.examples
    assert len(examples) >= 6
    found = [len(example.execute()) for example in examples]
    assert sum(number > 0 for number in found) >= len(found) - 2, found  # this small release has no red stars


def test_every_declared_key_joins_its_tables(tap, release):
    """Made from TAP_SCHEMA alone, as a client would; each row of the one table finds its partners in the other."""
    keys = tap.run_sync("SELECT * FROM tap_schema.keys JOIN tap_schema.key_columns USING (key_id) "
                        "WHERE from_table LIKE 'twomass.%'").to_table()
    assert len(keys) == 6
    for key in keys:
        one, other = key["from_table"].removeprefix("twomass."), key["target_table"].removeprefix("twomass.")
        there = release.read(other)[key["target_column"]].to_pylist()
        wanted = sum(there.count(value) for value in release.read(one)[key["from_column"]].to_pylist())
        query = (f"SELECT COUNT(*) AS n FROM {key['from_table']} AS a JOIN {key['target_table']} AS b "
                 f"ON a.{key['from_column']} = b.{key['target_column']}")
        assert tap.run_sync(query)["n"][0] == wanted > 0, query


def test_sources_scans_and_images_join_in_one_query(tap, points):
    rows = tap.run_sync("""
        SELECT p.designation, s.scan, i.band, i.seeing FROM twomass.psc AS p
        JOIN twomass.scans AS s ON p.scan_key = s.scan_key JOIN twomass.atlas AS i ON p.coadd_key = i.coadd_key
        WHERE 1 = CONTAINS(POINT(p.ra, p.dec), i.s_region) ORDER BY p.pts_key, i.atlas_key""").to_table()
    on_images = [row for row in points.to_pylist() if row["coadd_key"] < 4]
    assert set(rows["designation"]) == {row["designation"] for row in on_images}
    assert len(rows) == 4 * (3 + 3 + 2)  # four sources on each of two fields in three bands and one in two


def test_every_table_and_column_is_described(tap):
    for table in ("psc", "xsc", "scans", "atlas", "data"):
        assert tap.tables[f"twomass.{table}"].description
        for column in tap.tables[f"twomass.{table}"].columns:
            assert column.description and column.ucd, f"{table}.{column.name}"


def test_an_upload_joins_in_a_job_as_well_and_as_many_rows_as_asked_for_are_no_overflow_there_either(tap, points):
    from astropy.table import Table

    rng = np.random.default_rng(3)
    some = points.take(np.arange(0, points.num_rows, 7))
    mine = Table({"id": np.arange(some.num_rows), "ra": some["ra"].to_numpy(),
                  "dec": some["dec"].to_numpy() + rng.choice([0.1, 40.0], some.num_rows) / 3600})
    near = mine["dec"] - some["dec"].to_numpy() < 1 / 3600
    query = ("SELECT m.id, p.pts_key, DISTANCE(m.ra, m.dec, p.ra, p.dec) * 3600 AS far FROM TAP_UPLOAD.mine AS m "
             "JOIN twomass.psc AS p ON DISTANCE(m.ra, m.dec, p.ra, p.dec) < 0.2 / 3600")
    result = tap.run_async(query, uploads={"mine": mine}, maxrec=int(near.sum()))
    assert sorted(result["id"]) == sorted(mine["id"][near]) and result.query_status == "OK"
    assert np.allclose(result["far"], 0.1, atol=1e-3)


def test_an_upload_that_cannot_be_read_is_refused_in_words(server, release):
    words = {"LANG": "ADQL", "QUERY": "SELECT * FROM TAP_UPLOAD.mine", "UPLOAD": "mine,param:table"}
    answer = requests.post(f"{server.url}/tap/sync", data=words, files={"table": b"not a VOTable"})
    assert not answer.ok and "ERROR" in answer.text and "mine" in answer.text


LONG = ("SELECT COUNT(*) AS n FROM twomass.psc AS a, twomass.psc AS b, twomass.psc AS c, twomass.psc AS d "
        "WHERE a.j_m < b.h_m + c.k_m + d.j_m")
RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND usename = 'untrusted'"


def test_an_aborted_job_leaves_the_database_alone_at_once(server, tap, release):
    with server.connect() as connection:
        def running():
            return connection.execute(RUNNING).fetchone()[0]

        job = tap.submit_job(LONG)
        job.run()
        assert _becomes(running, 1, 30)
        job.abort()
        assert _becomes(running, 0, 5)
        assert job.phase == "ABORTED"
        job.delete()


def _becomes(ask, wanted, seconds):
    deadline = time.monotonic() + seconds
    while ask() != wanted:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


FORMATS = {"votable": "votable", "votable/td": "votable", "votable/b2": "votable", "fits": "fits", "csv": "ascii.csv"}


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_has_the_same_values(server, points, form):
    from astropy.table import Table

    answer = _ask(server, "SELECT pts_key, designation, ra, j_m, ph_qual, scan, err_ang FROM twomass.psc", FORMAT=form)
    table = Table.read(BytesIO(answer.content), format=FORMATS[form])
    order = np.argsort(np.asarray(table["pts_key"]))
    wanted = points.sort_by("pts_key")
    for name in table.colnames:
        found, expected = table[name][order], np.array(wanted[name].to_pylist(), dtype=object)
        given = np.array([value is not None for value in expected])
        if isinstance(expected[given][0], str):
            assert [_text(value) for value in found[given]] == list(expected[given])
        else:
            found, expected = np.asarray(found)[given].astype(float), expected[given].astype(float)
            assert np.array_equal(found, expected) or (form == "csv" and np.allclose(found, expected, rtol=1e-6))


@pytest.mark.parametrize("form", ["parquet", "application/x-parquet", "application/vnd.apache.parquet"])
def test_parquet_has_the_values_the_types_and_the_nulls_of_the_release(server, points, form):
    import pyarrow.parquet as pq

    answer = _ask(server, "SELECT * FROM twomass.psc ORDER BY pts_key", FORMAT=form)
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    found, wanted = pq.read_table(BytesIO(answer.content)), points.sort_by("pts_key")
    assert found.column_names == wanted.column_names
    for name in wanted.column_names:
        assert found[name].to_pylist() == wanted[name].to_pylist(), name
        assert found.schema.field(name).type in (wanted.schema.field(name).type, "string")


def test_parquet_carries_units_and_descriptions_and_footprints(server, release, tmp_path):
    from astropy.table import Table

    for where, rows in (("", release.rows["psc"]), (" WHERE ra < -1", 0)):
        query = f"SELECT * FROM twomass.psc{where}"
        (tmp_path / "psc.parquet").write_bytes(_ask(server, query, FORMAT="parquet").content)
        table = Table.read(tmp_path / "psc.parquet", format="parquet.votable")
        assert len(table) == rows and table.colnames == load_table("psc").names
        assert {c.name: c.description for c in load_table("psc").columns} == {
            name: table[name].description for name in table.colnames}
        assert (table["ra"].unit, table["j_m"].unit) == ("deg", "mag")
    images = {row["file"]: row for row in release.read("atlas").to_pylist()}
    answer = _ask(server, "SELECT file, s_region FROM twomass.atlas", FORMAT="parquet")
    (tmp_path / "atlas.parquet").write_bytes(answer.content)
    for row in Table.read(tmp_path / "atlas.parquet", format="parquet.votable"):
        corners = [images[row["file"]][f"{axis}_{i}"] for i in range(1, 5) for axis in ("ra", "dec")]
        assert np.allclose(row["s_region"], corners, atol=1e-9)


@pytest.mark.filterwarnings("ignore::pyvo.dal.exceptions.DALOverflowWarning")
def test_parquet_comes_from_jobs_and_within_the_limit_as_well(tap, points):
    import pyarrow.parquet as pq

    job = tap.submit_job(ALL, maxrec=5, format="parquet")
    job.run().wait(phases=["COMPLETED", "ERROR"])
    answer = requests.get(job.result_uri)
    assert pq.read_table(BytesIO(answer.content)).num_rows == 5
    job.delete()


def _text(value):
    return (value.decode() if isinstance(value, bytes) else str(value)).strip()


@pytest.mark.parametrize("query", [
    "SELECT TOP 1234 RAJ2000, DEJ2000 FROM twomass.data",
    "SELECT mainid, raj2000, dej2000, jmag FROM twomass.data WHERE 1=CONTAINS(POINT('ICRS', raj2000, dej2000), "
    "CIRCLE('ICRS', 127.5, 1.5, 0.2))",
    "SELECT RAJ2000, DEJ2000, errMaj, errMin, errPA, mainId, Jmag, Hmag, Kmag FROM twomass.data "
    "WHERE 1=CONTAINS(POINT(RAJ2000, DEJ2000), CIRCLE(127.5, 1.5, 0.3))",
    "SELECT jmag-hmag AS j_h, hmag-kmag AS h_k FROM twomass.data WHERE qflg='AAA' AND e_jmag < 0.05",
    "SELECT ROUND(jmag-kmag, 1) AS colour, COUNT(*) AS n FROM twomass.data GROUP BY colour ORDER BY colour",
    "SELECT TOP 10 * FROM twomass.data WHERE kmag < 13 AND DISTANCE(POINT('ICRS', raj2000, dej2000), "
    "POINT('ICRS', 127.5, 1.5)) < 0.3",
    "SELECT d.mainid, o.k_m FROM twomass.data AS d JOIN twomass.psc AS o ON d.cntr = o.pts_key WHERE d.kmag < 13"])
def test_queries_as_tutorials_and_scripts_have_them_run_unchanged(tap, release, query):
    assert len(tap.run_sync(query)) > 0


@pytest.mark.parametrize("query", [
    "SELECT {} FROM twomass.psc WHERE CONTAINS(POINT('J2000',ra,dec),CIRCLE('J2000',127.5,1.5,0.1))=1",
    "SELECT {} FROM twomass.psc WHERE 1=CONTAINS(POINT('ICRS', ra, dec), CIRCLE('J2000', 127.5, 1.5, 0.1))",
    "SELECT {} FROM twomass.psc WHERE DISTANCE(POINT('j2000',ra,dec), POINT('J2000',127.5,1.5)) < 0.1"])
def test_the_frame_of_irsas_queries_is_understood_and_the_index_used(server, tap, points, query):
    from vo_tests.compare import within

    found = tap.run_sync(query.format("ra, dec, j_m, h_m, k_m, ph_qual, cc_flg, pts_key"))
    assert sorted(found["pts_key"]) == sorted(within(points, 127.5, 1.5, 0.1)["pts_key"].to_pylist())
    job = tap.submit_job(query.format("ra"))
    assert "q3c" in requests.get(f"{job.url}/plan").text
    job.delete()


def test_the_crossmatch_of_tutorials_runs_unchanged(tap, points):
    from astropy.table import Table

    mine = Table({"ra": points["ra"].to_numpy()[:50], "dec": points["dec"].to_numpy()[:50]})
    result = tap.run_sync("SELECT TOP 1000 mine.*, db.raj2000, db.dej2000, db.jmag FROM TAP_UPLOAD.t1 AS mine "
                          "JOIN twomass.data AS db ON 1=CONTAINS(POINT('ICRS', db.raj2000, db.dej2000), "
                          "CIRCLE('ICRS', mine.ra, mine.dec, 1./3600.))", uploads={"t1": mine})
    assert len(result) >= 50
    assert np.allclose(result["raj2000"], result["ra"], atol=2 / 3600)
