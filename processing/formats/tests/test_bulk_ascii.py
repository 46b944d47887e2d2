"""The bulk files: bytes as Python's exact formats print them, streams of blocks, errors that name file and line."""

import gzip

import numpy as np
import pyarrow as pa
import pytest

from processing.errors import SurveyError
from processing.formats import bulk_ascii
from processing.formats.bulk_ascii import bulk_lines, read_bulk_ascii, read_bulk_blocks, write_bulk_ascii
from processing.formats.tables import empty_table
from processing.formats.tests.real_rows import real_points
from processing.schema import load_table

PSC = load_table("psc")


def with_values(name, values):
    """As many real rows as there are ``values``, with these in the column ``name``."""
    rows = real_points().slice(0, len(values))
    place = rows.column_names.index(name)
    field = rows.schema.field(place)
    return rows.set_column(place, field, pa.array(values, field.type))


def printed(name, values):
    place = PSC.names.index(name)
    return [line.split(b"|")[place].decode() for line in bulk_lines(with_values(name, values), PSC).splitlines()]


def expected(value, decimals):
    """The exact decimal value, rounded half to even, without trailing zeros."""
    text = format(value, f".{decimals}f").rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


@pytest.mark.parametrize("name, decimals, spread", [
    ("dec", 6, 90.0), ("ra", 6, 360.0), ("jdate", 4, 2.5e6), ("glat", 3, 90.0), ("dec", 6, 1e-5), ("dec", 6, 0.01)])
def test_doubles_are_rounded_as_their_exact_decimal_value_is(name, decimals, spread):
    rng = np.random.default_rng(7)
    values = rng.uniform(-spread, spread, 300)
    ties = np.round(rng.uniform(-spread, spread, 300), decimals) + 0.5 / 10**decimals
    near = np.nextafter(ties, rng.choice([-np.inf, np.inf], 300))
    for numbers in (values, np.round(values, decimals), ties, near):
        assert printed(name, numbers) == [expected(value, decimals) for value in numbers.tolist()]


def test_floats_are_printed_by_the_value_that_they_hold():
    values = np.concatenate([np.float32([0.0, -0.0, 12.0, 12.5, -0.0004, 10.0005, 9999.9995, 1e7, 1e30, 100.0]),
                             np.random.default_rng(3).normal(12, 9, 500).astype(np.float32)])
    assert printed("j_m", values) == [expected(value, 3) for value in values.tolist()]


def test_whole_numbers_keep_their_zeros():
    assert printed("dup_src", [0, 10, 100, -32768, 32767]) == ["0", "10", "100", "-32768", "32767"]
    assert printed("ext_key", [None, 2_147_483_647]) == [r"\N", "2147483647"]


def test_a_slice_a_table_in_chunks_and_one_whole_print_alike():
    whole = bulk_lines(real_points(), PSC)
    chunks = pa.concat_tables([real_points().slice(n, 100) for n in range(0, 683, 100)])
    assert bulk_lines(chunks, PSC) == whole
    assert bulk_lines(real_points().slice(13, 7), PSC) == b"".join(whole.splitlines(keepends=True)[13:20])
    assert bulk_lines(empty_table(PSC), PSC) == b""


def test_the_same_rows_are_the_same_bytes_whatever_the_name_and_the_time(tmp_path, monkeypatch):
    write_bulk_ascii(tmp_path / "one.gz", real_points(), PSC)
    monkeypatch.setattr("time.time", lambda: 1e9)
    write_bulk_ascii(tmp_path / "two.gz", real_points(), PSC)
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()
    assert gzip.decompress((tmp_path / "one.gz").read_bytes()) == bulk_lines(real_points(), PSC)


def test_a_file_is_read_in_blocks_that_are_all_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(bulk_ascii, "BLOCK", 20_000)
    write_bulk_ascii(tmp_path / "t.gz", real_points(), PSC)
    blocks = list(read_bulk_blocks(tmp_path / "t.gz", PSC))
    assert len(blocks) > 5 and max(block.num_rows for block in blocks) < 100
    assert pa.concat_tables(blocks).equals(real_points())


def test_gzip_files_put_one_behind_the_other_are_one_file(tmp_path):
    for part in (real_points().slice(0, 300), real_points().slice(300)):
        write_bulk_ascii(tmp_path / "part.gz", part, PSC)
        with (tmp_path / "all.gz").open("ab") as stream:
            stream.write((tmp_path / "part.gz").read_bytes())
    assert read_bulk_ascii(tmp_path / "all.gz", PSC).equals(real_points())


def test_exponents_as_postgresql_prints_very_small_numbers_are_read(tmp_path):
    line = bulk_lines(real_points().slice(0, 1), PSC).split(b"|", 1)[1]
    (tmp_path / "t.txt").write_bytes(b"3.6e-05|" + line)
    assert read_bulk_ascii(tmp_path / "t.txt", PSC)["ra"].to_pylist() == [3.6e-05]


def field(place, value):
    """Change one field of a line."""
    return lambda line: "|".join(value if n == place else part for n, part in enumerate(line.split("|")))


@pytest.mark.parametrize("spoil, words", [
    (field(6, "bright"), "column j_m: line 501: .*'bright'"),
    (field(4, "99999"), "column err_ang: line 501"),
    (lambda line: line.replace("|", "", 1), "line 501: Expected 60 columns, got 59"),
    (lambda line: "", "line 501: "),
    (field(0, r"\N"), "lines 481 to 541: column ra of psc: 1 of 61 values are null"),
    (field(18, "AA"), "lines 481 to 541: column ph_qual of psc: texts of 2 to 3 characters, expected exactly 3"),
])
@pytest.mark.parametrize("name", ("t.txt", "t.gz"))
def test_a_wrong_line_is_named_with_its_file(spoil, words, name, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk_ascii, "BLOCK", 20_000)
    rows = bulk_lines(real_points(), PSC).decode().splitlines()
    rows[500] = spoil(rows[500])
    text = ("\n".join(rows) + "\n").encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    with pytest.raises(SurveyError, match=f"{tmp_path / name}: .*{words}"):
        list(read_bulk_blocks(tmp_path / name, PSC))
