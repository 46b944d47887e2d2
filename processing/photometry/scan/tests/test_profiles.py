"""Profiles have the light of Sersic's law, slopes are differences, and a fit finds what was drawn."""

import numpy as np
import pytest
from scipy.special import gammainc

from processing.photometry.scan.profile_fit import fit
from processing.photometry.scan.profiles import EXTENDED, INDICES, WIDTHS, beam, draw, ellipse, mixture, smoothed
from processing.photometry.scan.tests import synthetic

SIDE = 48
GALAXY = np.array([23.3, 24.6, np.log(2.0), 0.3, -0.2, 500.0, 200.0])
STARS = np.array([[29.0, 21.0, 150.0]])


@pytest.fixture(scope="module")
def light():
    return beam(synthetic.exact_psf(), SIDE)


@pytest.mark.parametrize("index", INDICES)
def test_a_mixture_grows_outward_as_the_profile_does(index):
    """Light within r: gammainc(2 n, b r**(1/n)) of all; b so that half lies within 1. Beyond 8, which the mixture
    leaves out, is a twentieth of a bulge."""
    radius = np.array([0.2, 0.5, 1.0, 2.0, 4.0])
    inside = ((1 - np.exp(-0.5 * (radius[:, None] / WIDTHS) ** 2)) * mixture(index)).sum(axis=1)
    grid = np.linspace(0.1, 10, 100_000)
    b = grid[np.argmin(abs(gammainc(2 * index, grid) - 0.5))]
    true = gammainc(2 * index, b * radius ** (1 / index))
    assert inside == pytest.approx(true, abs=0.025)


def test_the_ellipse_has_the_axis_ratio_and_the_size_asked_for():
    xx, xy, yy = ellipse(np.log(3.0), 0.6, 0.8)
    axes = np.sqrt(np.linalg.eigvalsh([[xx, xy], [xy, yy]]))
    assert axes[0] / axes[1] == pytest.approx(np.exp(-1.0))
    assert axes[0] * axes[1] == pytest.approx(9.0)


def test_slopes_are_differences(light):
    whole = np.r_[GALAXY, STARS.ravel()]
    _, slopes = draw(light, GALAXY, STARS)
    for k, slope in enumerate(slopes):
        step = np.zeros(len(whole))
        step[k] = 0.01
        ends = [draw(light, (whole + s)[:EXTENDED], (whole + s)[EXTENDED:].reshape(-1, 3))[0] for s in (step, -step)]
        assert (ends[0] - ends[1]) / 0.02 == pytest.approx(slope, abs=0.003 * float(np.abs(slope).max()))


def test_a_galaxy_of_no_size_is_a_star(light):
    point = np.array([20.2, 25.7, np.log(0.01), 0.0, 0.0, 300.0, 0.0])
    star = draw(light, np.zeros(0), np.array([[20.2, 25.7, 300.0]]))[0]
    assert draw(light, point, np.zeros((0, 3)))[0] == pytest.approx(star, abs=1e-3 * float(star.max()))


def test_a_fit_finds_a_galaxy_and_the_star_before_it(light):
    """Noise of 0.2 a pixel; light of a disc and a bulge of the same size can hardly be told apart, their sum can."""
    rng = np.random.default_rng(3)
    data = draw(light, GALAXY, STARS)[0] + rng.normal(0, 0.2, (SIDE, SIDE))
    first = np.array([24.0, 24.0, np.log(3.0), 0.0, 0.0, 300.0, 300.0])
    found = fit(light, data, np.full((SIDE, SIDE), 25.0), first, STARS + [0.5, -0.4, 40])
    assert found.galaxy[:2] == pytest.approx(GALAXY[:2], abs=0.03)
    assert found.galaxy[3:5] == pytest.approx(GALAXY[3:5], abs=0.05)
    assert found.galaxy[5:].sum() == pytest.approx(700, rel=0.05)
    assert found.stars[0] == pytest.approx(STARS[0], abs=2.0)
    assert found.cost == pytest.approx(SIDE**2, rel=0.1)


def test_a_fit_that_cannot_reach_what_is_wanted_is_given_up(light):
    data = draw(light, GALAXY, STARS)[0]
    first = np.array([24.0, 24.0, np.log(3.0), 0.0, 0.0, 300.0, 300.0])
    weight = np.full((SIDE, SIDE), 25.0)
    whole, short = (fit(light, data, weight, first, np.zeros((0, 3)), hopeless=h) for h in (np.inf, 1.0))
    assert short.cost >= whole.cost > 1.0


def test_the_matched_filter_sees_a_star_with_its_flux(light):
    image = draw(light, np.zeros(0), STARS)[0]
    lone = draw(light, np.zeros(0), np.array([[24.0, 24.0, 1.0]]))[0]
    assert smoothed(light, image)[21, 29] == pytest.approx(150 * float((lone**2).sum()), rel=1e-3)
