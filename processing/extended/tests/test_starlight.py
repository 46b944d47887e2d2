"""Stars are taken off with their wings, and what they disturb is masked."""

import numpy as np
import pytest

from processing.config import survey
from processing.extended.clean import clean
from processing.extended.field import Mask
from processing.extended.glare import glare_of
from processing.extended.psf import cell_psf
from processing.extended.starlight import draw, drawable, wings_reach, wings_table
from processing.extended.tests.synthetic_fields import NOISE, field, psf, scattered

SHAPE = (300, 260)


def test_what_stars_leave_is_noise():
    stars = scattered(60, SHAPE, 1)
    cleaned = clean(field(stars, shape=SHAPE, sky=80.0))
    for letter, one in cleaned.bands.items():
        assert one.left.std() == pytest.approx(NOISE[letter], rel=0.05)
        assert np.abs(one.left).max() < 6 * NOISE[letter]


def test_wings_go_on_where_the_psf_ends():
    """From 15 arcsec on a bright star has the light of etc/survey.yaml: 2.5e-5 of it an arcsec2 at 13 arcsec, 1.1e-5 at
    18, and none where it is less than a twentieth of the noise."""
    scene = field([(130.0, 150.0, 1e6)], shape=SHAPE, bands="j")
    band, image = scene.bands["j"], np.zeros(SHAPE, np.float32)
    draw(image, band.stars, np.array([0]), cell_psf(band.psf, SHAPE), NOISE["j"])
    assert image[150, 130 + 18] == pytest.approx(1e6 * 10**-4.95, rel=0.01)
    assert image[150 - 25, 130] == pytest.approx(1e6 * 10**-5.35, rel=0.01)
    reach = wings_reach(np.array([1e6]), 0.05 * NOISE["j"])[0]
    assert reach == pytest.approx(100, abs=0.5) and wings_table()[0] == pytest.approx(10**-1.02)
    assert wings_reach(np.array([0.0, 3.0]), 1.0).tolist() == [0.0, 0.0]


def test_saturated_stars_that_are_off_already_are_not_taken_off_again():
    scene = field([(50.0, 50.0, 1e3)], saturated=[(130.0, 150.0, 1e5)], shape=SHAPE, bands="j")
    band = scene.bands["j"]
    assert drawable(band).tolist() == [True, True]
    off = type(band)(**{**vars(band), "without_saturated": True})
    assert drawable(off).tolist() == [True, False]


def test_glare_is_larger_for_brighter_stars_and_has_arms():
    scene = field(saturated=[(70.0, 70.0, 3e4), (180.0, 200.0, 3e5)], shape=SHAPE, bands="h")
    band = scene.bands["h"]
    mask = glare_of(band, cell_psf(band.psf, SHAPE), NOISE["h"], np.zeros(2))
    bright = (mask & Mask.BRIGHT_STAR) > 0
    y, x = np.indices(SHAPE)
    radius = [float(wings_reach(np.array([f]), survey().extended_field.glare * NOISE["h"])[0]) for f in (3e4, 3e5)]
    assert radius[0] < radius[1]
    for (cx, cy), r in zip(((70, 70), (180, 200)), radius):
        assert bright[np.hypot(x - cx, y - cy) < r - 1].all()
        assert bright[cy, min(cx + round(1.5 * r), SHAPE[1] - 1)] and bright[max(cy - round(1.5 * r), 0), cx]
    assert not bright[70 + 30, 70 + 30]


def test_a_bright_galaxy_is_no_glare():
    """Its point source has 5000 DN, but as much again is left as a disc."""
    scene = field([(130.0, 150.0, 5e3)], shape=SHAPE, bands="j")
    band = scene.bands["j"]
    assert glare_of(band, cell_psf(band.psf, SHAPE), NOISE["j"], np.array([0.1])).any()
    assert not glare_of(band, cell_psf(band.psf, SHAPE), NOISE["j"], np.array([1.0])).any()


def test_what_only_one_band_lists_is_taken_off_in_all():
    stars = scattered(40, SHAPE, 2, low=30.0, high=60.0)
    scene = field(stars, shape=SHAPE)
    bands = dict(scene.bands)
    for letter in "hk":
        none = type(bands["j"].stars)(*(getattr(bands["j"].stars, name)[:0] for name in vars(bands["j"].stars)))
        bands[letter] = type(bands["j"])(**{**vars(bands[letter]), "stars": none})
    cleaned = clean(type(scene)(bands, None, "one list"))
    for letter, one in cleaned.bands.items():
        at = one.left[np.rint(stars[:, 1]).astype(int), np.rint(stars[:, 0]).astype(int)]
        assert abs(at.mean()) < 0.3 * NOISE[letter] + 0.25
    assert (cleaned.bands["h"].band.stars.method == 0).all() and len(cleaned.bands["h"].band.stars) > 30
    assert set(cleaned.bands["h"].band.stars.row) <= set(range(40))


def test_a_galaxy_in_a_halo_shows_where_it_is_clearly_brighter():
    """A star of Ks 9 is 13 arcsec from a galaxy of Ks 12.5: its nucleus counts in all bands, its outskirts do not, and
    a fainter star in the same halo is hidden."""
    bright, faint = (150.0, 130.0, 25000.0), (150.0, 117.0, 30.0)
    one = (162.0, 125.0, 1000.0, 3.5, 1.0, 0.7, 0.4)
    scene = field([bright, faint], [one], SHAPE, listed=[bright, faint, (162.0, 125.0, 350.0)])
    glare = {letter: band.glare for letter, band in clean(scene).bands.items()}
    before = glare_of(scene.bands["j"], cell_psf(psf(), SHAPE), NOISE["j"], np.zeros(3))
    assert before[125, 162] == before[117, 150] == Mask.BRIGHT_STAR
    assert not any(mask[124:127, 161:164].any() for mask in glare.values())
    assert glare["j"][117, 150] and glare["j"][125, 155]
