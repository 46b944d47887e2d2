"""Optical stars at sources: who is matched, where it was at the time, what its Johnson magnitudes are."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.table import Table
from astropy.time import Time

from processing.errors import SurveyError
from processing.formats.raw_reference import write_astrometric
from processing.release.associations.optical import J2000, Optical, associate, johnson, read_optical

ARCSEC = 1 / 3600


def stars(ra, dec, vt=10.0, bt=np.nan, pm_ra=0.0, pm_dec=0.0):
    columns = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, float)) for v in (ra, dec, vt, bt, pm_ra, pm_dec)))
    return Optical(*columns)


def test_the_nearest_of_the_stars_within_five_arcsec_is_taken_and_all_are_counted():
    optical = stars([50.0, 50.0, 50.0], [10.0, 10.0 + 3 * ARCSEC, 10.0 + 5.2 * ARCSEC], vt=[11.0, 9.0, 5.0])
    found = associate(np.array([50.0, 60.0]), np.array([10.0 + 1.04 * ARCSEC, 10.0]), np.full(2, J2000), optical)
    assert found["a"].tolist() == ["T", "0"] and found["nopt_mchs"].tolist() == [3, 0]
    assert found["dist_opt"].tolist() == [1.0, None] and found["phi_opt"].tolist() == [0, None]
    assert found["vr_m_opt"].tolist() == [11.0, None]


def test_beyond_five_arcsec_there_is_none():
    found = associate(np.array([50.0]), np.array([10.0 + 5.001 * ARCSEC]), np.array([J2000]), stars(50.0, 10.0))
    assert found["a"].tolist() == ["0"] and found["dist_opt"].mask.all() and found["nopt_mchs"].tolist() == [0]


def test_the_angle_goes_from_the_star_to_the_source():
    east = associate(np.array([50.001]), np.array([10.0]), np.array([J2000]), stars(50.0, 10.0))
    south = associate(np.array([50.0]), np.array([9.9995]), np.array([J2000]), stars(50.0, 10.0))
    assert (east["phi_opt"][0], south["phi_opt"][0]) == (90, 180)


@pytest.mark.parametrize("dec", (4.7, -60.0, 88.5))
def test_a_fast_star_is_looked_for_where_it_was_at_the_time_of_each_source(dec):
    """Barnard's proper motion; astropy says where the star was."""
    times = Time([1997.4, 2001.1], format="jyear")
    star = SkyCoord(269.45 * units.deg, dec * units.deg, obstime="J2000", distance=10 * units.pc,
                    radial_velocity=0 * units.km / units.s,
                    pm_ra_cosdec=-798.58 * units.mas / units.yr, pm_dec=10328.12 * units.mas / units.yr)
    there = star.apply_space_motion(times)
    found = associate(there.ra.deg, there.dec.deg, times.jd, stars(269.45, dec, pm_ra=-798.58, pm_dec=10328.12))
    assert found["a"].tolist() == ["T", "T"]
    assert found["dist_opt"].max() <= 0.1
    assert associate(there.ra.deg, there.dec.deg, times.jd, stars(269.45, dec))["a"].tolist() == ["0", "0"]


def test_without_a_time_the_star_stays_where_it_is_listed():
    found = associate(np.array([50.0]), np.array([10.0]), np.array([np.nan]), stars(50.0, 10.0, pm_ra=9000.0))
    assert found["a"].tolist() == ["T"]


def test_johnson_magnitudes_follow_the_formulas_and_without_bt_there_is_no_b():
    blue, visual = johnson(np.array([11.0, np.nan]), np.array([10.0, 10.0]))
    assert blue[0] == pytest.approx(10.76) and visual.tolist() == pytest.approx([9.91, 10.0])
    assert np.isnan(blue[1])
    found = associate(np.array([50.0]), np.array([10.0]), np.array([J2000]), stars(50.0, 10.0, vt=11.236))
    assert found["b_m_opt"].mask.all() and found["vr_m_opt"][0] == 11.24


def test_many_sources_agree_with_astropy():
    rng = np.random.default_rng(5)
    ra, dec = 80 + rng.uniform(0, 0.2, 3000), -30 + rng.uniform(0, 0.2, 3000)
    star_ra, star_dec = 80 + rng.uniform(-40, 40, 4000), -30 + rng.uniform(-20, 20, 4000)
    star_ra[:700], star_dec[:700] = 80 + rng.uniform(0, 0.2, 700), -30 + rng.uniform(0, 0.2, 700)
    found = associate(ra, dec, np.full(3000, J2000), stars(star_ra, star_dec))
    places = SkyCoord(star_ra, star_dec, unit="deg")
    star, nearest, _ = SkyCoord(ra, dec, unit="deg").match_to_catalog_sky(places)
    assert np.array_equal(found["a"] == "T", nearest.arcsec <= 5.0)
    matched = nearest.arcsec <= 5.0
    assert matched.sum() > 50
    assert np.abs(found["dist_opt"][matched] - nearest.arcsec[matched]).max() < 0.051


def test_no_sources_or_no_stars_are_no_error():
    nothing = np.zeros(0)
    assert len(associate(nothing, nothing, nothing, stars(50.0, 10.0))["a"]) == 0
    assert associate(np.ones(1), np.ones(1), np.full(1, J2000), stars(nothing, nothing))["a"].tolist() == ["0"]


def test_the_reference_stars_of_raw_nights_and_a_table_with_units_are_read(tmp_path):
    write_astrometric(tmp_path, {"ra": [10.0, 20.0], "dec": [1.0, 2.0], "vt_mag": [9.5, 11.0]})
    plain = read_optical(tmp_path / "reference" / "astrometric.parquet")
    assert plain.ra.tolist() == [10.0, 20.0] and np.isnan(plain.bt_mag).all() and (plain.pm_ra == 0).all()
    table = Table({"ra": [10.0] * units.deg, "dec": [3600.0] * units.arcsec, "vt_mag": [9.0], "bt_mag": [9.5],
                   "pm_ra": [0.01] * units.arcsec / units.yr, "pm_dec": [-20.0] * units.mas / units.yr})
    table.write(tmp_path / "t.ecsv", format="ascii.ecsv")
    read = read_optical(tmp_path / "t.ecsv")
    assert (read.dec[0], read.pm_ra[0], read.pm_dec[0], read.bt_mag[0]) == pytest.approx((1.0, 10.0, -20.0, 9.5))


@pytest.mark.parametrize("columns, words", [
    ({"ra": [1.0], "dec": [2.0]}, "there is no vt_mag"), ({"ra": ["x"], "dec": [2.0], "vt_mag": [9.0]}, "column ra"),
    ({"ra": [1.0, 2.0], "dec": [2.0, np.nan], "vt_mag": [9.0, 9.0]}, "expected dec in every row, found none in row 2"),
])
def test_a_file_that_is_no_optical_catalog_is_refused_by_name(columns, words, tmp_path):
    pq.write_table(pa.table(columns), tmp_path / "o.parquet")
    with pytest.raises(SurveyError, match=f"{tmp_path}/o.parquet: .*{words}"):
        read_optical(tmp_path / "o.parquet")
    with pytest.raises(SurveyError, match="cannot be read"):
        read_optical(Path(tmp_path / "nowhere.ecsv"))
