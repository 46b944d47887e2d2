"""Merging up to three bands: offsets, rates, order, confused positions."""

import numpy as np
import pytest

from processing.bandmerge.align import median_offset, without_offsets
from processing.bandmerge.merge import mean_places, merge_bands
from processing.bandmerge.tests.lists import circles, observed, random_sky
from processing.bandmerge.unresolved import mark_unresolved
from processing.formats.tests.atlas_files import real_image

SIZE = 400.0
AREA = SIZE**2


def test_every_source_is_in_one_row():
    rng = np.random.default_rng(1)
    lists = [observed(rng, random_sky(rng, n, SIZE), 0.2) for n in (900, 1100, 700)]
    merged = mark_unresolved(merge_bands(lists, AREA), lists)
    for band, places in enumerate(lists):
        used = merged.index[:, band][merged.index[:, band] >= 0]
        blurred = merged.unresolved[:, band][merged.unresolved[:, band] >= 0]
        assert len(set(used)) == len(used)
        assert set(used) | set(blurred) == set(range(len(places))) and not set(used) & set(blurred)
    assert (merged.index >= 0).any(axis=1).all()


@pytest.mark.parametrize("n, sigma", [(500, 0.15), (2400, 0.15)])
def test_stars_of_three_bands_come_together(n, sigma):
    """Each band sees 80% of the stars, at the density of W44. Rows with sources of two stars, and stars split over
    rows, stay below the rate of two matchings with chance 2 pi C density each."""
    rng = np.random.default_rng(2)
    sky = random_sky(rng, n, SIZE)
    seen = [np.sort(rng.choice(n, int(0.8 * n), replace=False)) for _ in range(3)]
    lists = [observed(rng, sky[s], sigma) for s in seen]
    merged = merge_bands(lists, AREA)
    stars = np.array([[seen[b][k] if k >= 0 else -1 for b, k in enumerate(row)] for row in merged.index])
    pure = np.array([len(set(row[row >= 0])) == 1 for row in stars])
    split = len(merged) - len(set(stars[stars >= 0]))
    chance = 2 * np.pi * 2 * (sigma**2 + 0.05**2) * n / AREA
    assert (~pure).mean() < 2 * chance + 2 / n
    assert split / n < 2 * 1.5 * chance + 2 / n


def test_offset_between_bands_is_taken_out():
    rng = np.random.default_rng(3)
    sky = random_sky(rng, 1500, SIZE)
    truth = np.array([[0.0, 0.0], [0.25, -0.1], [-0.1, 0.2]])
    lists = [observed(rng, sky, 0.15).shifted(offset) for offset in truth]
    moved, offsets = without_offsets(lists)
    assert np.abs(offsets - (truth - truth.mean(axis=0))).max() < 5 * 1.25 * 0.15 * np.sqrt(2) / np.sqrt(1500)
    assert np.abs(np.median(moved[1].xy - moved[0].xy, axis=0)).max() < 0.01
    assert np.abs(offsets.sum(axis=0)).max() < 1e-12


def test_bands_turned_against_each_other_are_laid_on_each_other():
    """By 0.4 mrad, as H of W44 is: 0.1 arcsec at the edges. What is left is the error of the fitted turn and offset."""
    rng = np.random.default_rng(8)
    sky, turn = random_sky(rng, 1500, SIZE), np.array([[0.0, 4e-4], [-4e-4, 1e-4]])
    lists = [observed(rng, sky, 0.1), observed(rng, sky + (sky - SIZE / 2) @ turn.T, 0.1)]
    (first, second), _ = without_offsets(lists)
    left = (second.xy - first.xy) - (lists[1].xy - sky) + (sky - SIZE / 2) @ turn.T + (lists[0].xy - sky)
    assert np.abs(left).max() < 5 * 2 * 0.1 * np.sqrt(2) / np.sqrt(1500)
    middle = (first.xy + second.xy - lists[0].xy - lists[1].xy) / 2
    assert np.abs(middle).max() < 1e-3


def test_few_common_sources_do_not_make_an_offset():
    rng = np.random.default_rng(4)
    a = random_sky(rng, 8, SIZE)
    assert (median_offset(circles(a, 0.1), circles(a + 0.3, 0.1), 2.0) == 0).all()


def test_one_band_alone_is_a_catalog_too():
    rng = np.random.default_rng(5)
    lists, offsets = without_offsets([observed(rng, random_sky(rng, 50, SIZE), 0.1)])
    merged = mark_unresolved(merge_bands(lists, AREA), lists)
    assert (merged.index[:, 0] == np.arange(50)).all() and (offsets == 0).all()


def test_empty_lists_merge_to_nothing():
    none = circles(np.empty((0, 2)), 0.1)
    lists, _ = without_offsets([none, none, none])
    assert len(mark_unresolved(merge_bands(lists, AREA), lists)) == 0


def test_empty_band_leaves_the_others_as_they_are():
    rng = np.random.default_rng(6)
    a = observed(rng, random_sky(rng, 30, SIZE), 0.1)
    none = circles(np.empty((0, 2)), 0.1)
    for lists in ([a, none], [none, a]):
        lists, _ = without_offsets(lists)
        assert len(mark_unresolved(merge_bands(lists, AREA), lists)) == 30


def test_confused_band_does_not_enter_the_position_when_another_is_clean():
    lists = [circles([[0.0, 0]], 0.1), circles([[0.6, 0]], 0.01)]
    index = np.array([[0, 0]])
    clean = mean_places(lists, index, avoid=np.array([[False, True]]))
    both = mean_places(lists, index, avoid=np.array([[True, True]]))
    assert clean.xy[0, 0] == pytest.approx(0.0) and both.xy[0, 0] > 0.4


def test_published_rows_of_a_crowded_field_merge_back_into_themselves():
    """The bands of the 2,129 rows of W44 as separate lists with errors of their brightness: 0.5% of the rows may
    break."""
    from astropy.io.votable import parse

    rows = parse(str(real_image("../psc/w44_psc_south.vot"))).get_first_table().array
    rng = np.random.default_rng(7)
    ra, dec = rows["RAJ2000"].data, rows["DEJ2000"].data
    sky = np.column_stack([-(ra - ra.mean()) * np.cos(np.radians(1.36)), dec - dec.mean()]) * 3600
    lists, stars = [], []
    for band, name in enumerate(("Jmag", "Hmag", "Kmag")):
        measured = np.array([str(flag).zfill(3)[band] in "12" for flag in rows["Rflg"]])
        faint = rows[name].data[measured] - rows[name].data[measured].max()
        lists.append(observed(rng, sky[measured], np.hypot(0.03, 0.25 * 10 ** (0.4 * faint))))
        stars.append(np.flatnonzero(measured))
    merged = merge_bands(without_offsets(lists)[0], 512.0 * 512.0)
    of_star = np.array([[stars[b][k] if k >= 0 else -1 for b, k in enumerate(row)] for row in merged.index])
    impure = sum(len(set(row[row >= 0])) > 1 for row in of_star)
    split = len(merged) - len(set(of_star[of_star >= 0]))
    assert len(rows) == 2129 and impure + split < 0.005 * len(rows)


def test_ambiguity_is_that_of_the_band_that_joins():
    """J and H agree; two Ks sources are equally good. Between two bands, both are in doubt."""
    star, twins = circles([[50, 50]], 0.1), circles([[50.1, 50], [49.9, 50]], 0.1)
    three = merge_bands([star, star, twins], AREA)
    assert list(three.ambiguous[0]) == [False, False, True] and not three.ambiguous[1:].any()
    assert list(merge_bands([star, twins], AREA).ambiguous[0]) == [True, True]
