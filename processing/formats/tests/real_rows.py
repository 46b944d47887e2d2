"""Real 2MASS rows for tests: 683 rows with all 60 columns, and one row of the bulk files."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).parents[4] / "shared" / "data" / "psc"

WIDTHS = {"rd_flg": 3, "bl_flg": 3, "cc_flg": 3, "ndet": 6}
"""VizieR keeps these as numbers where it can, so their leading zeros are gone: 22 stands for 022."""


@cache
def real_points():
    """The 683 rows around 08:30 +01:30 (four adjacent scans) as a pyarrow Table; skips where the file is absent."""
    from astropy.io.votable import parse

    from processing.formats.tables import make_table
    from processing.schema import load_table

    psc = load_table("psc")
    element = parse(str(_there("psc_0830+0130_60columns.vot"))).get_first_table()
    columns = {name: _plain(name, element.array[field.ID]) for name, field in zip(psc.names, element.fields)}
    return make_table(columns, psc)


def native_row():
    """The bytes of one row as the survey published it; skips where the file is absent."""
    return _there("psc_native_row_sample.txt").read_bytes()


def _there(name):
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"the real rows are not beside the checkout: no {name}")
    return path


def _plain(name, values):
    if name in ("glon", "glat"):
        return np.round(values.astype(float), 3)  # VizieR keeps them as float; the survey lists 0.001 deg
    if values.dtype.kind != "O":
        return values
    return [str(value).zfill(WIDTHS.get(name, 0)) for value in values]
