"""Components that the light does not need go, stars stay."""

import numpy as np
import pytest

from processing.photometry.fit import Stars
from processing.photometry.scan.components import distance_to_brighter, lone_errors, pruned, without_doubtful
from processing.photometry.scan.fit import fitted
from processing.photometry.scan.tests import synthetic


def joined(x, y, flux, others):
    """Lists of stars with ``others`` (x, y, flux) behind them."""
    return Stars(*(np.r_[a, b] for a, b in zip((x, y, flux), others)))


def beside(x, y, apart, seed=5):
    """Places ``apart`` arcsec from others, in any direction."""
    angle = np.random.default_rng(seed).uniform(0, 2 * np.pi, len(x))
    return x + apart * np.cos(angle), y + apart * np.sin(angle)


@pytest.fixture(scope="module")
def places():
    return synthetic.lattice(36.0)


def test_lone_errors_are_those_of_stars_in_known_places(places):
    """1 / sqrt(sum of P**2 / variance) over drawn stamps on the frames that see them."""
    scan = synthetic.scan(*places, synthetic.fluxes(len(places[0]), 50, 5000), bad=0.0)
    found = lone_errors(synthetic.model(scan))
    u, v = synthetic.pixels(scan.solution, scan.grid, *places)
    for s in range(0, len(found), 40):
        seen = (np.abs(u[:, s] - 127.5) < 122) & (np.abs(v[:, s] - 127.5) < 122)
        edge = (np.abs(u[:, s] - 127.5) < 134) & (np.abs(v[:, s] - 127.5) < 134) & ~seen
        if edge.any():
            continue
        stamps = synthetic.gaussian(u[seen, s], v[seen, s])
        known = (stamps**2 / (synthetic.NOISE**2 + scan.flux[s] * stamps / synthetic.GAIN)).sum()
        assert found[s] == pytest.approx(known**-0.5, rel=0.01)


def test_components_without_light_are_pruned_and_stars_stay(places):
    """Every other place is empty: a fit with a free place finds 3 sigma at one in forty of them; stars have 10
    sigma."""
    flux = np.where(np.arange(len(places[0])) % 2, 100.0, 0.0)
    scan = synthetic.scan(*places, flux)
    model = fitted(synthetic.model(scan, Stars(*places, np.full(len(flux), 50.0))), 3)
    left = pruned(model).stars
    real = np.isin(left.x, model.stars.x[flux > 0])
    assert real.sum() >= (flux > 0).sum() - 1
    assert (~real).sum() < 0.06 * (flux == 0).sum()


def test_of_two_components_of_one_star_the_brighter_stays(places):
    twin = beside(*places, 0.5)
    scan = synthetic.scan(*places, 2000.0)
    both = joined(*places, np.full(len(places[0]), 1500.0), (*twin, np.full(len(places[0]), 500.0)))
    left = pruned(synthetic.model(scan, both)).stars
    assert np.array_equal(left.x, places[0]) and (left.flux == 1500).all()


def test_spurious_twins_go(places):
    """A second component 1.5 arcsec from lone stars of S/N 100 gets what light noise gives it: the place was not chosen
    by the light, so that it is above 3 sigma hardly more often than the 0.1% of a Gaussian; 2% with its free place."""
    scan = synthetic.scan(*places, 1000.0)
    n = len(places[0])
    stars = joined(*places, np.full(n, 900.0), (*beside(*places, 1.5), np.full(n, 100.0)))
    model = fitted(synthetic.model(scan, stars), 3)
    before, after = len(model.stars), without_doubtful(model)
    assert before == 2 * n and n <= len(after.stars) < 1.05 * n
    again = fitted(after, 3).stars
    assert abs(np.median(again.flux) - 1000) < 5


def test_real_companions_stay(places):
    """Both of every pair 1.1 FWHM apart, S/N 100 and 30: each is significant with the other free."""
    n = len(places[0])
    near = beside(*places, 1.1 * synthetic.FWHM)
    stars = joined(*places, np.full(n, 1000.0), (*near, np.full(n, 250.0)))
    scan = synthetic.scan(stars.x, stars.y, stars.flux)
    left = without_doubtful(fitted(synthetic.model(scan, synthetic.shifted(stars)), 4))
    assert len(left.stars) == 2 * n


def test_faint_stars_without_brighter_neighbour_are_not_doubted(places):
    """Of S/N 6: all that are 3 sigma alone stay, and 3 in 2,000 are not."""
    scan = synthetic.scan(*places, 40.0)
    model = fitted(synthetic.model(scan), 2)
    assert len(without_doubtful(model).stars) == len(pruned(model).stars) > 0.97 * len(places[0])


def test_distances_to_brighter_stars():
    rng = np.random.default_rng(3)
    stars = Stars(*rng.uniform(0, 40, (2, 60)), rng.permutation(60).astype(float))
    found = distance_to_brighter(stars, 8.0)
    for s in range(60):
        brighter = stars.flux > stars.flux[s]
        nearest = np.hypot(stars.x - stars.x[s], stars.y - stars.y[s])[brighter].min(initial=np.inf)
        assert found[s] == (pytest.approx(nearest) if nearest < 8 else np.inf)
    assert distance_to_brighter(stars.select(slice(0, 1)), 8.0).tolist() == [np.inf]


def test_no_components_stay_none():
    model = synthetic.model(synthetic.scan([250.0], [700.0], 100.0), Stars(*np.zeros((3, 0))))
    assert len(pruned(model).stars) == len(without_doubtful(model).stars) == 0
