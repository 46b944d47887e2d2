"""Extended sources in the bulk format: 389 fields a line, read back as they were written."""

import numpy as np
import pytest

from processing.errors import SurveyError
from processing.formats.bulk_ascii import bulk_lines, count_fields, read_bulk_ascii, write_bulk_ascii
from processing.formats.tables import make_table
from processing.formats.tests.extended_rows import XSC, made_up_galaxies


def printed_galaxies(n=40):
    """Galaxies whose numbers have as many decimals as are printed."""
    rng = np.random.default_rng(4)
    table = made_up_galaxies(np.round(rng.uniform(0, 360, n), 6), np.round(rng.uniform(-90, 90, n), 6),
                             np.round(rng.uniform(9, 14, n), 3), seed=1, stage="release")
    rounded = {}
    for column in XSC.columns:
        values, spec = table[column.name], column.extra.get("ascii", "")
        if spec.endswith("f"):
            values = np.round(values.to_numpy().astype(float), int(spec[1:-1]))
        rounded[column.name] = values
    return make_table(rounded, XSC)


@pytest.mark.parametrize("name", ("xsc_aaa", "xsc_aaa.gz"))
def test_rows_come_back_as_they_were_written(name, tmp_path):
    rows = printed_galaxies()
    write_bulk_ascii(tmp_path / name, rows, XSC)
    assert read_bulk_ascii(tmp_path / name, XSC).equals(rows.combine_chunks())
    assert count_fields(tmp_path / name) == 389


def test_nulls_are_those_of_postgresql_and_names_are_filled_up():
    fields = bulk_lines(printed_galaxies(1), XSC).decode().rstrip("\n").split("|")
    line = dict(zip(XSC.names, fields, strict=True))
    assert line["vc"] == r"\N" and line["id_cat"] == r"\N" and line["blk_fac"] == r"\N"
    assert len(line["designation"]) == 17 and line["designation"].endswith(" ")
    assert line["e_score"] == "1" and line["cc_flg"] == "0"


def test_a_wrong_line_is_named(tmp_path):
    lines = bulk_lines(printed_galaxies(3), XSC).splitlines(keepends=True)
    lines[1] = lines[1].replace(b"|", b"", 1)
    (tmp_path / "xsc_b").write_bytes(b"".join(lines))
    with pytest.raises(SurveyError, match="xsc_b: .*line 2: Expected 389 columns, got 388"):
        read_bulk_ascii(tmp_path / "xsc_b", XSC)
