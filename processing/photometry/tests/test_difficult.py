"""Saturated stars, galaxies, edges, glare: what must not break, and how right it must be."""

import numpy as np
import pytest

from processing.config import survey
from processing.photometry.fit import Stars
from processing.photometry.listing import in_glare
from processing.photometry.measure import measure
from processing.photometry.tests.skies import CENTRE, FWHM, TOTAL, grid, image_of, measured, nearest, truth

GALAXY = {"ra": [CENTRE[0]], "dec": [CENTRE[1]], "j": [9.5], "reff": [12.0], "sersic": [1.0], "axis_ratio": [0.5],
          "angle": [30.0]}  # fmt: skip
BRIGHT = (90.0, 300.0)


@pytest.fixture(scope="module", params=[8e4, 2e5, 5e5])
def zoo(request):
    """A star of J 8.6, 7.6 or 6.6, which is clipped, a galaxy of J 9.5, 56 stars of S/N 130 away from both, NaN edges:
    the total flux of the bright star, the sources, true x, y, flux (the bright star's last)."""
    x, y = grid(45)
    far = (np.hypot(x - 200, y - 200) > 60) & (np.hypot(x - BRIGHT[0], y - BRIGHT[1]) > 40)
    flux = np.r_[np.full(far.sum(), 800.0), request.param]
    image = image_of(np.r_[x[far], BRIGHT[0]], np.r_[y[far], BRIGHT[1]], flux, galaxies=GALAXY, seed=4)
    assert 0.01 < np.isnan(image.data).mean() < 0.05
    return request.param, measured(image), *truth(image)


def test_saturated_star_is_measured_from_its_wings(zoo):
    bright, sources, x, y, _ = zoo
    index, distance = nearest(sources, x[-1:], y[-1:])
    assert distance[0] < 1.0 and sources.saturated[index[0]] and sources.method[index[0]] == 3
    assert abs(2.5 * np.log10(sources.flux[index[0]] / bright / TOTAL)) < 0.3
    assert sources.saturated.sum() == 1 and np.isnan(sources.chi2[index[0]])


def test_halo_of_a_saturated_star_is_not_a_swarm(zoo):
    _, sources, x, y, _ = zoo
    halo = np.hypot(sources.x - x[-1], sources.y - y[-1])
    good = sources.snr > survey().quality.snr[0]
    assert ((halo > 1) & (halo < 40) & good).sum() <= 2


def test_galaxy_does_not_shatter(zoo):
    _, sources, _, _, _ = zoo
    on_galaxy = np.hypot(sources.x - 199.5, sources.y - 199.5) < 40
    assert (on_galaxy & (sources.snr > survey().quality.snr[0])).sum() <= 2


def test_stars_of_the_same_field_are_right(zoo):
    _, sources, x, y, flux = zoo
    index, distance = nearest(sources, x[:-1], y[:-1])
    assert (distance < 0.5).all()
    assert np.median(sources.flux[index] / flux[:-1] / TOTAL) == pytest.approx(1, abs=0.01)


def test_nothing_is_listed_where_nothing_was_observed():
    """A block of NaN through the middle of stars: the stars outside stay right, inside there are none."""
    x, y = grid(30, (300, 300))
    image = image_of(x, y, 800.0, (300, 300))
    hole = np.zeros(image.data.shape, bool)
    hole[100:160, 90:200] = True
    sources = measure(np.where(hole, np.nan, image.data), "j", 1.0, FWHM)
    unseen = ~np.isfinite(np.where(hole, np.nan, image.data))
    assert not unseen[np.rint(sources.y).astype(int), np.rint(sources.x).astype(int)].any()
    outside = (x < 84) | (x > 206) | (y < 94) | (y > 166)
    index, distance = nearest(sources, *(v[outside] for v in truth(image)[:2]))
    assert (distance < 0.5).all()
    assert sources.flux[index] == pytest.approx(800 * TOTAL, rel=0.2)
    assert np.isnan(sources.residual[hole]).all()


def test_star_cut_by_the_edge_is_measured_with_larger_error():
    """1.5 pixels from the last observed column, half of it unseen."""
    x, y = np.array([12.0, 150.0]), np.array([150.0, 150.0])
    image = image_of(x, y, 3000.0, (300, 300))
    data, (tx, ty, _) = image.data.copy(), truth(image)
    data[:, :int(tx[0]) - 1] = np.nan
    sources = measure(data, "j", 1.0, FWHM)
    index, distance = nearest(sources, tx, ty)
    assert (distance < 1.0).all() and sources.flux_err[index[0]] > sources.flux_err[index[1]]
    assert np.isnan(sources.aperture_flux[index[0]]) and np.isfinite(sources.aperture_flux[index[1]])


@pytest.mark.parametrize("dx, dy, glare", [(0.0, 15.0, True), (15.0, 0.5, True), (11.0, 11.0, False),
                                           (0.0, 150.0, False)])  # fmt: skip
def test_star_on_a_spike_must_outshine_it(dx, dy, glare):
    """Parent of 1e6 DN in H: at 15 arcsec the spike may feign 4,400 DN, the halo 220, at 150 arcsec the spike 44."""
    stars = Stars(np.array([200.0, 200 + dx]), np.array([200.0, 200 + dy]), np.array([1e6, 1000.0]))
    assert list(in_glare(stars, "h", 1.0)) == [False, glare]


def test_star_brighter_than_the_spike_is_a_star():
    stars = Stars(np.array([200.0, 200.0]), np.array([200.0, 215.0]), np.array([1e6, 2e4]))
    assert not in_glare(stars, "h", 1.0).any()


def test_fainter_stars_have_no_spikes():
    stars = Stars(np.array([200.0, 200.0]), np.array([200.0, 210.0]), np.array([2e4, 20.0]))
    assert not in_glare(stars, "h", 1.0).any()
