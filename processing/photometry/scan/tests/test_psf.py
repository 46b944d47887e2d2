"""The PSF of frames: its shape, its light, and how it changes in time and over the field."""

from dataclasses import replace

import numpy as np
import pytest

from processing.photometry.scan.places import apparitions
from processing.photometry.scan.psf import enclosed, first_guess, normalised
from processing.photometry.scan.tests import synthetic
from processing.photometry.scan.tests.test_kernels import stamp_of


@pytest.mark.parametrize("radius", [1.0, 2.0, 3.5])
def test_enclosed_is_the_mean_light_of_the_pixels_within_a_radius(radius):
    """Of those with their middles in it, over the places in a pixel; 3,000 phases have an error of 0.4% at 1 pixel."""
    x, y = np.random.default_rng(1).uniform(-0.5, 0.5, (2, 3000))
    axis = np.arange(-5, 6)
    within = (axis - x[:, None])[:, None] ** 2 + ((axis - y[:, None]) ** 2)[:, :, None] <= radius**2
    found = (synthetic.gaussian(x, y, 0.6) * within).sum(axis=(1, 2)).mean()
    assert enclosed(synthetic.exact_psf(sigma=0.6).surface, radius) == pytest.approx(found, abs=0.015 / radius)


def test_normalised_has_unit_light_in_seven_arcsec():
    psf = synthetic.exact_psf(sigma=1.4)
    surface = normalised(5 * psf.surface)
    assert enclosed(surface, 3.5) == pytest.approx(1, abs=1e-9)
    lost = np.exp(-3.5**2 / 2 / (1.4**2 + 1 / 12))
    assert surface.sum() / 16 == pytest.approx(1 / (1 - lost), rel=0.005)


@pytest.mark.parametrize("width", [0.35, 0.45])
def test_the_first_guess_is_a_gaussian_with_wings(width):
    """94% of the light as a Gaussian behind the pixel has it; the wings have 1% of the light in a pixel at most."""
    psf = first_guess(30, width)
    stamp = stamp_of(psf.planes[0], 4, 0.2, -0.3, 4)[0]
    core = synthetic.gaussian(0.2, -0.3, width, half=4)[0]
    assert np.abs(stamp - core).max() < 0.04
    assert enclosed(psf.surface, 3.5) == pytest.approx(1)
    assert 0.01 < psf.surface.sum() / 16 - 1 < 0.06
    for turned in (psf.surface.T, psf.surface[::-1], psf.surface[:, ::-1]):
        assert np.abs(turned - psf.surface).max() < 1e-9


def test_moments_are_a_line_between_nodes_and_a_quadratic_over_the_field():
    psf = first_guess(33, 0.4)
    assert psf.nodes.tolist() == [0.0, 16.0, 32.0]
    time = np.array([[0.01, 0, 0], [0.03, 0, 0.02], [0.01, 0, 0.0]])
    field = np.zeros((5, 3))
    field[0, 1], field[2, 0], field[4, 2] = 0.02, 0.03, 0.06
    psf = replace(psf, time=time, field=field)
    frame, x, y = np.array([0, 8, 20]), np.array([127.5, 255.5, 127.5]), np.array([127.5, 127.5, 255.5])
    expected = [(0.01 - 0.01, 0.0, -0.02), (0.02 + 0.02, 0.02, 0.01 - 0.02), (0.025 - 0.01, 0.0, 0.015 + 0.04)]
    assert psf.moments(frame, x, y) == pytest.approx(np.array(expected), abs=1e-12)


def test_the_quadratic_does_not_change_the_mean_over_the_array():
    axis = np.arange(256.0)
    x, y = (a.ravel() for a in np.meshgrid(axis, axis))
    field = np.random.default_rng(2).normal(0, 0.02, (5, 3))
    psf = replace(first_guess(10, 0.4), field=field)
    assert np.abs(psf.moments(np.zeros(len(x)), x, y).mean(axis=0)).max() < 1e-5


def test_a_cell_has_the_moments_of_its_middle():
    """The change over half a cell, 8 pixels of 128: at most 1/16 of the terms, twice that of the squares."""
    scan = synthetic.scan(*synthetic.lattice(60.0), 1.0, noisy=False)
    places = synthetic.model(scan).places
    psf = replace(synthetic.exact_psf(), field=np.full((5, 3), 0.03))
    away = psf.cell_moments(places) - psf.moments(places.frame, places.x, places.y)
    inside = (np.abs(places.x - 127.5) < 128) & (np.abs(places.y - 127.5) < 128)
    assert np.abs(away[inside]).max() < 0.03 * (1 + 1 + 2 + 2 + 2) / 16 * 1.01
    keys, first = np.unique(places.key, return_index=True)
    for key in keys[:50]:
        assert np.ptp(psf.cell_moments(places)[places.key == key], axis=0).max() == 0
    assert len(first) > 500


def test_sampled_is_the_light_in_a_pixel_at_any_distance():
    light = synthetic.exact_psf().sampled(0.1)
    middle = len(light) // 2
    for dx, dy in ((0.0, 0.0), (0.3, -0.2), (1.4, 0.7)):
        expected = synthetic.gaussian(-(dx - np.rint(dx)), -(dy - np.rint(dy)))[0][5 + round(dy), 5 + round(dx)]
        assert light[middle + round(10 * dy), middle + round(10 * dx)] == pytest.approx(expected, abs=5e-4)
    assert light.sum() * 0.01 == pytest.approx(1, abs=1e-3)


def test_no_stars_have_no_moments():
    mapping = synthetic.model(synthetic.scan([200.0], [500.0], 1.0, noisy=False)).mapping
    nobody = apparitions(np.zeros(0), np.zeros(0), mapping)
    assert synthetic.exact_psf().cell_moments(nobody).shape == (0, 3)
