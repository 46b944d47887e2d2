"""Quality flags and uncertainties, against published rows."""

import numpy as np
import pytest

from processing.bandmerge.quality import magnitude, magnitude_error, photometric_quality, total_uncertainty
from processing.formats.tests.real_rows import real_points
from processing.schema import BANDS


def band_of(band):
    """Columns of one band of the published rows, NaN for null."""
    rows = real_points().to_pandas()
    names = ("m", "cmsig", "msigcom", "snr", "psfchi")
    numbers = {name: rows[f"{band.letter}_{name}"].to_numpy(float) for name in names}
    flags = {name: np.array([text[band.index - 1] for text in rows[name]]) for name in ("ph_qual", "rd_flg")}
    return numbers | flags


@pytest.mark.parametrize("band", BANDS, ids=lambda b: b.name)
def test_ph_qual_is_that_of_the_published_rows(band):
    """All but the E of sources that too few frames detect, which an Atlas Image does not show. The survey graded before
    it rounded to 0.1 in S/N and 0.001 mag, so values at a limit may be on either side of it."""
    rows = band_of(band)
    comparable = rows["ph_qual"] != "E"
    grades = [photometric_quality(rows["rd_flg"], rows["snr"] + 0.05 * a, rows["cmsig"] + 0.0005 * b, rows["psfchi"])
              for a, b in ((0, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))]
    same = np.array(grades) == rows["ph_qual"]
    assert comparable.sum() > 670
    assert same.any(axis=0)[comparable].all()
    assert same[0][comparable].mean() > 0.98


@pytest.mark.parametrize("rd_flg, snr, cmsig, psfchi, grade", [
    ("9", 99, 0.01, 1, "X"), ("0", np.nan, np.nan, np.nan, "U"), ("6", np.nan, np.nan, np.nan, "U"),
    ("1", 99, 8.5, 1, "F"), ("3", 99, np.nan, np.nan, "F"), ("2", 99, 0.01, 10.1, "E"), ("4", 99, 0.01, np.nan, "E"),
    ("2", 10.1, 0.1085, 1, "A"), ("2", 10.0, 0.1085, 1, "B"), ("2", 99, 0.10857, 1, "B"), ("2", 7.1, 0.2, 1, "C"),
    ("2", 5.0, 0.2, 1, "D"), ("2", 99, 0.3, 1, "D"), ("2", 99, np.nan, 1, "D"), ("3", 50, 0.05, np.nan, "A"),
])
def test_ph_qual_takes_the_first_rule_that_holds(rd_flg, snr, cmsig, psfchi, grade):
    one = [np.array([value]) for value in (rd_flg, snr, cmsig, psfchi)]
    assert photometric_quality(*one)[0] == grade


@pytest.mark.parametrize("snr, seen, grade", [(31.0, 2, "E"), (31.0, 3, "A"), (25.5, 1, "A"), (12.0, 0, "A")])
def test_a_bright_source_that_few_frames_see_is_no_star(snr, seen, grade):
    counts = np.array([[seen, 6]])
    assert photometric_quality(np.array(["2"]), np.array([snr]), np.array([0.05]), np.ones(1), counts)[0] == grade


@pytest.mark.parametrize("band", BANDS, ids=lambda b: b.name)
def test_total_uncertainty_is_that_of_the_published_rows(band):
    """To the thousandth of a magnitude that is listed."""
    rows = band_of(band)
    known = np.isfinite(rows["cmsig"])
    ours = total_uncertainty(rows["cmsig"], rows["rd_flg"], band.zero_point_error)
    assert known.sum() > 580
    assert np.abs(ours - rows["msigcom"])[known].max() < 0.0016
    assert np.isnan(ours[~known]).all()


def test_magnitude_follows_its_definition():
    assert magnitude(np.array([100.0]), 20.9)[0] == pytest.approx(15.9)
    assert magnitude_error(np.array([100.0]), np.array([1.0]))[0] == pytest.approx(0.0108574, rel=1e-4)


def test_flux_that_is_not_positive_has_no_magnitude():
    flux = np.array([0.0, -3.0, np.nan])
    assert np.isnan(magnitude(flux, 20.0)).all() and np.isnan(magnitude_error(flux, np.ones(3))).all()
