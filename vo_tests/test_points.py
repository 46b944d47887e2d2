"""The point sources through TAP and SCS are those of the release's files, value by value."""

import numpy as np
import pyarrow.compute as pc
import pytest

from processing.schema import load_table
from vo_tests.compare import rows_by, within

PLACE = (127.5, 1.5, 0.1)
"""Right ascension, declination and radius of a cone, degrees."""

CONE = "SELECT * FROM {table} WHERE 1 = CONTAINS(POINT({ra}, {dec}), CIRCLE({0}, {1}, {2}))"


@pytest.fixture(scope="module")
def points(release):
    return release.read("psc")


@pytest.fixture(scope="module")
def expected(points):
    found = within(points, *PLACE)
    assert 10 < found.num_rows < points.num_rows
    return rows_by("pts_key", found, load_table("psc").names)


def test_a_tap_cone_on_psc_gives_the_rows_of_the_files(tap, expected):
    result = tap.run_sync(CONE.format(*PLACE, table="twomass.psc", ra="ra", dec="dec")).to_table()
    assert rows_by("pts_key", result, load_table("psc").names) == expected


def test_the_same_cone_through_data_gives_them_under_their_other_names(tap, expected):
    result = tap.run_sync(CONE.format(*PLACE, table="twomass.data", ra="raj2000", dec="dej2000")).to_table()
    columns = load_table("data").columns
    renamed = {key: {c.name: row[c.extra["column"]] for c in columns} for key, row in expected.items()}
    assert rows_by("cntr", result, [column.name for column in columns]) == renamed


def test_an_async_query_gives_what_the_sync_one_gives(tap, expected):
    result = tap.run_async(CONE.format(*PLACE, table="twomass.psc", ra="ra", dec="dec")).to_table()
    assert rows_by("pts_key", result, load_table("psc").names) == expected


def test_an_upload_join_finds_each_shifted_source(tap, points):
    from astropy.table import Table

    some = points.take(list(range(0, points.num_rows, 40)))
    mine = Table({"number": some["pts_key"].to_numpy(), "ra": some["ra"].to_numpy(),
                  "dec": some["dec"].to_numpy() + 0.2 / 3600})
    result = tap.run_sync(
        "SELECT m.number, p.pts_key, p.k_m FROM TAP_UPLOAD.mine AS m JOIN twomass.psc AS p "
        "ON DISTANCE(p.ra, p.dec, m.ra, m.dec) < 0.5 / 3600", uploads={"mine": mine}).to_table()
    assert sorted(result["number"]) == sorted(mine["number"])
    assert list(result["number"]) == list(result["pts_key"])
    magnitudes = dict(zip(some["pts_key"].to_pylist(), some["k_m"].to_pylist()))
    assert all(magnitudes[row["pts_key"]] == row["k_m"] for row in result)


def test_a_simple_cone_search_gives_the_rows_of_the_files(server, expected):
    import pyvo

    service = pyvo.dal.SCSService(f"{server.url}/twomass/q/cone/scs.xml?")
    result = service.search(pos=PLACE[:2], radius=PLACE[2], verbosity=3).to_table()
    assert rows_by("pts_key", result, load_table("psc").names) == expected


def test_a_cone_search_lists_the_principal_columns_when_not_asked_for_all(server, release):
    import pyvo

    service = pyvo.dal.SCSService(f"{server.url}/twomass/q/cone/scs.xml?")
    result = service.search(pos=PLACE[:2], radius=PLACE[2]).to_table()
    assert set(load_table("psc").extra["principal"]) <= set(result.colnames)
    assert "x_scan" not in result.colnames


@pytest.mark.parametrize("form", ["votable", "votable/td", "text/csv;header=present"])
def test_what_is_missing_is_null_in_every_format_and_never_zero(server, tap, points, form):
    from io import BytesIO

    import requests
    from astropy.table import Table

    nullable = [c.name for c in load_table("psc").columns if c.nullable and points[c.name].null_count]
    assert {"k_cmsig", "k_snr", "ext_key"} <= set(nullable)
    query = f"SELECT pts_key, {', '.join(nullable)} FROM twomass.psc"
    answer = requests.post(f"{server.url}/tap/sync", data={"LANG": "ADQL", "QUERY": query, "FORMAT": form})
    result = Table.read(BytesIO(answer.content), format="ascii.csv" if "csv" in form else "votable")
    found = rows_by("pts_key", result, nullable)
    for name in nullable:
        missing = set(points.filter(pc.is_null(points[name]))["pts_key"].to_pylist())
        assert {key for key, row in found.items() if row[name] is None} == missing, name


def test_the_magnitude_limits_of_a_query_use_the_same_numbers(tap, points):
    bright = points.filter(pc.less(points["j_m"], 13.0))
    result = tap.run_sync("SELECT pts_key, j_m FROM twomass.psc WHERE j_m < 13").to_table()
    assert np.array_equal(np.sort(result["pts_key"]), np.sort(bright["pts_key"].to_numpy()))


def test_the_form_in_the_browser_lists_a_source(server, points):
    import requests

    row = points.slice(0, 1).to_pylist()[0]
    page = requests.get(f"{server.url}/twomass/q/cone/form", params={
        "__nevow_form__": "genForm", "hscs_pos": f"{row['ra']} {row['dec']}", "hscs_sr": "0.05", "submit": "Go"})
    assert row["designation"] in page.text
