"""Sersic profiles as Gaussians behind a PSF are those that were drawn on fine pixels, and their slopes are right."""

import numpy as np
import pytest
from scipy.special import gammainc, gammaincinv

from processing.extended import sersic
from processing.extended.equations import solve
from processing.extended.rings import quadrature, ring_edges, ring_sums
from processing.extended.sersic_fit import in_rings
from processing.extended.tests.known_galaxies import PSF, galaxy, star

TABLE = np.log(sersic.INDICES), sersic.shares(), sersic.SIGMAS


@pytest.mark.parametrize("index", [0.5, 1.0, 2.0, 4.0])
def test_gaussians_hold_the_light_of_a_profile(index):
    share, _ = sersic.mixture(np.log(index), TABLE[0], TABLE[1])
    radius = np.array([0.1, 0.5, 1.0, 2.0, 4.0])
    held = (share * (1 - np.exp(-0.5 * (radius[:, None] / sersic.SIGMAS) ** 2))).sum(1)
    true = gammainc(2 * index, gammaincinv(2 * index, 0.5) * radius ** (1 / index))
    assert np.allclose(held, true, atol=0.02)


def test_the_psf_is_found_again():
    variances, parts = sersic.psf_gaussians(star())
    assert parts.sum() == pytest.approx(1)
    radius = np.arange(0, 8.0)
    variances = variances - sersic.PIXEL
    found = (parts * np.exp(-0.5 * radius[:, None] ** 2 / variances) / variances).sum(1)
    true = sum(w / s**2 * np.exp(-0.5 * (radius / s) ** 2) for s, w in PSF)
    assert np.allclose(found, true, atol=0.01 * true[0])


@pytest.mark.parametrize("index, reff, ratio", [(1.0, 3.0, 0.5), (1.0, 8.0, 0.4), (2.0, 5.0, 0.8), (4.0, 6.0, 0.7)])
def test_rings_of_a_profile_are_those_of_a_galaxy(index, reff, ratio):
    image, edges = galaxy(121, reff, index, ratio, 0.6), ring_edges(24.0)
    area, light, cosine, _ = ring_sums(image[None], np.zeros((1, *image.shape), np.uint8), 60, 60, ratio, 0.6, edges)
    p = np.array([0.0, np.log(reff), np.log(index), np.log(ratio)])
    model, _ = in_rings(*quadrature(edges), ratio, p, sersic.psf_gaussians(star()), *TABLE)
    assert np.allclose(light[0] / area, model[:, 0], rtol=0.06, atol=0.01 * model[0, 0])
    waves = np.abs(2 * cosine[0] / area - model[:, 1]) / model[0, 0]
    assert waves.max() < 0.2 and waves[6:].max() < 0.03, "thin rings near the centre see the flat pixels"


def test_slopes_are_those_of_the_values():
    nodes, ratios = np.array([0.5, 2.0, 6.0, 15.0]), np.array([0.6, 0.7, 0.5, 0.9])
    p, psf = np.array([2.0, 1.2, 0.33, -0.4]), sersic.psf_gaussians(star())
    _, slopes = sersic.on_ellipses(nodes, ratios, p, psf, *TABLE)
    for k in range(4):
        step = np.zeros(4)
        step[k] = 1e-4
        up, down = (sersic.on_ellipses(nodes, ratios, p + sign * step, psf, *TABLE)[0] for sign in (1, -1))
        assert np.allclose(slopes[:, :, k], (up - down) / 2e-4, rtol=2e-3, atol=1e-6)


def test_bessel_functions():
    for x in (0.0, 0.1, 1.0, 3.7, 3.8, 20.0):
        i0, i1 = sersic.bessel(x)
        t = np.linspace(0, np.pi, 20001)
        assert i0 == pytest.approx(np.trapezoid(np.exp(x * (np.cos(t) - 1)), t) / np.pi, abs=2e-6)
        assert i1 == pytest.approx(np.trapezoid(np.exp(x * (np.cos(t) - 1)) * np.cos(t), t) / np.pi, abs=2e-6)


def test_equations_are_solved():
    rng = np.random.default_rng(1)
    rows, right = rng.normal(size=(9, 5)), rng.normal(size=5)
    normal = rows.T @ rows
    expected = np.linalg.solve(normal, right)
    assert solve(normal.copy(), right) and np.allclose(right, expected)
    assert not solve(-normal, right)
