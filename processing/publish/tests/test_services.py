"""What the resource descriptors get from the schema, and the SQL that publishes a store."""

import re
import subprocess

import pytest

from processing.config import survey
from processing.publish.rd_columns import band_case, columns, image_terms, sample
from processing.publish.store import INDEXES, SQL_TYPES, store_name, table_sql
from processing.publish.switch import view_statements
from processing.schema import BANDS, load_table


@pytest.mark.parametrize("table", ["psc", "xsc", "scans", "atlas", "data"])
def test_every_column_of_the_yaml_is_in_the_descriptor_in_its_order(table):
    found = [column["name"].removeprefix("quoted/") for column in columns(table)]
    assert found == load_table(table).names


def test_a_reserved_word_is_quoted_and_nothing_else():
    assert [c["name"] for c in columns("psc") if c["name"].startswith("quoted/")] == ["quoted/date"]


def test_a_nullable_integer_has_a_null_literal_that_no_measurement_has():
    literals = {c["name"]: c["nullLiteral"] for c in columns("psc")}
    assert literals["ext_key"] == str(-2**31) and literals["pxpa"] == str(-2**15)
    assert literals["pts_key"] == literals["j_m"] == literals["ndet"] == "__NULL__"


def test_a_required_column_cannot_be_null_in_the_database():
    psc = load_table("psc")
    statement = table_sql(psc, "s.psc")
    for column in psc.columns:
        wanted = f'"{column.name}" {SQL_TYPES[column.datatype]}{"" if column.nullable else " NOT NULL"}'
        assert re.search(rf"[(,] ?{re.escape(wanted)}[,)]", statement), column.name


def test_a_band_has_the_wavelengths_of_the_filter():
    terms = image_terms()
    for band in BANDS:
        assert f"WHEN '{band.name}' THEN {band.wavelength[0]!r}" in terms["em_min"]
    assert band_case(lambda band: band.index) == "CASE band WHEN 'J' THEN 1 WHEN 'H' THEN 2 WHEN 'Ks' THEN 3 END"


def test_the_exposure_of_an_image_is_that_of_its_six_frames():
    assert float(image_terms()["t_exptime"]) == pytest.approx(7.8)


def test_the_time_span_is_the_pass_of_the_image_and_one_frame():
    span = image_terms()["t_max"].split("+", 1)[1]
    days = 2 * eval(span, {"naxis2": 1024, "pixel_scale": 1.0})
    assert days * 86400 == pytest.approx((1024 + 512) / survey().instrument.scan_rate)


def test_the_view_data_takes_each_column_from_its_source():
    statement = next(s for s in view_statements("release_x") if "published.data" in s)
    for column in load_table("data").columns:
        assert f"{column.extra['column']} AS {column.name}" in statement
    assert statement.endswith("FROM release_x.psc")


def test_the_name_of_a_store_is_a_plain_identifier_that_follows_the_content_and_the_layout(monkeypatch):
    class Release:
        name, sha256, rows = "2025-a; DROP", "0123456789abcdef", {"psc": 683}

    class Other:
        name, sha256, rows = "2025-a; DROP", "0123456789abcdee", {"psc": 683}

    name = store_name(Release)
    assert re.fullmatch("release_2025_a_drop_[0-9a-f]{12}", name) and name == store_name(Release)
    assert store_name(Other) != name
    monkeypatch.setitem(INDEXES, "psc", ("designation",))
    assert store_name(Release) != name


def test_the_indexed_columns_exist():
    for table, expressions in INDEXES.items():
        names = set(load_table(table).names)
        for expression in expressions:
            assert set(re.findall(r"\w+", expression)) - {"q3c_ang2ipix"} <= names


def test_before_the_first_release_there_is_nothing_to_test_with():
    class UndefinedTable(Exception):
        pass

    def connect():
        raise UndefinedTable("relation twomass.psc does not exist")

    assert sample(connect, "SELECT 1") == []
    with pytest.raises(ZeroDivisionError):
        sample(lambda: 1 / 0, "SELECT 1")


def test_dachs_python_can_import_what_the_descriptor_asks_for():
    from processing.publish.site import CHECKOUT

    code = "from processing.publish.rd_columns import columns, image_terms; print(len(list(columns('psc'))))"
    done = subprocess.run(["/usr/bin/python3", "-c", code], cwd=CHECKOUT, capture_output=True, text=True)
    if "No module named 'yaml'" in done.stderr:
        pytest.skip("the system's Python has no PyYAML: 'make setup' installs it")
    assert done.stdout == "60\n", done.stderr
