"""The YAML of a table and what each file format says of its columns are one and the same."""

import warnings
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import parse
from astropy.table import Table

from processing.formats.fits_table import write_fits_table
from processing.formats.parquet import write_parquet
from processing.formats.tables import empty_table
from processing.formats.tests.real_rows import real_points
from processing.formats.votable import write_votable
from processing.schema import load_table

TABLES = ("psc", "xsc", "scans", "atlas")

PARQUET_TYPES = {
    "short": ("INT32", "int16"), "int": ("INT32", "int32"), "long": ("INT64", "int64"), "float": ("FLOAT", "float"),
    "double": ("DOUBLE", "double"), "char": ("BYTE_ARRAY", "string"), "string": ("BYTE_ARRAY", "string"),
}
"""Physical type in the file and arrow type of each datatype, written down here once more, independently."""

FITS_TYPES = {"short": "I", "int": "J", "long": "K", "float": "E", "double": "D"}


def expected(table):
    return [(c.name, c.unit, c.ucd, c.description) for c in table.columns]


def votable_fields(path):
    """What the FIELDs of a VOTable say, read as plain XML; astropy must also accept every word of it."""
    parse(str(path), verify="exception")
    space = "{http://www.ivoa.net/xml/VOTable/v1.3}"
    fields = ElementTree.parse(path).findall(f".//{space}FIELD")
    descriptions = [one_line(field.find(f"{space}DESCRIPTION").text) for field in fields]
    texts = [(f.get("name"), f.get("unit", ""), f.get("ucd"), text) for f, text in zip(fields, descriptions)]
    return texts, [(f.get("datatype"), f.get("arraysize")) for f in fields]


def one_line(text):
    """XML text with the line breaks that a writer may put in taken out."""
    return " ".join(text.split())


def votable_type(column):
    if column.datatype == "char":
        return "char", str(column.length)
    if column.datatype == "string":
        return "char", f"{column.length or ''}*"
    return column.datatype, None


@pytest.mark.parametrize("name", TABLES)
def test_parquet_says_what_the_yaml_says(name, tmp_path):
    table = load_table(name)
    write_parquet(tmp_path / "t.parquet", empty_table(table), table)
    schema = pq.read_schema(tmp_path / "t.parquet")
    texts = [{key.decode(): value.decode() for key, value in field.metadata.items()} for field in schema]
    assert [(f.name, t["unit"], t["ucd"], t["description"]) for f, t in zip(schema, texts)] == expected(table)
    assert [field.nullable for field in schema] == [column.nullable for column in table.columns]
    physical = pq.read_metadata(tmp_path / "t.parquet").schema
    found = [(physical.column(i).physical_type, str(field.type)) for i, field in enumerate(schema)]
    assert found == [PARQUET_TYPES[column.datatype] for column in table.columns]


@pytest.mark.parametrize("name", TABLES)
def test_the_votable_in_the_parquet_footer_says_what_the_yaml_says(name, tmp_path):
    table = load_table(name)
    write_parquet(tmp_path / "t.parquet", empty_table(table), table)
    footer = pq.read_metadata(tmp_path / "t.parquet").metadata
    assert footer[b"IVOA.VOTable-Parquet.version"] == b"1.0"
    (tmp_path / "header.vot").write_bytes(footer[b"IVOA.VOTable-Parquet.content"])
    assert b"<DATA" not in footer[b"IVOA.VOTable-Parquet.content"]
    texts, types = votable_fields(tmp_path / "header.vot")
    assert texts == expected(table)
    assert types == [votable_type(column) for column in table.columns]


@pytest.mark.parametrize("name", TABLES)
def test_votable_says_what_the_yaml_says(name, tmp_path):
    table = load_table(name)
    write_votable(tmp_path / "t.vot", empty_table(table), table)
    texts, types = votable_fields(tmp_path / "t.vot")
    assert texts == expected(table)
    assert types == [votable_type(column) for column in table.columns]
    document = parse(str(tmp_path / "t.vot"))
    assert one_line(document.get_first_table().description) == table.description


@pytest.mark.parametrize("name", TABLES)
def test_fits_says_what_the_yaml_says(name, tmp_path):
    table = load_table(name)
    write_fits_table(tmp_path / "t.fits", empty_table(table), table)
    header = fits.getheader(tmp_path / "t.fits", 1)
    numbers = range(1, header["TFIELDS"] + 1)
    keys = ("TTYPE", "TUNIT", "TUCD", "TCOMM")
    assert [tuple(header.get(f"{key}{n}", "") for key in keys) for n in numbers] == expected(table)
    for n, column in zip(numbers, table.columns):
        width = column.length or 1
        wanted = f"{width}A" if column.datatype in ("char", "string") else FITS_TYPES[column.datatype]
        assert header[f"TFORM{n}"] == wanted, column.name
        assert (f"TNULL{n}" in header) == (column.datatype in ("short", "int", "long")), column.name


def test_astropy_reads_units_ucds_and_descriptions_from_the_parquet_file(tmp_path):
    psc = load_table("psc")
    write_parquet(tmp_path / "t.parquet", real_points(), psc)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = Table.read(tmp_path / "t.parquet", format="parquet.votable")
    texts = [(c.name, str(c.unit or ""), c.meta["ucd"], one_line(c.description)) for c in found.columns.values()]
    assert texts == expected(psc)
    assert list(found["designation"]) == real_points()["designation"].to_pylist()
