"""Rows of COPY in each format are what Python, which the kernel stands in for, makes of their values."""

import csv
import io
import struct
import subprocess
from base64 import b64decode

import numpy as np
import pytest

from processing.answer import copy_rows
from processing.answer.copy_rows import (BINARY, BINARY2, BOOLEAN, COLUMNS, CSV, FLOAT4, FLOAT8, INT2, INT4, INT8,
                                         TABLEDATA, TEXT, UNICODE, Field, Rows)  # fmt: skip
from processing.publish.kernel import command

FORMS = {BOOLEAN: "?", INT2: ">h", INT4: ">i", INT8: ">q", FLOAT4: ">f", FLOAT8: ">d"}

TEXTS = ["", "plain", "a,b", 'say "hm"', "it's", "both ' and \"", "back\\slash", "tab\tnew\nline\r", "Krämer", "星",
         "😀 and 𝄞", "\x7f\x01", "\u200b\xa0\xad", "\U000e0001", " led and trailed ", "<a & b>", "x" * 3000]


@pytest.fixture(scope="module", autouse=True)
def compiled(tmp_path_factory):
    """The kernel, compiled as for the server but with warnings as errors."""
    library = tmp_path_factory.mktemp("kernel") / "rows.so"
    words = command(copy_rows.KERNEL.with_name("rows.c"), library)
    done = subprocess.run([*words, "-Werror"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    patch = pytest.MonkeyPatch()
    patch.setattr(copy_rows, "KERNEL", library)
    copy_rows.kernel.cache_clear()
    yield
    patch.undo()
    copy_rows.kernel.cache_clear()


def kept(kinds, rows):
    """Rows of values as KEEP has them: the length of each, and its fields with their lengths."""
    out = []
    for row in rows:
        fields = b"".join(map(field_bytes, kinds, row))
        out += [struct.pack(">i", len(fields)), fields]
    return b"".join(out)


def field_bytes(kind, value):
    if value is None:
        return b"\xff\xff\xff\xff"
    data = struct.pack(FORMS[kind], value) if kind in FORMS else value.encode()
    return struct.pack(">i", len(data)) + data


def made_of(form, fields, rows, **options):
    """What becomes of rows of values."""
    with Rows(fields, form, **options) as job:
        data = kept([field.kind for field in fields], rows)
        out, taken = job.feed(data, at_end=True)
        assert taken == len(data)
        return out


def lines(kind, values):
    """The values as lines of a CSV, with a number before them that nobody looks at."""
    fields = [Field(kind=INT4, has_null=1), Field(kind=kind, has_null=1)]
    return made_of(CSV, fields, [(0, value) for value in values]).decode().split("\r\n")[:-1]


def doubles():
    rng = np.random.default_rng(1)
    any_bits = rng.integers(0, 1 << 64, 100_000, dtype=np.uint64).view(np.float64)
    any_bits = any_bits[np.isfinite(any_bits)]
    catalogue = np.concatenate([np.round(rng.uniform(-400, 400, 20_000), digits) for digits in range(9)])
    scales = rng.normal(size=30_000) * 10.0 ** rng.integers(-25, 25, 30_000)
    powers = np.concatenate([2.0 ** np.arange(-1074, 1024), 10.0 ** np.arange(-320, 308)])
    whole = rng.integers(-(1 << 62), 1 << 62, 20_000).astype(float)
    values = np.concatenate([any_bits, catalogue, scales, powers, whole, [0.0, -0.0, 1e15, 1e16, 1e22, 1e23, 5e-324]])
    return values.tolist()


def test_doubles_are_written_as_python_writes_them():
    values = doubles()
    assert lines(FLOAT8, values) == [f"0,{value!r}" for value in values]


def test_floats_are_written_with_the_digits_that_tell_them_apart():
    rng = np.random.default_rng(2)
    any_bits = rng.integers(0, 1 << 32, 200_000, dtype=np.uint32).view(np.float32)
    any_bits = any_bits[np.isfinite(any_bits)]
    catalogue = np.concatenate([np.round(rng.uniform(-30, 30, 20_000), digits) for digits in range(6)])
    large = rng.uniform(0, 1 << 25, 50_000)
    powers = 2.0 ** np.arange(-149, 128)
    values = np.concatenate([any_bits, catalogue, large, powers, [0.0, -0.0]]).astype(np.float32)
    found = lines(FLOAT4, values.tolist())
    assert (np.array([line[2:] for line in found]).astype(np.float64).astype(np.float32) == values).all()
    wanted = [f"0,{float(str(value))!r}" for value in values]  # beyond 2^24 numpy's may lie halfway between two floats
    assert not [pair for pair, value in zip(zip(found, wanted), values) if pair[0] != pair[1] and abs(value) < 1 << 24]


def test_what_is_no_number_and_what_is_infinite_have_their_words():
    for kind in (FLOAT4, FLOAT8):
        assert lines(kind, [float("nan"), float("inf"), -float("inf"), None]) == ["0,nan", "0,inf", "0,-inf", "0,"]


@pytest.mark.parametrize("kind,bits", [(INT2, 16), (INT4, 32), (INT8, 64)])
def test_integers_are_written_up_to_the_largest(kind, bits):
    values = [0, 1, -1, 10, -10, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), 12345, -9999]
    assert lines(kind, values) == [f"0,{value}" for value in values]


def test_texts_are_those_of_a_csv_writer_given_the_inside_of_their_repr():
    wanted = io.StringIO()
    csv.writer(wanted).writerows([0, repr(text)[1:-1]] for text in TEXTS)
    assert "\r\n".join(lines(TEXT, TEXTS)) + "\r\n" == wanted.getvalue()


def test_the_characters_that_are_escaped_are_those_that_python_does_not_print():
    edges = list(copy_rows.unprintable())
    ranges = [range(first, last + 1) for first, last in zip(edges[::2], edges[1::2])]
    assert {number for each in ranges for number in each} == {
        number for number in range(0x110000) if not chr(number).isprintable()}  # fmt: skip


def test_a_single_empty_column_is_no_empty_line():
    assert made_of(CSV, [Field(kind=TEXT, has_null=1)], [("",), (None,), ("a",)]) == b'""\r\n""\r\na\r\n'


def test_binary2_has_a_bit_for_each_null_and_values_as_numpy_reads_them():
    kinds = [INT2, INT4, INT8, FLOAT4, FLOAT8, BOOLEAN] * 3
    rng = np.random.default_rng(3)
    values = [[-3, 1 << 30, 1 << 60, 1.5, -0.0, True] * 3 for _ in range(50)]
    rows = [[None if rng.random() < 0.3 else value for value in row] for row in values]
    fields = [Field(kind=kind, has_null=1, no=ord("0"), yes=ord("1")) for kind in kinds]
    kind = np.dtype([("nulls", "u1", 3), *((str(i), ">" + "i2 i4 i8 f4 f8 u1".split()[i % 6]) for i in range(18))])
    found = np.frombuffer(made_of(BINARY2, fields, rows), kind)
    nulls = np.unpackbits(found["nulls"], axis=1)[:, :18].astype(bool)
    assert (nulls == [[value is None for value in row] for row in rows]).all()
    for column, name in enumerate(kind.names[1:]):
        told = [ord("1") if row[column] is True else row[column] for row in rows if row[column] is not None]
        assert found[name][~nulls[:, column]].tolist() == told


@pytest.mark.parametrize("text,width,wanted", [
    ("ab", 0, b"\0\0\0\2ab"), ("Krämer", 0, b"\0\0\0\6Kr?mer"), ("", 0, b"\0\0\0\0"), (None, 0, b"\0\0\0\0"),
    ("ab", 4, b"ab__"), ("äbcde", 3, b"?bc"), (None, 3, b"___"), ("abcde", 3, b"abc"), ("😀x", 2, b"?x")])
def test_texts_in_ascii_are_counted_cut_and_filled_up_by_characters(text, width, wanted):
    assert made_of(BINARY, [Field(kind=TEXT, width=width, padding=ord("_"), has_null=1)], [(text,)]) == wanted


def test_unicode_texts_are_counted_in_units_of_utf16():
    for text in TEXTS:
        coded = text.encode("utf-16-be")
        wanted = struct.pack(">i", len(coded) // 2) + coded
        assert made_of(BINARY, [Field(kind=UNICODE, has_null=1)], [(text,)]) == wanted
    assert made_of(BINARY, [Field(kind=UNICODE, width=3)], [("aä",)]) == "aä\0".encode("utf-16-be")
    assert made_of(BINARY, [Field(kind=UNICODE, width=2)], [("a😀",)]) == "a\0".encode("utf-16-be")


def test_tabledata_escapes_what_xml_needs_and_says_nulls_as_told():
    fields = [Field(kind=TEXT, has_null=1), Field(kind=UNICODE, has_null=1), Field(kind=FLOAT8, has_null=1,
              null_text=b"NaN"), Field(kind=INT2, has_null=1, null_text=b"-9")]  # fmt: skip
    assert made_of(TABLEDATA, fields, [("<ä&b>", "ä>", 1e300, 7), (None, None, None, None)]).decode() == (
        "<TR><TD>&lt;?&amp;b&gt;</TD><TD>ä&gt;</TD><TD>1e+300</TD><TD>7</TD></TR>"
        "<TR><TD></TD><TD></TD><TD>NaN</TD><TD>-9</TD></TR>")


def test_columns_hold_plain_values_and_a_bit_for_each_that_is_there():
    rows = [(True, 5, "ä"), (None, None, None), (False, -5, ""), (True, 7, "xyz")] * 5
    fields = [Field(kind=kind, has_null=1) for kind in (BOOLEAN, INT2, TEXT)]
    with Rows(fields, COLUMNS) as job:
        job.feed(kept([BOOLEAN, INT2, TEXT], rows))
        there = [value is not None for value, *_ in rows]
        for field in job.fields:
            bits = np.unpackbits(np.frombuffer(bytes(field.present), np.uint8), bitorder="little")
            assert bits[:20].astype(bool).tolist() == there and not bits[20:].any()
        truth, number, text = (bytes(field.values) for field in job.fields)
        assert np.unpackbits(np.frombuffer(truth, np.uint8), bitorder="little")[:15].tolist() == [1, 0, 1] * 5
        assert np.frombuffer(number, "<i4").tolist() == [5, -5, 7] * 5
        assert text == b"\2\0\0\0\xc3\xa4\0\0\0\0\3\0\0\0xyz" * 5 and job.fields[2].longest == 3
        job.next_group()
        job.feed(kept([BOOLEAN, INT2, TEXT], rows[:1]))
        assert job.group_rows == 1 and bytes(job.fields[1].values) == b"\5\0\0\0"


@pytest.mark.parametrize("block", [5, 8, 100, 4096])
def test_base64_goes_on_from_block_to_block(block):
    rows = [(number, "n" * (number % 5)) for number in range(200)]
    fields = [Field(kind=INT4), Field(kind=TEXT)]
    data, parts = kept([INT4, TEXT], rows), []
    with Rows(fields, BINARY, base64=True) as job:
        rest = b""
        for begin in range(0, len(data), block):
            rest += data[begin:begin + block]
            out, taken = job.feed(rest)
            parts.append(out)
            rest = rest[taken:]
        parts.append(job.feed(b"", at_end=True)[0])
    assert not rest and b64decode(b"".join(parts), validate=True) == made_of(BINARY, fields, rows)


def test_a_row_may_be_longer_than_any_buffer():
    text = "ä\n" * 3_000_000
    assert made_of(CSV, [Field(kind=TEXT)], [(text,)]).decode() == "ä\\n" * 3_000_000 + "\r\n"


def test_a_null_that_cannot_be_said_is_an_error_that_names_the_column():
    with pytest.raises(ValueError, match="a null is in column 2, which has no way to say it"):
        made_of(BINARY, [Field(kind=INT4), Field(kind=INT4)], [(1, 1), (1, None)])


def test_a_value_of_another_size_than_its_type_is_an_error():
    with Rows([Field(kind=INT4)], BINARY) as job, pytest.raises(ValueError, match="a value of 8 bytes is in column 1"):
        job.feed(kept([INT8], [(1,)]))
