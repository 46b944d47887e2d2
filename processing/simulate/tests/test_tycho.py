from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse_single_table

from processing.errors import SurveyError
from processing.simulate import tycho
from processing.simulate.sky import around, sky_patch

REAL_ROWS = Path(__file__).parents[4] / "shared" / "data" / "psc" / "psc_0830+0130_60columns.vot"
installed = pytest.mark.skipif(not tycho.available(), reason=f"{tycho.PACKAGE} is not installed")


@installed
def test_the_whole_catalog_is_decoded():
    ra, dec, vt = tycho.tycho_stars()
    assert len(ra) == 1_871_011
    assert -90 <= dec.min() < -89.5 and 89.5 < dec.max() <= 90
    assert 1 < np.percentile(vt, 0.01) < 4 and 11 < np.median(vt) < 11.5


@installed
@pytest.mark.parametrize("place, magnitude", [("22h03m10.77s +18d53m03.5s", 7.69), ("20h00m43.71s +22d42m39.1s", 7.77)])
def test_two_famous_stars_are_where_they_are(place, magnitude):
    """HD 209458 and HD 189733: positions (ICRS, 2000) and VT."""
    ra, dec, vt = tycho.tycho_stars()
    star = SkyCoord(place)
    near = np.abs(dec - star.dec.deg) < 0.01
    distance = star.separation(SkyCoord(ra[near] * u.deg, dec[near] * u.deg)).arcsec
    assert distance.min() < 0.3 and vt[near][np.argmin(distance)] == pytest.approx(magnitude, abs=0.1)


@installed
def test_positions_are_as_far_from_the_survey_as_the_survey_says():
    """The real rows give their own distance (arcsec, one decimal) to the Tycho-2 star that they were matched with."""
    if not REAL_ROWS.exists():
        pytest.skip("the real rows are not here (../shared/data)")
    table = parse_single_table(REAL_ROWS).to_table()
    rows = SkyCoord(*(np.array(table[name], float) * u.deg for name in ("RAJ2000", "DEJ2000")))
    ra, dec, _ = tycho.tycho_stars()
    box = (ra > 127.2) & (ra < 127.8) & (dec > 1.2) & (dec < 1.8)
    nearest, separation, _ = SkyCoord(ra[box] * u.deg, dec[box] * u.deg).match_to_catalog_sky(rows)
    same = separation.arcsec < 1.5
    assert same.sum() >= 8
    assert np.all(np.array(table["opt"])[nearest[same]] == "T")
    assert np.allclose(separation.arcsec[same], np.array(table["Dopt"], float)[nearest[same]], atol=0.06)


@installed
def test_the_index_is_complete_only_to_its_faintest_star_in_full_cells():
    ra, dec, vt = tycho.tycho_stars()
    limit = tycho.complete_to(ra, dec)
    assert limit.max() == tycho.COMPLETE_VT
    plane = np.abs(SkyCoord(ra[::200] * u.deg, dec[::200] * u.deg).galactic.b.deg) < 3
    assert limit[::200][plane].mean() < limit[::200][~plane].mean()


@installed
def test_real_stars_replace_the_bright_ones_without_counting_twice():
    patch = around(127.5, 1.5, 4.0, 4.0)
    real, model = (sky_patch(patch, 13.0, 1, real=flag).stars for flag in (True, False))
    flag, vt = real["real"].to_numpy(), real["vt"].to_numpy()
    limit = tycho.complete_to(real["ra"].to_numpy(), real["dec"].to_numpy())
    assert np.all(vt[flag] <= limit[flag] + 1e-9)
    single = ~flag & ~real["primary"].is_valid().to_numpy()
    assert np.all(vt[single] > limit[single])
    for magnitude in (9.0, 10.0, 11.0):
        a, b = (np.sum(t["k"].to_numpy() < magnitude) for t in (real, model))
        assert abs(a - b) < 5 * np.sqrt(a + b) + 0.4 * b


def test_without_the_package_it_is_said(monkeypatch):
    monkeypatch.setattr(tycho, "available", lambda: False)
    with pytest.raises(SurveyError, match=tycho.PACKAGE):
        sky_patch(around(0.0, 0.0, 0.1, 0.1), real=True)
    assert not sky_patch(around(0.0, 0.0, 0.1, 0.1)).real
