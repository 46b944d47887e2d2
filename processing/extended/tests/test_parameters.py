"""Parameters of known images: stars alike wherever they fall on the pixels, galaxies wider, doubles narrow across."""

import numpy as np
import pytest

from processing.extended.parameters import NAMES, SYMMETRY, centred, measured
from processing.extended.radial_form import width
from processing.extended.ridge import HALF, WIDTH, Ridge, shape

SIGMA = 1.15
"""Arcsec, of the stars drawn here."""


def star(x, y, flux=1000.0, sigma=SIGMA):
    row, column = np.mgrid[:WIDTH, :WIDTH]
    return flux * np.exp(-((row - y) ** 2 + (column - x) ** 2) / 2 / sigma**2) / (2 * np.pi * sigma**2)


def named(image, x, y, noise=0.1):
    return dict(zip((*NAMES, *SYMMETRY), measured(image, noise, *centred(image, x, y))))


def test_form_that_is_there_is_found():
    radius = np.array([0.6, 1.1, 1.6, 2.1, 2.6, 3.1, 3.6, 4.1, 4.7])
    for alpha, beta in ((1.5, 0.5), (2.0, 0.8), (3.0, 1.0)):
        light = 100 * np.exp(-((radius / alpha) ** (1 / beta)))
        assert width(radius, light, np.full(9, 100.0)) == pytest.approx(alpha * beta, rel=0.02)


def test_star_has_the_same_parameters_wherever_it_falls_on_the_pixels():
    found = np.array([list(named(star(HALF + dx, HALF + dy), HALF, HALF).values())[:9]
                      for dx, dy in np.random.default_rng(1).uniform(-0.5, 0.5, (20, 2))])  # fmt: skip
    np.testing.assert_allclose(found.std(axis=0) / found.mean(axis=0), 0, atol=0.04)


def test_first_guess_of_the_place_does_not_matter():
    image = star(HALF + 0.3, HALF - 0.2)
    assert centred(image, HALF + 1.0, HALF + 1.0) == pytest.approx((HALF + 0.3, HALF - 0.2), abs=0.05)


def test_wider_object_is_wider_in_every_parameter():
    narrow, wide = named(star(HALF, HALF), HALF, HALF), named(star(HALF, HALF, sigma=2.0), HALF, HALF)
    assert all(wide[name] > narrow[name] for name in NAMES)


def test_double_star_is_narrow_across_its_line_and_a_galaxy_is_not():
    one = named(star(HALF, HALF), HALF, HALF)
    double = named(star(HALF, HALF) + star(HALF + 3.0, HALF, 600.0), HALF, HALF)
    galaxy = named(star(HALF, HALF, sigma=1.8), HALF, HALF)
    assert double["sh"] > 1.2 * one["sh"] and galaxy["sh"] > 1.2 * one["sh"]
    assert double["wsh"] < 1.1 * one["wsh"] and galaxy["wsh"] > 1.2 * one["wsh"]
    assert double["msh"] < double["sh"]


def test_lopsided_object_is_told_from_a_symmetric_one():
    round_one = named(star(HALF, HALF), HALF, HALF)
    double = named(star(HALF, HALF) + star(HALF + 3.0, HALF, 600.0), HALF, HALF)
    assert round_one["bisym_rat"] > 0.98 and round_one["bisym_chi"] < 2
    assert double["bisym_rat"] < 0.8 and double["bisym_chi"] > 10


def test_empty_sky_has_no_parameters():
    assert np.isnan(measured(np.zeros((WIDTH, WIDTH)), 1.0, HALF, HALF)[:11]).all()


def test_star_is_its_own_twin_and_scores_nothing():
    half = 15
    psf = star(HALF, HALF, 1.0)[HALF - half:HALF + half + 1, HALF - half:HALF + half + 1]
    found = shape(star(HALF + 0.4, HALF - 0.3, 500.0), psf, 0.2, HALF, HALF)
    ridge = Ridge(np.zeros(11), np.full(11, 0.03), np.full(11, 2.0), 0)
    assert np.abs(found.scores(ridge)[:9]).max() < 1
    wide = shape(star(HALF + 0.4, HALF - 0.3, 500.0, sigma=2.0), psf, 0.2, HALF, HALF)
    assert wide.scores(ridge)[:9].min() > 5
