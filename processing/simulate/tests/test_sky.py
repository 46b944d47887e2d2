import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import Galactic, SkyCoord

from processing.errors import SurveyError
from processing.simulate.galaxies import counts
from processing.simulate.galaxy_model import DISTANCES, EXTINCTION, expected, extinction, kinds
from processing.simulate.sky import around, sky_patch

LIMITS = (16.5, 15.8, 15.2)
"""J, H, Ks to which the survey's catalog reaches (signal to noise about 7)."""


def model_counts(longitude, latitude, limits=LIMITS):
    """Model stars a square degree brighter than one of the limits."""
    dust = extinction(longitude, latitude)[1:]
    modulus = 5 * np.log10(np.sqrt(DISTANCES[1:] * DISTANCES[:-1])) - 5
    properties = kinds()[1]
    absolute = properties[:, :1] - np.cumsum(properties[:, 1:4], axis=1)
    seen = [absolute[:, i, None] + modulus + dust * EXTINCTION[i + 1] < limits[i] for i in range(3)]
    return expected(longitude, latitude, 1.0)[np.any(seen, axis=0)].sum()


def at(longitude, latitude, size=0.3, **options):
    centre = SkyCoord(longitude * u.deg, latitude * u.deg, frame=Galactic()).icrs
    return sky_patch(around(centre.ra.deg, centre.dec.deg, size, size), **{"limit": 16.5, "seed": 1, **options})


def test_high_latitude_has_the_density_of_the_catalog():
    """1,500-2,500 rows a square degree (survey_numbers); 1,657 in the SDSS test area, galaxies included."""
    stars = np.mean([model_counts(lon, lat) for lon in range(0, 360, 30) for lat in (-65, -50, -40, 40, 50, 65)])
    assert 1200 < stars + 200 < 2500


def test_inner_plane_has_more_than_1e5_stars_a_square_degree():
    assert min(model_counts(lon, lat) for lon, lat in [(0, 0), (5, -1), (350, 1), (20, 0)]) > 1e5


def test_mean_of_the_whole_sky_is_that_of_the_survey():
    """11,417 rows a square degree (470,992,970 in all); confusion ends the survey's list at about 1.5e5."""
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(0, 360, 800), np.degrees(np.arcsin(rng.uniform(-1, 1, 800)))
    density = np.minimum([model_counts(a, b) for a, b in zip(lon, lat)], 1.5e5)
    assert density.mean() == pytest.approx(11417, rel=0.25)
    assert 0.5 < density[np.abs(lat) < 10].sum() / density.sum() < 0.8


def test_counts_at_w44_are_those_of_the_real_rows():
    """7,026 and 37,100 rows a square degree to Ks 11 and 13 in the survey's rows there."""
    assert model_counts(34.7, -0.4, (0, 0, 11.0)) == pytest.approx(7026, rel=0.5)
    assert model_counts(34.7, -0.4, (0, 0, 13.0)) == pytest.approx(37100, rel=0.5)


def test_drawn_numbers_are_the_expected_ones():
    sky = at(90, 30, 0.8, real=False, seed=2)
    k = sky.stars["k"].to_numpy()[~sky.stars["primary"].is_valid().to_numpy()]
    assert np.sum(k < 14) / 0.64 == pytest.approx(model_counts(90, 30, (0, 0, 14)), rel=0.2)


def test_colours_lie_on_the_dwarf_and_giant_loci():
    stars = at(90, 50, 1.0, real=False, limit=14.0).stars
    jh, hk = (stars[a].to_numpy() - stars[b].to_numpy() for a, b in ("jh", "hk"))
    assert 0.3 < np.median(jh) < 0.65 and 0.05 < np.median(hk) < 0.2
    assert np.percentile(jh, 1) > -0.15 and np.percentile(jh, 99) < 0.95
    red = jh < 0.75
    assert np.corrcoef(jh[red], hk[red])[0, 1] > 0.3


def test_stars_in_the_plane_are_reddened_along_the_reddening_line():
    high, low = (at(30, b, 0.2, real=False, limit=13.0).stars for b in (40, 0))
    excess = [np.median(t["j"].to_numpy() - t["h"].to_numpy()) for t in (high, low)]
    excess_hk = [np.median(t["h"].to_numpy() - t["k"].to_numpy()) for t in (high, low)]
    assert excess[1] - excess[0] > 0.3
    assert (excess[1] - excess[0]) / (excess_hk[1] - excess_hk[0]) == pytest.approx(1.7, abs=0.6)


def test_overlapping_patches_share_their_stars_whatever_their_limits():
    first = sky_patch(around(100.0, 40.0, 0.5, 0.5), limit=17.0, seed=3)
    second = sky_patch(around(100.3, 40.2, 0.5, 0.5), limit=15.0, seed=3)
    for name in ("stars", "galaxies"):
        a, b = (getattr(s, name).to_pandas().set_index("id") for s in (first, second))
        common = around(100.0, 40.0, 0.5, 0.5).contains(b["ra"].to_numpy(), b["dec"].to_numpy())
        b = b[common]
        assert len(b) > 5
        assert (a.loc[b.index, ["ra", "dec", "j", "h", "k"]] == b[["ra", "dec", "j", "h", "k"]]).all().all()


def test_another_seed_is_another_sky():
    a, b = (at(90, 30, real=False, seed=s).stars["ra"].to_numpy() for s in (1, 2))
    assert len(np.intersect1d(a, b)) == 0


def test_density_factor_multiplies_the_stars():
    one, three = (len(at(90, 15, real=False, density=f).stars) for f in (1.0, 3.0))
    assert three / one == pytest.approx(3, rel=0.1)


def test_doubles_lie_where_their_separations_put_them():
    stars = at(90, 25, 1.5, real=False, limit=17.0).stars.to_pandas().set_index("id")
    second = stars[stars["primary"].notna()]
    second = second[second["primary"].isin(stars.index)]
    first = stars.loc[second["primary"].astype(int)]
    here, there = (SkyCoord(t["ra"].to_numpy() * u.deg, t["dec"].to_numpy() * u.deg) for t in (first, second))
    separation = here.separation(there).arcsec
    assert 0.29 < separation.min() and separation.max() < 30.1
    assert 0.02 < len(second) / len(stars) < 0.2
    assert np.sum((separation > 1) & (separation < 6)) > 50
    assert np.sum(separation < 3) > np.sum(separation > 10)


def test_galaxy_counts_are_the_survey_ones():
    assert counts(13.5) == pytest.approx(23, rel=1e-6)
    galaxies = at(90, 70, 3.0, real=False, limit=14.0).galaxies
    k, reff = galaxies["k"].to_numpy(), galaxies["reff"].to_numpy()
    assert np.sum(k < 14) / 9 == pytest.approx(counts(14.0), rel=0.2)
    assert 2 < np.median(reff) < 5
    assert 0.9 < np.median(galaxies["j"].to_numpy() - k) < 1.4


def test_patch_contains_what_its_size_says():
    patch = around(350.0, 85.0, 0.4, 0.2)
    away = [0.09, 0.11, 0.19, 0.21] * u.deg
    points = SkyCoord(350 * u.deg, 85 * u.deg).directional_offset_by([0, 0, 90, 90] * u.deg, away)
    assert patch.contains(points.ra.deg, points.dec.deg).tolist() == [True, False, True, False]


def test_positions_cover_the_patch_evenly():
    sky = at(60, 8, 1.0, real=False, limit=15.0)
    ra, dec = sky.stars["ra"].to_numpy(), sky.stars["dec"].to_numpy()
    east = (ra - np.median(ra)) * np.cos(np.radians(dec))
    n = np.histogram2d(east, dec, bins=4, range=[[-0.48, 0.48], [dec.min(), dec.max()]])[0]
    smooth = np.outer(n.mean(axis=1), n.mean(axis=0)) / n.mean()
    assert np.all(np.abs(n - smooth) < 6 * np.sqrt(smooth) + 0.1 * smooth)


def test_too_deep_a_limit_is_refused():
    with pytest.raises(SurveyError, match="at most 17.5"):
        sky_patch(around(0.0, 0.0, 0.1, 0.1), limit=19.0)
