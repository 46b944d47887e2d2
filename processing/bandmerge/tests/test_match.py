"""Matching two lists: the best assignment, and rates of false and missed matches where the truth is known."""

from itertools import permutations

import numpy as np
import pytest

from processing.bandmerge.match import assign, local_density, match, pair_costs
from processing.bandmerge.tests.lists import circles, observed, random_sky
from processing.config import Merge

SIZE = 400.0
AREA = SIZE**2


RULES = Merge(
    band_floor=0.05, scan_floor=0.01, frame_floor=0.05, reach=2.0, common=0.8, tail_share=0.05, tail_width=0.5,
    ambiguity=0.05, pair_reach=5.0, pair_share=0.1,
)


def matched(a, b):
    return match(a, b, AREA, RULES)


def accepted_radius(sigma, density):
    """Separation (arcsec) at which "same source" and "chance" are equally likely, for two errors of ``sigma``."""
    r = np.linspace(0, RULES.reach, 2001)
    here = circles(np.zeros((len(r), 2)), sigma)
    there = circles(np.column_stack([r, np.zeros(len(r))]), sigma)
    return r[pair_costs(here, there, np.full(len(r), density), RULES) < 0].max()


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


@pytest.mark.parametrize("n, sigma", [(300, 0.1), (2400, 0.1), (2400, 0.25), (6000, 0.15)])
def test_same_stars_are_found_again(n, sigma):
    """Every star is in both lists, with Gaussian errors, up to more than three times the density of W44. Lost may be
    the share of the Gaussian outside the accepted radius; wrong only stars with another one within two sigma."""
    rng = np.random.default_rng(2)
    sky = random_sky(rng, n, SIZE)
    found = matched(observed(rng, sky, sigma), observed(rng, sky, sigma))
    radius = accepted_radius(sigma, n / AREA)
    outside = np.exp(-radius**2 / (4 * sigma**2))
    crowded = n / AREA * np.pi * (2 * sigma) ** 2
    wrong, lost = (found.first != found.second).mean(), 1 - len(found.first) / n
    assert lost < 3 * outside + 3 / n
    assert wrong < crowded + 3 / n


@pytest.mark.parametrize("n", [300, 2400])
def test_unrelated_stars_are_seldom_taken_for_the_same(n):
    """Two skies with nothing in common: expected are the chance neighbours inside the accepted radius."""
    rng = np.random.default_rng(4)
    sigma = 0.2
    found = matched(observed(rng, random_sky(rng, n, SIZE), sigma), observed(rng, random_sky(rng, n, SIZE), sigma))
    expected = n * (n / AREA) * np.pi * accepted_radius(sigma, n / AREA) ** 2
    assert len(found.first) < 1.3 * expected + 4 * np.sqrt(expected) + 1
    assert len(found.first) < 0.1 * n


def test_star_moved_by_a_blend_is_still_found():
    """One in twenty is 0.5 arcsec off, far outside its error of 0.05."""
    rng = np.random.default_rng(6)
    sky = random_sky(rng, 1000, SIZE)
    a, b = observed(rng, sky, 0.05), observed(rng, sky, 0.05)
    moved = np.arange(0, 1000, 20)
    b.xy[moved] += rng.normal(0, 0.5, (len(moved), 2))
    found = matched(a, b)
    back = np.isin(moved, found.first[found.first == found.second])
    assert back.mean() > 0.9


def test_accepted_radius_shrinks_where_the_sky_is_crowded():
    """A pair that is the same source in an empty field is chance in a crowded one."""
    rng = np.random.default_rng(5)
    empty, crowded = (accepted_radius(0.2, density) for density in (1e-4, 0.5))
    assert crowded < 0.6 * empty
    apart = (crowded + empty) / 2
    crowd = random_sky(rng, 200, 20.0) - 10.0
    crowd = crowd[np.hypot(*crowd.T) > apart + 0.3]
    lone = circles([[apart, 0.0]], 0.2)
    assert len(matched(circles([[0.0, 0.0]], 0.2), lone).first) == 1
    assert len(matched(circles([[0.0, 0.0]], 0.2), circles(np.vstack([[apart, 0.0], crowd]), 0.2)).first) == 0


def test_rival_makes_a_pair_ambiguous():
    a = circles([[0, 0]], 0.3)
    assert matched(a, circles([[0.2, 0], [-0.25, 0]], 0.3)).ambiguous[0]
    assert not matched(a, circles([[0.1, 0], [1.7, 0]], 0.3)).ambiguous[0]


def test_well_measured_double_is_not_ambiguous():
    double = [[0, 0], [2.0, 0]]
    found = matched(circles(double, 0.1), circles(double, 0.1))
    assert list(found.first) == list(found.second) == [0, 1] and not found.ambiguous.any()
