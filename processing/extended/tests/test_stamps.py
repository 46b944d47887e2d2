"""A stamp has the light of its object and of nothing else."""

import numpy as np
import pytest

from processing.extended.clean import clean
from processing.extended.detection import candidates
from processing.extended.field import Mask
from processing.extended.stamps import density_along, stamps
from processing.extended.tests.synthetic_fields import NOISE, field, galaxy, psf

SHAPE = (384, 384)


def stamp_at(scene, x, y):
    """The Stamp of the candidate at a place."""
    cleaned = clean(scene)
    found = candidates(cleaned)
    one = int(np.argmin([np.hypot(one.x - x, one.y - y) for one in found]))
    return list(stamps(cleaned, found))[one]


def light_in(stamp, letter, radius, image="filled"):
    """Sum of a stamp within a radius of its object."""
    data = getattr(stamp.bands[letter], image)
    y, x = np.indices(data.shape)
    return float(np.nansum(data[np.hypot(x - stamp.x, y - stamp.y) < radius]))


def share(radius, *one):
    """Light of a galaxy alone within a radius."""
    image = galaxy(SHAPE, *one)
    y, x = np.indices(SHAPE)
    return float(image[np.hypot(x - one[0], y - one[1]) < radius].sum())


def test_a_galaxy_keeps_its_light_with_a_star_beside_it():
    """Within 3 sigma of the noise in 15 arcsec: 26 times that of a pixel, and correlated, 3.3 times as much."""
    one, beside = (192.3, 180.8, 3000.0, 5.0, 1.0, 0.6, 0.3), (201.0, 186.0, 800.0)
    stamp = stamp_at(field([beside], [one], SHAPE, listed=[beside, (192.3, 180.8, 900.0)]), 192.3, 180.8)
    for letter, sigma in NOISE.items():
        assert light_in(stamp, letter, 15) == pytest.approx(share(15, *one), abs=3 * 26.6 * 3.3 * sigma)
    mask = stamp.bands["j"].mask
    assert mask[round(stamp.y + 5.2), round(stamp.x + 8.7)] & Mask.STAR
    assert mask[round(stamp.y + 5.2), round(stamp.x + 12.7)] == Mask.SUBTRACTED
    assert mask[round(stamp.y), round(stamp.x)] == 0


def test_parts_of_a_galaxy_are_put_back():
    one = (200.0, 190.0, 20000.0, 15.0, 1.0, 0.6, 0.8)
    parts = [(200.0, 190.0, 2000.0), (205.0, 194.0, 300.0), (193.0, 185.0, 250.0), (210.0, 196.0, 200.0)]
    stamp = stamp_at(field((), [one], SHAPE, listed=parts), 200, 190)
    for letter in "jhk":
        assert light_in(stamp, letter, 40) == pytest.approx(share(40, *one), rel=0.03)
        y, x = np.indices(stamp.bands[letter].mask.shape)
        assert not stamp.bands[letter].mask[np.hypot(x - stamp.x, y - stamp.y) < 20].any()


def test_neighbours_are_masked_and_filled():
    """The other galaxy, as bright and 26 arcsec away, changes the light in 12 arcsec by less than 8%."""
    pair = (180.0, 190.0, 2500.0, 4.0), (206.0, 195.0, 2500.0, 4.0)
    stamp = stamp_at(field((), pair, SHAPE), 180, 190)
    assert stamp.bands["k"].mask[round(stamp.y + 5), round(stamp.x + 26)] & Mask.NEIGHBOUR
    assert light_in(stamp, "j", 12) == pytest.approx(share(12, *pair[0]), rel=0.08)
    assert light_in(stamp, "j", 40) < 1.2 * 2500


def test_size_and_unseen_pixels():
    """At least 75 pixels to each side; beyond the edge nothing is known, but filled it is."""
    one = (30.0, 180.0, 3000.0, 5.0)
    stamp = stamp_at(field((), [one], SHAPE), 30, 180)
    band = stamp.bands["h"]
    assert band.data.shape == (151, 151) and stamp.x0 + stamp.x == pytest.approx(30, abs=1)
    assert np.isnan(band.data[:, :-stamp.x0]).all() and (band.mask[:, :-stamp.x0] & Mask.UNSEEN).all()
    assert np.isfinite(band.filled).all() and np.isfinite(band.data[:, -stamp.x0:]).all()


def test_large_objects_have_large_stamps():
    one = (192.0, 192.0, 60000.0, 25.0)
    stamp = stamp_at(field((), [one], SHAPE), 192, 192)
    assert len(stamp.bands["j"].data) > 200


def test_what_else_a_stamp_tells():
    one = (192.0, 180.0, 3000.0, 5.0)
    stamp = stamp_at(field((), [one], SHAPE, sky=100.0), 192, 180)
    band = stamp.bands["j"]
    assert band.zero_point == 20.0 and 0 < band.background_error < 0.1 * NOISE["j"]
    assert band.psf.shape == (31, 31) and np.abs(band.psf - psf().at(0.0, 0.0, 15)).max() < 1e-6
    assert band.noise == pytest.approx(np.full(band.noise.shape, NOISE["j"], np.float32))


def test_density_counts_stars_brighter_than_14():
    """40 of Ks 13.5 and 30 of 14.5 in 384 arcsec squared; of two, 20 arcmin long, fields the density is that nearby."""
    rng = np.random.default_rng(1)
    x, y = rng.uniform(5, 379, (2, 70))
    flux = 10 ** (0.4 * (20.0 - np.where(np.arange(70) < 40, 13.5, 14.5)))
    density = density_along(field(np.column_stack([x, y, flux]), shape=SHAPE, noisy=False))
    assert density(100.0) == pytest.approx(np.log10(40 / (384 / 3600) ** 2))
    tall = field(np.column_stack([x, y, flux]), shape=(2400, 384), noisy=False)
    assert density_along(tall)(2300.0) < density_along(tall)(100.0)
