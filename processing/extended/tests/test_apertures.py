"""Light in ellipses is exact, and so is the noise of it where pixels share theirs."""

import numpy as np
import pytest

from processing.extended.apertures import (OFF, correlation, ellipse_sums, flux_errors, lens, shared_noise,
                                           sum_variances)  # fmt: skip
from processing.extended.field import Mask
from processing.extended.rings import ring_edges, ring_sums
from processing.extended.tests.known_galaxies import noise

SHAPES = [(5.0, 1.0, 0.0), (7.3, 0.4, 0.3), (30.0, 0.15, 2.0), (2.2, 0.9, 1.0)]


def _one(image, x, y, radius, ratio, angle, mask=None):
    mask = np.zeros(image.shape, np.uint8) if mask is None else mask
    found = ellipse_sums(image[None], mask[None], x, y, np.array([radius]), np.array([ratio]), angle)
    return [np.squeeze(values) for values in found]


@pytest.mark.parametrize("radius, ratio, angle", SHAPES)
def test_the_area_of_an_ellipse_is_exact(radius, ratio, angle):
    flux, _, area, bits = _one(np.full((81, 81), 2.0), 40.3, 39.8, radius, ratio, angle)
    assert area == pytest.approx(np.pi * ratio * radius**2, rel=1e-9) and bits == 0
    assert flux == pytest.approx(2 * area)


def test_light_of_a_slope_is_that_at_the_centre():
    y, x = np.mgrid[:61, :61].astype(float)
    flux, _, area, _ = _one(3 * x - y, 30.4, 29.7, 9.0, 0.5, 0.7)
    assert flux / area == pytest.approx(3 * 30.4 - 29.7, abs=1e-3 * 30)


def test_masked_pixels_and_the_edge_are_told():
    mask = np.zeros((41, 41), np.uint8)
    mask[20, 24] = 8
    _, masked, _, bits = _one(np.ones((41, 41)), 20, 20, 6.0, 1.0, 0.0, mask)
    assert bits == 8 and masked == pytest.approx(1.0)
    mask[20, 24] = Mask.SUBTRACTED
    assert _one(np.ones((41, 41)), 20, 20, 6.0, 1.0, 0.0, mask)[1] == 0, "where a star is well taken off pixels count"
    assert _one(np.ones((41, 41)), 20, 20, 25.0, 1.0, 0.0)[3] == OFF
    assert _one(np.ones((41, 41)), 20, 20, 25.0, 0.1, 1.6)[3] == OFF
    assert _one(np.ones((41, 41)), 20, 20, 19.0, 0.1, 0.0)[3] == 0


def test_two_discs_share_what_geometry_says():
    assert lens(0.5, 3.0, 1.0) == pytest.approx(np.pi)
    assert lens(4.1, 3.0, 1.0) == 0
    assert lens(1.0, 1.0, 1.0) == pytest.approx(2 * np.pi / 3 - np.sqrt(3) / 2)


def test_noise_of_a_sum_is_that_of_noise_as_coadds_have_it():
    rng, radii, ratios = np.random.default_rng(1), np.array([3.0, 5.0, 10.0, 20.0]), np.array([1.0, 0.6, 0.6, 0.5])
    sums = []
    for _ in range(12):
        image = noise(256, rng)
        places = [(x, y) for x in range(25, 240, 30) for y in range(25, 240, 30)]
        mask = np.zeros(image.shape, np.uint8)
        sums += [ellipse_sums(image[None], mask[None], x, y, radii, ratios, 0.4)[0][0] for x, y in places]
    expected = np.sqrt(sum_variances(radii, ratios, 0.4, correlation()))
    assert np.allclose(np.std(sums, 0) / expected, 1, atol=0.07)


def test_a_large_aperture_has_the_noise_of_many_correlated_pixels():
    factor = (1 + 2 * correlation()[1:].sum()) ** 2
    large = sum_variances(np.array([200.0]), np.array([1.0]), 0.0, correlation())[0] / (np.pi * 200**2)
    assert large == pytest.approx(factor, rel=0.02) and large < factor
    assert shared_noise(5.0, 200.0, 1.0, 0.0, correlation()) == pytest.approx(factor * np.pi * 25, rel=1e-6)


def test_level_photons_and_masked_pixels_add_to_the_error():
    one = flux_errors(np.array([0.0]), np.array([100.0]), np.array([0.0]), np.array([900.0]), 2.0, 0.0)
    assert one == pytest.approx(60)
    level = flux_errors(np.array([0.0]), np.array([100.0]), np.array([0.0]), np.array([900.0]), 2.0, 0.8)
    assert level == pytest.approx(100)
    bright = flux_errors(np.array([6400 * 48.0]), np.array([100.0]), np.array([0.0]), np.array([900.0]), 2.0, 0.0)
    assert bright > one
    masked = flux_errors(np.array([0.0]), np.array([100.0]), np.array([40.0]), np.array([900.0]), 2.0, 0.0)
    assert masked == pytest.approx(60 * np.sqrt(1.8))


def test_rings_hold_all_light_and_its_second_harmonic():
    y, x = np.mgrid[:101, :101].astype(float)
    u, v = (x - 50) * np.cos(0.5) + (y - 50) * np.sin(0.5), (y - 50) * np.cos(0.5) - (x - 50) * np.sin(0.5)
    image = np.exp(-0.5 * (u**2 / 36 + v**2 / 16))
    edges = ring_edges(29.0)
    mask = np.zeros(image.shape, np.uint8)
    area, light, cosine, masked = ring_sums(image[None], mask[None], 50, 50, 4 / 6, 0.5, edges)
    assert np.allclose(area, np.pi * 4 / 6 * np.diff(edges**2), rtol=0.03) and not masked.any()
    assert light.sum() == pytest.approx(image.sum(), rel=1e-3)
    assert np.abs(cosine[0]).max() < 0.02 * light.max(), "no ellipse is left on ellipses, but for the points"
    round_ones = ring_sums(image[None], mask[None], 50, 50, 1.0, 0.5, edges)
    assert (round_ones[2][0][4:12] > 0.05 * round_ones[1][0][4:12]).all()
