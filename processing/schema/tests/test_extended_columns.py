"""The 389 columns of the Extended Source Catalog, against the survey's own list of them."""

import csv
from pathlib import Path

import pytest

from processing.schema import BANDS, load_table
from processing.schema.extended_flags import CIRCLES, FIDUCIAL, OWN

XSC = load_table("xsc")
LIST = Path(__file__).parents[4] / "shared" / "reference" / "xsc_columns.csv"


@pytest.fixture(scope="module")
def listed():
    if not LIST.is_file():
        pytest.skip("the survey's list of columns is not beside the checkout")
    with LIST.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_names_units_and_ucds_are_the_surveys_in_its_order(listed):
    assert [(c.name, c.unit, c.ucd) for c in XSC.columns] == [(row["name"], row["unit"], row["ucd"]) for row in listed]


def test_types_and_widths_are_the_surveys(listed):
    kinds = [("char" if c.datatype == "string" else c.datatype, str(c.length or "")) for c in XSC.columns]
    assert kinds == [(row["datatype"], row["arraysize"]) for row in listed]


def test_decimals_are_the_surveys(listed):
    for column, row in zip(XSC.columns, listed, strict=True):
        wanted = "." + row["print_format"].split(".")[1] if row["print_format"].endswith("f") else ""
        assert column.extra.get("ascii", "").startswith(("<", wanted) if not wanted else wanted), column.name


def test_the_short_list_is_the_surveys(listed):
    assert XSC.extra["principal"] == [row["name"] for row in listed if row["view"] == "S"]


def test_what_one_program_cannot_know_may_be_null(listed):
    """Null where the survey has a value for every row: times of images without one, a lone source's neighbour, ..."""
    changed = {c.name for c, row in zip(XSC.columns, listed, strict=True) if c.nullable != (row["nullable"] == "yes")}
    edges = {"dist_edge_ns", "dist_edge_ew", "dist_edge_flg"}
    assert changed == {"jdate", "vc", "id_flg", "prox", "pxcntr", "coadd"} | edges


def test_every_aperture_has_its_columns():
    names = set(XSC.names)
    assert len(XSC.names) == len(names) == 389
    for band in BANDS:
        for aperture in (*FIDUCIAL, *OWN, *map(str, CIRCLES)):
            assert {f"{band.letter}_{kind}_{aperture}" for kind in ("m", "msig", "flg")} <= names
        assert {f"{band.letter}_r_{aperture}" for aperture in OWN} <= names
    assert {f"r_{aperture}" for aperture in FIDUCIAL} <= names


def test_descriptions_are_whole_sentences_of_their_own():
    texts = [column.description for column in XSC.columns]
    assert len(set(texts)) == len(texts) and not any("{" in text or "}" in text for text in texts)
