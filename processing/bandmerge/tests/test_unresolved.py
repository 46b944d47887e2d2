"""Pairs that only one band resolves become upper limits in the others."""

import numpy as np
import pytest

from processing.bandmerge.merge import merge_bands
from processing.bandmerge.tests.lists import circles
from processing.bandmerge.unresolved import mark_unresolved, share_of_second

AREA = 400.0**2
PAIR = np.array([[10.0, 10.0], [12.6, 10.0]])


def merged(*bands, sigma=0.05):
    lists = [circles(band, sigma) for band in bands]
    return mark_unresolved(merge_bands(lists, AREA), lists)


def test_share_follows_from_the_light_centre():
    first, second = circles(PAIR[:1], 0.05), circles(PAIR[1:], 0.05)
    share, error, aside = share_of_second(circles([[10.65, 10.0]], 0.05), first, second)
    assert share == pytest.approx(0.25) and aside == pytest.approx(0)
    assert error == pytest.approx(0.05 * np.sqrt(2) / 2.6)


def test_light_centre_of_a_pair_belongs_to_neither_star():
    """Equal stars: the second band sees one source half-way; both rows lose the band and the source has no row of its
    own."""
    rows = merged(PAIR, [[11.3, 10.0]])
    assert len(rows) == 2
    assert (rows.index[:, 1] == -1).all() and (rows.unresolved[:, 1] == 0).all()
    assert sorted(rows.index[:, 0]) == [0, 1]


def test_displaced_source_matched_to_the_brighter_star_is_a_blend_too():
    rows = merged(PAIR, [[10.5, 10.0]], sigma=0.1)
    assert (rows.index[:, 1] == -1).all() and (rows.unresolved[:, 1] == 0).all()


def test_source_at_the_place_of_one_star_stays_with_it():
    """The other star is just too faint in the second band: no blend."""
    rows = merged(PAIR, [[10.02, 10.0]])
    assert (rows.unresolved == -1).all()
    assert (rows.index[:, 1] >= 0).sum() == 1


def test_pair_resolved_in_both_bands_is_left_alone():
    rows = merged(PAIR, PAIR + 0.02)
    assert (rows.unresolved == -1).all() and (rows.index >= 0).all()


def test_wide_pair_is_no_blend():
    wide = np.array([[10.0, 10.0], [17.0, 10.0]])
    rows = merged(wide, [[13.5, 10.0]])
    assert len(rows) == 3 and (rows.unresolved == -1).all()


def test_source_beside_the_line_is_no_blend_of_the_two():
    rows = merged(PAIR, [[11.3, 11.1]])
    assert (rows.unresolved == -1).all() and (rows.index[:, 1] == 0).sum() == 1


def test_two_bands_can_miss_the_pair_that_the_third_resolves():
    rows = merged([[11.3, 10.0]], [[11.25, 10.0]], PAIR)
    assert len(rows) == 2
    assert (rows.index[:, :2] == -1).all() and (rows.unresolved[:, :2] == 0).all() and (rows.index[:, 2] >= 0).all()


def test_position_of_a_blend_does_not_enter_the_mean():
    rows = merged(PAIR, [[11.3, 10.0]])
    np.testing.assert_allclose(np.sort(rows.places.xy[:, 0]), PAIR[:, 0])


def test_triple_seen_as_one_is_a_limit_for_all_three():
    triple = np.array([[10.0, 10.0], [12.2, 10.0], [14.4, 10.0]])
    rows = merged(triple, [[12.9, 10.0]])
    assert len(rows) == 3 and (rows.index[:, 1] == -1).all()
    assert (rows.unresolved[:, 1] == 0).all()
