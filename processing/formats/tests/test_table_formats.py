"""Real rows keep their values in every format; damaged and wrong files are refused by name."""

import shutil
import subprocess

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from processing.errors import SurveyError
from processing.formats.bulk_ascii import bulk_lines, read_bulk_ascii, write_bulk_ascii
from processing.formats.fits_table import read_fits_table, write_fits_table
from processing.formats.parquet import read_parquet, write_parquet
from processing.formats.tables import check_table, empty_table, make_table
from processing.formats.tests.real_rows import native_row, real_points
from processing.formats.votable import read_votable, write_votable
from processing.schema import load_table

PSC = load_table("psc")

FORMATS = {
    "parquet": (write_parquet, read_parquet), "fits": (write_fits_table, read_fits_table),
    "vot": (write_votable, read_votable), "txt": (write_bulk_ascii, read_bulk_ascii),
    "txt.gz": (write_bulk_ascii, read_bulk_ascii),
}


@pytest.mark.parametrize("suffix", FORMATS)
def test_real_rows_keep_their_values_and_nulls(suffix, tmp_path):
    write, read = FORMATS[suffix]
    write(tmp_path / f"t.{suffix}", real_points(), PSC)
    found = read(tmp_path / f"t.{suffix}", PSC)
    assert found.schema.equals(real_points().schema)
    assert [name for name in PSC.names if not found[name].equals(real_points()[name])] == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_all_null_column_and_no_rows_survive(suffix, tmp_path):
    write, read = FORMATS[suffix]
    rows = real_points().slice(0, 2)
    for name in (column.name for column in PSC.columns if column.nullable):
        index = rows.column_names.index(name)
        rows = rows.set_column(index, rows.schema.field(name), pa.nulls(2, rows.schema.field(name).type))
    for number, data in enumerate((rows, empty_table(PSC))):
        write(tmp_path / f"{number}.{suffix}", data, PSC)
        assert read(tmp_path / f"{number}.{suffix}", PSC).equals(data)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("keep", (0.5, 0.97))
def test_a_truncated_file_is_refused_by_name(suffix, keep, tmp_path):
    write, read = FORMATS[suffix]
    path = tmp_path / f"t.{suffix}"
    write(path, real_points(), PSC)
    content = path.read_bytes()
    path.write_bytes(content[:int(keep * len(content))])
    with pytest.raises(SurveyError, match=str(path)):
        read(path, PSC)


def test_a_flipped_byte_in_a_fits_table_is_found_by_its_checksum(tmp_path):
    path = tmp_path / "t.fits"
    write_fits_table(path, real_points(), PSC)
    content = bytearray(path.read_bytes())
    content[-20_000] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(SurveyError, match=str(path)):
        read_fits_table(path, PSC)


def test_the_published_row_comes_out_byte_identical(tmp_path):
    (tmp_path / "row.txt").write_bytes(native_row())
    data = read_bulk_ascii(tmp_path / "row.txt", PSC)
    assert data["designation"].to_pylist() == ["00042876-8955069"]
    assert data["ext_key"].to_pylist() == [None]
    assert bulk_lines(data, PSC) == native_row()


def test_whole_numbers_are_printed_as_postgresql_prints_them():
    row = real_points().slice(0, 1)
    index = row.column_names.index("j_m")
    row = row.set_column(index, row.schema.field(index), pa.array([12.0], pa.float32()))
    assert bulk_lines(row, PSC).split(b"|")[index] == b"12"


def columns_but(**changes):
    columns = {name: real_points()[name] for name in PSC.names}
    columns.update(changes)
    return {name: values for name, values in columns.items() if values is not None}


@pytest.mark.parametrize("changes, words", [
    ({"h_m": None}, "misses h_m"),
    ({"colour": pa.nulls(683)}, "unknown colour"),
    ({"scan": np.full(683, 70000)}, "column scan of psc"),
    ({"ra": np.full(683, np.nan)}, "column ra of psc: 683 of 683 values are null"),
    ({"rd_flg": ["22"] * 683}, "column rd_flg of psc: texts of 2 to 2 characters, expected exactly 3"),
    ({"designation": ["x" * 18] * 683}, "column designation of psc.*at most 17"),
    ({"j_m": ["bright"] * 683}, "column j_m of psc"),
])
def test_a_wrong_column_is_named(changes, words):
    with pytest.raises(SurveyError, match=words):
        make_table(columns_but(**changes), PSC)


def test_a_column_of_another_type_in_a_file_is_named(tmp_path):
    data = real_points()
    index = data.column_names.index("err_ang")
    wrong = data.set_column(index, "err_ang", data["err_ang"].cast(pa.float64()))
    pq.write_table(wrong, tmp_path / "t.parquet")
    with pytest.raises(SurveyError, match="t.parquet: column err_ang of psc is double, expected int16"):
        read_parquet(tmp_path / "t.parquet", PSC)


def test_keys_of_the_release_may_be_null_before_it_and_only_then():
    nothing = pa.nulls(683)
    columns = columns_but(pts_key=nothing, pxcntr=nothing, scan_key=nothing, coadd_key=nothing, use_src=nothing,
                          dup_src=nothing)
    data = make_table(columns, PSC, stage="extract")
    with pytest.raises(SurveyError, match="pts_key"):
        check_table(data, PSC)


def test_nan_becomes_null():
    data = make_table(columns_but(k_m=np.where(np.arange(683) < 5, np.nan, 14.0)), PSC)
    assert data["k_m"].null_count == 5
    assert not np.isnan(data["k_m"].drop_null().to_numpy()).any()


@pytest.mark.skipif(not shutil.which("stilts"), reason="stilts is not installed")
@pytest.mark.parametrize("suffix", ("parquet", "fits", "vot"))
def test_stilts_finds_units_ucds_and_descriptions(suffix, tmp_path):
    FORMATS[suffix][0](tmp_path / f"t.{suffix}", real_points(), PSC)
    found = stilts_metadata(tmp_path / f"t.{suffix}", tmp_path / "meta.vot")
    if suffix == "parquet" and not any(found["UCD"]):
        pytest.skip("this stilts is older than the VOParquet convention")
    assert list(found["Name"]) == PSC.names
    assert list(found["Units"]) == [column.unit for column in PSC.columns]
    assert list(found["UCD"]) == [column.ucd for column in PSC.columns]
    assert list(found["Description"]) == [column.description for column in PSC.columns]


def stilts_metadata(path, out):
    """What STILTS knows of the columns: one row a column."""
    from astropy.table import Table

    run = subprocess.run(["stilts", "tpipe", f"in={path}", f"ifmt={path.suffix.replace('.vot', '.votable')[1:]}",
                          "cmd=meta Name Units UCD Description", "ofmt=votable-tabledata", f"out={out}"],
                         capture_output=True, text=True, timeout=120)
    if "No table handler available for parquet" in run.stderr:
        pytest.skip("this stilts has no Parquet support")
    assert run.returncode == 0, run.stderr
    return Table.read(out).filled("")
