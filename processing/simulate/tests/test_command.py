import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from processing.cli import main
from processing.formats.atlas_image import read_atlas_image


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    out = tmp_path_factory.mktemp("simulate") / "field"
    where = ["--ra", "133.2", "--dec", "-6.3", "--bands", "j,k", "--model-only"]
    assert main(["simulate", "--out", str(out), *where]) == 0
    return out


def test_images_are_read_as_real_ones_are(field):
    images = [read_atlas_image(path) for path in sorted(field.glob("*.fits"))]
    assert [image.band for image in images] == ["j", "k"]
    for image in images:
        assert image.data.shape == (1024, 512)
        assert image.centre == pytest.approx((133.2, -6.3), abs=1e-6)
        assert image.path.name == f"{image.band}i{round((-image.header['USYREF'] - 512) / 82.4) + 1:02d}.fits"


def test_truth_says_where_in_the_image_the_stars_are(field):
    stars = pq.read_table(field / "truth" / "stars.parquet").to_pandas()
    path = next(field.glob("ji*.fits"))
    header, data = fits.getheader(path), fits.getdata(path)
    bright = stars[stars["seen_j"] & (stars["j"] < 14)]
    assert len(bright) > 5
    x, y = WCS(header).wcs_world2pix(bright["ra"], bright["dec"], 0)
    assert np.allclose(bright["x_j"], x) and np.allclose(bright["y_j"], y)
    values = data[np.round(y).astype(int), np.round(x).astype(int)] - header["SKYVAL"]
    assert np.all(values > 0.04 * np.minimum(bright["dn_j"], 1e5))


def test_truth_carries_the_settings(field):
    record = json.loads((field / "truth" / "simulation.json").read_text())
    assert record["stage"] == "simulate"
    assert record["settings"]["seed"] == 1 and record["settings"]["bands"] == ["j", "k"]


@pytest.mark.parametrize(
    "extra, message",
    [(["--dec", "95"], "position: expected"), (["--bands", "j,q"], "found q"), (["--seeing", "0.4"], "seeing 0.40"),
     (["--limit", "20"], "at most 17.5"), (["--seed", "-4"], "--seed"), (["--density-factor", "-1"], "--density")],
)  # fmt: skip
def test_nonsense_is_one_sentence_and_leaves_nothing(tmp_path, capsys, extra, message):
    assert main(["simulate", "--out", str(tmp_path / "x"), *extra]) == 1
    error = capsys.readouterr().err
    assert message in error and len(error.strip().splitlines()) == 1
    assert not any(tmp_path.iterdir())


def test_a_folder_of_something_else_is_not_replaced(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("years of work")
    assert main(["simulate", "--out", str(tmp_path)]) == 1
    assert "expected a new or empty folder" in capsys.readouterr().err
    assert (tmp_path / "thesis.tex").exists()


def test_raw_nights_are_not_replaced_by_a_way_round(tmp_path, capsys):
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "simulation.json").write_text("{}")
    (tmp_path / "reference").mkdir()
    assert main(["simulate", "--out", str(tmp_path / "not-there" / ".."), "--model-only"]) == 1
    assert "found something else" in capsys.readouterr().err
    assert (tmp_path / "reference").is_dir()
