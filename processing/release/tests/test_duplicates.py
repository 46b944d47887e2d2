"""Duplicates where scans overlap, against the flags that the survey published for four adjacent scans."""

import numpy as np

from processing.formats.tests.real_rows import real_points
from processing.release.sky.duplicates import (
    components, depth_elsewhere, find_duplicates, leaders, losers, precedence, use_and_dup,
)  # fmt: skip
from processing.release.scans.footprint import corners_of, edge_distance, outline_of
from processing.release.tests.field_maker import EDGES, corners, scan_corners

ARCSEC = 1 / 3600


def real(*names):
    return [np.array(real_points()[name].to_pylist()) for name in names]


def real_depths():
    """Of each real row: its scan's place, its own edge distance, and the depth in the deepest other scan."""
    ra, dec, scan, edge = real("ra", "dec", "scan", "dist_edge_ew")
    place = np.array([list(EDGES).index(number) for number in scan])
    return place, edge, depth_elsewhere(ra, dec, place, [outline_of([[scan_corners(number)]]) for number in EDGES])


def test_published_winners_lie_in_another_scan_and_deeper_in_their_own():
    use, dup = real("use_src", "dup_src")
    place, edge, depth = real_depths()
    winner = (use == 1) & (dup > 0) & ~((place == 3) & (depth < 0))  # one is a duplicate of a fifth scan, not here
    assert winner.sum() == 68
    assert (depth[winner] > 0).all()
    assert (edge[winner] > depth[winner] - 1.0).all()


def test_published_lone_sources_get_use_src_0_and_no_others_do():
    use, dup = real("use_src", "dup_src")
    _, edge, depth = real_depths()
    lost = np.zeros(len(use), bool)
    assert np.array_equal(use_and_dup(lost, dup, edge, depth, 10.0)[0], use)
    assert ((use == 0) & (dup == 0)).sum() == 2


def test_the_edges_of_a_box_are_as_far_as_the_angles_say():
    box = corners_of(corners(9.9, 10.1, -0.2, 0.2))
    distance = edge_distance(np.array([10.0, 10.05, 10.0, 10.2]), np.array([0.0, 0.0, 0.15, 0.0]), box)
    assert np.allclose(distance, [360.0, 180.0, 180.0, -360.0], atol=0.01)


def test_the_apparition_deepest_in_its_scan_wins_and_the_numbers_of_matches_are_counted():
    ra = np.array([10.0, 10.0 + 1.5 * ARCSEC, 10.0 - 1.5 * ARCSEC, 20.0])
    lost, matches = find_duplicates(ra, np.zeros(4), np.array([0, 1, 1, 0]), np.array([50.0, 20.0, 21.0, 5.0]), 2.0)
    assert lost.tolist() == [False, True, True, False]
    assert matches.tolist() == [2, 1, 1, 0]


def test_a_close_pair_of_one_scan_is_two_sources():
    lost, matches = find_duplicates(np.array([10.0, 10.0 + ARCSEC]), np.zeros(2), np.array([0, 0]), np.ones(2), 2.0)
    assert not lost.any() and not matches.any()


def test_a_pair_resolved_by_the_winning_scan_stays_a_pair():
    ra = np.array([10.0, 10.0 + 2.4 * ARCSEC, 10.0 + 1.2 * ARCSEC])
    lost, _ = find_duplicates(ra, np.zeros(3), np.array([0, 0, 1]), np.array([40.0, 41.0, 30.0]), 2.0)
    assert lost.tolist() == [False, False, True]


def test_beyond_the_radius_there_are_two_sources():
    lost, _ = find_duplicates(np.array([10.0, 10.0 + 2.01 * ARCSEC]), np.zeros(2), np.array([0, 1]), np.ones(2), 2.0)
    assert not lost.any()


def one_by_one(pairs, place):
    """The rule as it is told: in the order of ``place`` each row wins unless a winner is paired with it already."""
    partners = {}
    for one, other in pairs.tolist():
        partners.setdefault(one, []).append(other)
        partners.setdefault(other, []).append(one)
    lost = np.zeros(len(place), bool)
    winners = set()
    for row in np.argsort(place).tolist():
        lost[row] = not winners.isdisjoint(partners.get(row, ()))
        if not lost[row]:
            winners.add(row)
    return lost


def test_all_at_once_the_same_lose_as_one_by_one():
    rng = np.random.default_rng(3)
    for crowding in (50, 300, 3000):
        pairs = rng.integers(0, 1000, (crowding, 2))
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        place = precedence(rng.integers(0, 50, 1000))
        assert np.array_equal(losers(pairs, place), one_by_one(pairs, place))


def test_a_loser_belongs_to_the_nearest_of_its_winners():
    pairs, distance = np.array([[0, 2], [1, 2], [1, 3]]), np.array([1.0, 0.5, 0.2])
    place = precedence([9.0, 8.0, 1.0, 2.0])
    lost = losers(pairs, place)
    assert lost.tolist() == [False, False, True, True]
    assert leaders(pairs, distance, lost, place).tolist() == [0, 1, 1, 1]


def test_chains_of_pairs_are_components():
    chain = components(np.array([[0, 1], [1, 2], [4, 5]]), 6)
    assert chain[0] == chain[1] == chain[2] != chain[3] and chain[4] == chain[5] != chain[3]
