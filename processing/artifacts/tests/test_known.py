"""Lists of bright stars."""

import numpy as np
import pytest
from astropy.table import Table

from processing.artifacts.known import read_bright_stars
from processing.errors import SurveyError


@pytest.mark.parametrize("name", ["stars.ecsv", "stars.vot", "stars.fits"])
def test_list_is_read_with_gaps_filled_and_faint_stars_left_out(tmp_path, name):
    table = Table({"ra": [10.0, 20.0, 30.0], "dec": [1.0, 2.0, 3.0], "j_m": [1.0, 12.0, 0.5], "h_m": [0.4, 11.8, 0.0],
                   "k_m": np.ma.array([0.2, 11.7, 0.0], mask=[False, False, True])})  # fmt: skip
    table.write(tmp_path / name, format="votable" if name.endswith("vot") else None)
    stars = read_bright_stars(tmp_path / name)
    assert stars["ra"].tolist() == [10.0, 30.0]
    assert stars["magnitude"][0] == pytest.approx([1.0, 0.4, 0.2]) and np.isfinite(stars["magnitude"][1]).all()


def test_list_without_a_column_is_refused(tmp_path):
    Table({"ra": [1.0], "dec": [2.0], "k_m": [3.0]}).write(tmp_path / "stars.ecsv")
    with pytest.raises(SurveyError, match="without j_m, h_m"):
        read_bright_stars(tmp_path / "stars.ecsv")


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "stars.ecsv").write_text("no table")
    with pytest.raises(SurveyError, match="cannot be read"):
        read_bright_stars(tmp_path / "stars.ecsv")
