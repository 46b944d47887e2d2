"""Galaxies of known light measured: shapes, isophotes, totals, errors, flags."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from processing.extended.field import BandStamp, Mask, Stamp
from processing.extended.measurements import measure
from processing.extended.tests.known_galaxies import SIGMAS, ZERO_POINTS, galaxy, stamp, star, wcs
from processing.schema.extended_flags import CIRCLES, FIDUCIAL, OWN

COLOURS = {"j": 0.95, "h": 0.28, "k": 0.0}


def _magnitudes(k):
    return {band: k + colour for band, colour in COLOURS.items()}


def _surface(k_level, reff, ratio):
    """Ks magnitude of a galaxy whose mean surface brightness within its half-light ellipse is ``k_level``."""
    return k_level - 2.5 * np.log10(2 * np.pi * reff**2 * ratio)


@pytest.fixture(scope="module")
def disc():
    """An exponential disc of 5 arcsec, Ks = 11.5, without noise: image of unit flux and what is measured."""
    image = galaxy(161, 5.0, 1.0, 0.6, 0.5)
    return image, measure(stamp(_magnitudes(11.5), image), wcs())


@pytest.mark.parametrize("index, reff, side, brightness, bar", [
    (0.5, 6.0, 161, 17.0, 0.02), (1.0, 3.0, 161, 17.0, 0.02), (1.0, 6.0, 161, 18.5, 0.02), (1.0, 20.0, 241, 18.0, 0.02),
    (2.0, 6.0, 161, 17.0, 0.02), (4.0, 4.0, 161, 17.0, 0.05), (4.0, 15.0, 241, 17.0, 0.05), (6.0, 6.0, 161, 17.0, 0.1),
])  # fmt: skip
def test_totals_are_those_of_sersic_profiles(index, reff, side, brightness, bar):
    """Light to infinity; profiles end at some 10 half-light radii, where 2% of n = 4 and 5% of n = 6 are missing."""
    k = _surface(brightness, reff, 0.7)
    found = measure(stamp(_magnitudes(k), galaxy(side, reff, index, 0.7, 1.0)), wcs())
    for band, magnitude in _magnitudes(k).items():
        assert found[f"{band}_m_ext"] == pytest.approx(magnitude, abs=bar)


@pytest.mark.parametrize("bulge, k", [(0.15, 10.0), (0.3, 11.0), (0.5, 11.5)])
def test_a_bulge_in_a_disc_is_no_sersic_profile(bulge, k):
    image = bulge * galaxy(201, 1.5, 2.5, 0.9, 0.5) + (1 - bulge) * galaxy(201, 10.0, 1.0, 0.5, 0.5)
    found = measure(stamp(_magnitudes(k), image, seed=4), wcs())
    assert found["j_m_ext"] == pytest.approx(k + COLOURS["j"], abs=0.04)
    assert found["k_m_ext"] == pytest.approx(k, abs=3 * found["k_msig_ext"]) and found["k_pchi"] < 1.6


def test_the_largest_galaxies_have_totals_too():
    found = measure(stamp(_magnitudes(7.0), galaxy(361, 60.0, 1.0, 0.4, 1.0, fine=3)), wcs())
    assert found["k_m_ext"] == pytest.approx(7.0, abs=0.03)
    assert found["sup_ba"] == pytest.approx(0.4, abs=0.01)


def test_shape_and_angle_are_those_of_the_galaxy(disc):
    _, found = disc
    for name in ("sup", "j", "h", "k"):
        assert found[f"{name}_phi"] == pytest.approx(np.degrees(0.5) - 90, abs=1.0)
        assert 0.6 < found[f"{name}_ba"] < 0.66, "a little rounder, by the PSF"
    assert found["sup_r_3sig"] > found["r_3sig"] > 7
    assert found["ellfit_flg"] == 0 and found["sup_chif_ellf"] < 2


def test_r_3sig_is_where_the_light_is_three_sigma(disc):
    image, found = disc
    data = image * 10 ** (0.4 * (ZERO_POINTS["k"] - 11.5))
    level = _on_ellipse(data, 80, 80, found["r_3sig"], found["k_ba"], np.radians(found["k_phi"] + 90))
    assert level.mean() == pytest.approx(3 * SIGMAS["k"], rel=0.02)
    assert level.std() < 0.02 * level.mean(), "the ellipse follows the isophote"


def _on_ellipse(data, x, y, radius, ratio, angle):
    t = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    u, v = radius * np.cos(t), radius * ratio * np.sin(t)
    places = y + u * np.sin(angle) + v * np.cos(angle), x + u * np.cos(angle) - v * np.sin(angle)
    return map_coordinates(data, places, order=3)


@pytest.mark.parametrize("index, reff, ratio, k", [(1.0, 5.0, 0.6, 11.5), (4.0, 5.0, 0.8, 11.5), (1.0, 3.0, 0.8, 13.3)])
def test_isophotal_radii_are_where_the_light_falls_to_it(index, reff, ratio, k):
    image = galaxy(161, reff, index, ratio, 0.5)
    found = measure(stamp(_magnitudes(k), image), wcs())
    angle = np.radians(found["sup_phi"] + 90)
    for band, name, brightness in (("k", "r_k20fe", 20), ("j", "r_j21fe", 21)):
        data = image * 10 ** (0.4 * (ZERO_POINTS[band] - k - COLOURS[band]))
        ratio_there = max(found["sup_ba"], 3 / found[name])
        level = _on_ellipse(data, 80, 80, found[name], ratio_there, angle).mean()
        assert ZERO_POINTS[band] - 2.5 * np.log10(level) == pytest.approx(brightness, abs=0.03)
    circle = _on_ellipse(image * 10 ** (0.4 * (ZERO_POINTS["k"] - k)), 80, 80, found["k_r_i20c"], 1.0, 0.0).mean()
    assert ZERO_POINTS["k"] - 2.5 * np.log10(circle) == pytest.approx(20, abs=0.03)


def test_an_isophotal_magnitude_is_the_light_inside(disc):
    image, found = disc
    fine = map_coordinates(image, np.mgrid[40:120:0.2, 40:120:0.2], order=3)
    y, x = np.mgrid[40:120:0.2, 40:120:0.2] - 80
    angle = np.radians(found["sup_phi"] + 90)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    inside = np.hypot(u, v / found["sup_ba"]) < found["r_k20fe"]
    assert found["k_m_k20fe"] == pytest.approx(11.5 - 2.5 * np.log10(fine[inside].sum() * 0.04), abs=0.01)
    assert found["j_m_k20fe"] - found["k_m_k20fe"] == pytest.approx(COLOURS["j"], abs=1e-3), "true colours"


def test_kron_and_half_light_know_nothing_of_depth():
    image = galaxy(161, 5.0, 2.0, 0.7, 0.0)
    bright, faint = (measure(stamp(_magnitudes(k), image), wcs()) for k in (10.0, 12.5))
    for name in ("r_fe", "k_r_eff", "k_con_indx"):
        assert faint[name] == pytest.approx(bright[name], rel=0.03)
    assert faint["k_m_fe"] - 12.5 == pytest.approx(bright["k_m_fe"] - 10.0, abs=0.02)
    assert 0 < faint["k_m_fe"] - 12.5 < 0.16
    assert faint["r_k20fe"] < 0.7 * bright["r_k20fe"]


def test_half_light_and_surface_brightness_are_those_of_the_image(disc):
    image, found = disc
    assert found["k_r_eff"] == pytest.approx(5.4, abs=0.15), "5 arcsec, and the PSF"
    area = np.pi * found["k_r_eff"] * max(found["sup_ba"] * found["k_r_eff"], 3)
    assert found["k_mnsurfb_eff"] == pytest.approx(found["k_m_ext"] + 2.5 * np.log10(2 * area), abs=0.01)
    assert found["k_peak"] == pytest.approx(11.5 - 2.5 * np.log10(image.max()), abs=1e-6)
    assert found["k_5surf"] == pytest.approx(found["k_m_5"] + 2.5 * np.log10(np.pi * 25), abs=1e-6)
    assert found["k_con_indx"] > 2.5


@pytest.mark.parametrize("index, reff, ratio, k", [(1.0, 5.0, 0.6, 11.0), (1.0, 5.0, 0.6, 12.8), (4.0, 4.0, 0.7, 12.5)])
def test_errors_are_the_scatter_of_repeats(index, reff, ratio, k):
    image, magnitudes = galaxy(161, reff, index, ratio, 0.5), _magnitudes(k)
    true = measure(stamp(magnitudes, image), wcs())
    repeats = [measure(stamp(magnitudes, image, seed, level=0.01), wcs()) for seed in range(50)]
    pulls = {}
    for name in ("k_m_7", "j_m_20", "k_m_k20fe", "j_m_j21fe", "h_m_i20e", "k_m_fe", "j_m_e", "k_m_ext", "j_m_ext"):
        error = name.replace("_m_", "_msig_")
        pulls[name] = np.array([(one[name] - true[name]) / one[error] for one in repeats])
    widths = {name: float(np.sqrt(np.mean(values**2))) for name, values in pulls.items()}
    assert all(0.7 < width < 1.35 for width in widths.values()), widths  # 50 repeats: 10% each
    assert 0.88 < np.mean(list(widths.values())) < 1.12, widths


def test_a_neighbour_masked_and_filled_costs_a_flag_and_no_light(disc):
    image, clean = disc
    sky = stamp(_magnitudes(11.5), image)
    mask = np.zeros(image.shape, np.uint8)
    mask[84:89, 86:92] = Mask.NEIGHBOUR
    bands = {}
    for band, part in sky.bands.items():
        spoilt = np.where(mask > 0, part.data + 50, part.data)
        bands[band] = replace(part, data=spoilt, mask=mask, filled=part.data, whole=spoilt)
    found = measure(replace(sky, bands=bands), wcs())
    assert found["k_m_k20fe"] == pytest.approx(clean["k_m_k20fe"], abs=0.01)
    assert found["k_msig_k20fe"] > clean["k_msig_k20fe"]
    assert found["k_flg_k20fe"] == 7 and found["k_flg_5"] == 0 and clean["k_flg_k20fe"] == 0
    assert (found["n_blank"], found["n_sub"], found["bl_sub_flg"], found["ellfit_flg"]) == (1, 0, 1, 1)
    assert found["k_m_sys"] < found["k_m_k20fe"] - 0.1
    assert (found["sys_flg"], found["contam_flg"]) == (1, 0)
    assert clean["k_m_sys"] is None and clean["sys_flg"] is None


def test_apertures_beyond_the_stamp_have_no_magnitude():
    found = measure(stamp(_magnitudes(12.0), galaxy(101, 4.0, 1.0)), wcs())
    assert found["k_m_60"] is None and found["k_flg_60"] == 6
    assert found["k_m_40"] == pytest.approx(12.0, abs=0.02) and found["k_flg_40"] == 0


def test_empty_sky_has_no_isophotes():
    data = np.random.default_rng(3).normal(0, 0.1, (151, 151))
    bands = {band: BandStamp(data, np.ones(data.shape), np.zeros(data.shape, np.uint8), data, star(), 0.0, 20.0)
             for band in "jhk"}  # fmt: skip
    found = measure(Stamp(0, 0, 75, 75, bands, 3.0), wcs())
    assert found["r_k20fe"] is None and found["sup_ba"] is None and found["k_m_k20fe"] is None
    dark = {band: replace(part, data=part.data - 1, filled=part.filled - 1) for band, part in bands.items()}
    found = measure(Stamp(0, 0, 75, 75, dark, 3.0), wcs())
    assert found["k_m_7"] is None and found["k_flg_7"] == 9 and found["r_ext"] is None and found["fg_flg"] == "191919"


def test_one_band_alone_is_measured():
    found = measure(stamp({"j": 12.0}, galaxy(161, 5.0, 1.0, 0.6)), wcs())
    assert found["j_m_j21fe"] is not None and found["r_k20fe"] is None
    assert found["j_m_ext"] == pytest.approx(12.0, abs=0.02) and "k_m_5" not in found


def test_every_aperture_has_its_columns(disc):
    for name in (*FIDUCIAL, *OWN, *map(str, CIRCLES)):
        for band in "jhk":
            assert {f"{band}_{what}_{name}" for what in ("m", "msig", "flg")} <= set(disc[1])
    assert disc[1]["ra"] == pytest.approx(150 - 80 / 3600 / np.cos(np.radians(20.0222)), abs=2e-6)
