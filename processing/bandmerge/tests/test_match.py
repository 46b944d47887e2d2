"""Matching two lists: the best assignment, and rates of false and missed matches where the truth is known."""

from itertools import permutations

import numpy as np
import pytest

from processing.bandmerge.match import assign, local_density, match
from processing.bandmerge.tests.lists import circles, observed, random_sky

SIZE = 400.0
AREA = SIZE**2


def matched(a, b, reach=2.0, ambiguity=0.05):
    return match(a, b, AREA, reach, ambiguity)


def test_assignment_is_the_best_of_all():
    """Against every possible assignment of five by five."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        cost = -rng.uniform(0.1, 5, (5, 5))
        i, j = (k.ravel() for k in np.mgrid[0:5, 0:5])
        chosen = assign(i, j, cost.ravel())
        best = min(sum(cost[k, p[k]] for k in range(5)) for p in permutations(range(5)))
        assert cost.ravel()[chosen].sum() == pytest.approx(best)


def test_first_come_does_not_win():
    """b0 is nearest to a1 but a0 has nobody else; the two pairs together are likelier than one pair alone."""
    a, b = circles([[0, 0], [1.0, 0]], 0.3), circles([[0.6, 0], [1.5, 0]], 0.3)
    found = matched(a, b)
    assert list(zip(found.first, found.second)) == [(0, 0), (1, 1)]


def test_nothing_matches_nothing():
    none = circles(np.empty((0, 2)), 0.1)
    for a, b in ((none, none), (circles([[1, 1]], 0.1), none), (none, circles([[1, 1]], 0.1))):
        assert len(matched(a, b).first) == 0


def test_density_is_that_of_the_sky():
    rng = np.random.default_rng(1)
    density = local_density(random_sky(rng, 4000, SIZE), AREA)
    assert np.median(density) == pytest.approx(4000 / AREA, rel=0.1)


@pytest.mark.parametrize("n, sigma", [(300, 0.1), (2400, 0.1), (2400, 0.25)])
def test_same_stars_are_found_again(n, sigma):
    """Every star is in both lists. Missed is expected of a Gaussian error the share outside the radius where chance
    takes over, exp(-chi2max / 2) = 2 pi sigma2 density (at most 1%); wrong partners only where two stars are that
    close."""
    rng = np.random.default_rng(2)
    sky = random_sky(rng, n, SIZE)
    found = matched(observed(rng, sky, sigma), observed(rng, sky, sigma))
    chance = 2 * np.pi * 2 * sigma**2 * n / AREA
    wrong, missed = (found.first != found.second).mean(), 1 - len(found.first) / n
    assert missed < 1.5 * chance + 2 / n
    assert wrong < chance + 2 / n


@pytest.mark.parametrize("n", [300, 2400])
def test_unrelated_stars_are_seldom_taken_for_the_same(n):
    """Two skies with nothing in common. Expected is the share of chance neighbours inside the accepted radius:
    density pi r2, r2 = 2 x 2 sigma2 ln(1 / (2 pi 2 sigma2 density))."""
    rng = np.random.default_rng(4)
    sigma = 0.2
    found = matched(observed(rng, random_sky(rng, n, SIZE), sigma), observed(rng, random_sky(rng, n, SIZE), sigma))
    density = n / AREA
    radius2 = 4 * sigma**2 * np.log(1 / (4 * np.pi * sigma**2 * density))
    expected = n * density * np.pi * radius2
    assert len(found.first) == pytest.approx(expected, abs=4 * np.sqrt(expected) + 1)


def test_accepted_radius_shrinks_where_the_sky_is_crowded():
    """A pair 1.4 arcsec apart, sigma 0.3: the same source in an empty field, chance in a crowded one."""
    rng = np.random.default_rng(5)
    crowd = random_sky(rng, 60, 10.0) + 3.0
    crowd = crowd[np.hypot(*(crowd - 8).T) > 2.2]
    a = circles([[8.0, 8.0]], 0.3)
    assert len(matched(a, circles([[9.4, 8.0]], 0.3)).first) == 1
    assert 0 not in matched(a, circles(np.vstack([[9.4, 8.0], crowd]), 0.3)).second


def test_rival_makes_a_pair_ambiguous():
    a = circles([[0, 0]], 0.3)
    assert matched(a, circles([[0.2, 0], [-0.25, 0]], 0.3)).ambiguous[0]
    assert not matched(a, circles([[0.1, 0], [1.7, 0]], 0.3)).ambiguous[0]


def test_well_measured_double_is_not_ambiguous():
    double = [[0, 0], [2.0, 0]]
    found = matched(circles(double, 0.1), circles(double, 0.1))
    assert list(found.first) == list(found.second) == [0, 1] and not found.ambiguous.any()
