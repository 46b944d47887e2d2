"""A galaxy that the fit of stars takes apart becomes one source; two stars stay two."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from processing.photometry.fit import Stars
from processing.photometry.scan.components import pruned
from processing.photometry.scan.detection import crowding, first_peaks, more_peaks, strip_of
from processing.photometry.scan.extended import Neighbourhood, galaxies, joined, undisturbed
from processing.photometry.scan.fit import fitted
from processing.photometry.scan.tests import synthetic

STEP, POINTS = 110.0, 200


def strip(scan, images):
    return strip_of(images, scan.usable, scan.noise, scan.solution, synthetic.BAND, scan.grid)


def disc(x, y, flux, half_light=3.0, axis_ratio=0.6):
    """Exponential discs of many faint stars, no Gaussian among them: x, y, flux of these; each lies at another angle.

    The radii are those that hold equal parts of the light, 1 - (1 + r) exp(-r), along a spiral of golden angles.
    """
    radius = np.linspace(0, 12, 4000)
    part = 1 - (1 + radius) * np.exp(-radius)
    r = np.interp((np.arange(POINTS) + 0.5) / POINTS, part, radius) * half_light / 1.678
    golden = np.pi * (3 - np.sqrt(5)) * np.arange(POINTS)
    turn = np.arange(len(x))[:, None] * 0.7
    u, v = r * np.cos(golden), axis_ratio * r * np.sin(golden)
    dx, dy = u * np.cos(turn) - v * np.sin(turn), u * np.sin(turn) + v * np.cos(turn)
    return (x[:, None] + dx).ravel(), (y[:, None] + dy).ravel(), np.full(dx.size, flux / POINTS)


def taken_apart(scan):
    """The Model of stars that the search for peaks and blends makes of a Scan, and the strip of what is left."""
    psf = synthetic.exact_psf()
    model = synthetic.model(scan, first_peaks(strip(scan, scan.images), psf, 4.5), profile_error=0.004)
    model = fitted(model, 2)
    for _ in range(2):
        crowd = crowding(model.stars, psf, scan.grid.shape)
        new = more_peaks(strip(scan, model.residual), crowd, psf, 4.5, 0.05, model.stars)
        model = fitted(pruned(fitted(model.with_stars(model.stars.joined(new)), 1)), 1)
    return model, strip(scan, model.residual)


def within(stars, x, y, radius=8.0):
    """How many stars lie about each place."""
    near = cKDTree(np.column_stack([stars.x, stars.y])).query_ball_point(np.column_stack([x, y]), radius)
    return np.array([len(one) for one in near])


def judged(scan):
    """The Model of stars before, the fitted Stars after, and the galaxies found."""
    model, left = taken_apart(scan)
    found = galaxies(model.stars, left, model.psf, np.ones(len(model.stars), bool))
    after = pruned(fitted(model.with_stars(joined(model.stars, found)), 2))
    return model, after.stars, found


@pytest.fixture(scope="module")
def places():
    return synthetic.lattice(STEP)


@pytest.fixture(scope="module")
def discs(places):
    return judged(synthetic.scan(*disc(*places, 1500.0)))


def test_a_disc_that_is_several_stars_in_the_fit_is_one_source(places, discs):
    """A disc of 6 arcsec across half of its light is far from a star: nearly all fall to pieces; few may stay so."""
    model, after, _ = discs
    before, pieces = within(model.stars, *places), within(after, *places)
    assert (before > 1).mean() > 0.9
    assert (pieces == 1).mean() > 0.95
    assert (pieces >= 1).all()


def test_the_source_is_at_the_middle_of_the_disc(places, discs):
    _, after, _ = discs
    away = cKDTree(np.column_stack([after.x, after.y])).query(np.column_stack(places))[0]
    assert np.median(away) < 0.3
    assert (away < 1.0).mean() > 0.95


def test_the_profile_has_the_light_and_the_size_of_the_disc(discs):
    """Half of the light within 3 arcsec along the major axis: root of the axes 3 sqrt(0.6); the bulge takes a part."""
    profiles = np.array([one.galaxy for one in discs[2]])
    assert np.median(profiles[:, 5:].sum(axis=1)) == pytest.approx(1500, rel=0.1)
    assert np.median(np.exp(profiles[:, 2])) == pytest.approx(3 * np.sqrt(0.6), rel=0.1)
    ratio = np.exp(-np.hypot(*profiles[:, 3:5].T))
    assert np.median(ratio) == pytest.approx(0.6, abs=0.08)


@pytest.mark.parametrize("apart, second", [(1.0, 1.0), (1.0, 0.4), (1.5, 0.2), (2.0, 1.0)])
def test_double_stars_stay_double(places, apart, second):
    """``apart`` in FWHM; the brighter star has S/N 60. The fit begins with both, a little off."""
    x, y = places
    angle, distance = np.arange(len(x)) * 0.7, apart * synthetic.FWHM
    scan = synthetic.scan(np.r_[x, x + distance * np.cos(angle)], np.r_[y, y + distance * np.sin(angle)],
                          np.repeat([450.0, 450.0 * second], len(x)))  # fmt: skip
    model = fitted(synthetic.model(scan, synthetic.shifted(scan.stars), profile_error=0.004), 3)
    found = galaxies(model.stars, strip(scan, model.residual), model.psf, np.ones(len(model.stars), bool))
    assert len(found) <= 0.03 * len(x)


def test_a_star_before_a_disc_stays(places):
    x, y = places
    light = disc(x, y, 1500.0)
    stars = x + 4.0, y + 2.5, np.full(len(x), 900.0)
    _, after, _ = judged(synthetic.scan(*(np.r_[a, b] for a, b in zip(light, stars))))
    assert (within(after, *stars[:2], radius=0.8) == 1).mean() > 0.95
    assert (within(after, x, y) == 2).mean() > 0.85


def test_beside_a_saturated_star_nothing_is_judged(places):
    """The core of such a star is not seen; the rest of its image may look like anything."""
    x, y = places
    work = SimpleNamespace(band=synthetic.BAND, bright=SimpleNamespace(flux=np.array([3e4])), bright_x=x[:1],
                           bright_y=y[:1])  # fmt: skip
    around = Stars(x[0] + np.array([5.0, 12.0, 18.0]), y[0] + np.array([1.0, -3.0, 2.0]), np.full(3, 2e3))
    assert undisturbed(work, around).tolist() == [False, False, True]


def test_components_that_are_not_free_are_left_alone(places):
    model, left = taken_apart(synthetic.scan(*disc(*places, 1500.0)))
    found = galaxies(model.stars, left, model.psf, np.zeros(len(model.stars), bool))
    assert found == []
    assert joined(model.stars, found).x.tolist() == model.stars.x.tolist()


def test_what_an_older_fit_has_left_tells_as_much_as_that_of_the_present_one(places):
    """Stars moved by 0.1 arcsec, their fluxes wrong by a tenth: what they leave, and what was left before with the
    difference put on it. Chi-square is several times that of noise for the bright ones; the PSF of the strip is a mean
    one, which for so large a change costs a tenth of it."""
    x, y = places
    scan = synthetic.scan(x, y, synthetic.fluxes(len(x), 100, 3000), bad=0.0)
    model, now = synthetic.model(scan), synthetic.shifted(scan.stars, place=0.1)
    old, new = strip(scan, model.residual), strip(scan, model.with_stars(now).residual)
    one, other = Neighbourhood(now, old, model.psf, scan.stars), Neighbourhood(now, new, model.psf)
    cost = np.array([[sky.patch(np.array([k]), None).cost for sky in (one, other)] for k in range(len(x))])
    assert cost[:, 1].max() > 300
    assert cost[:, 0] == pytest.approx(cost[:, 1], rel=0.12)
