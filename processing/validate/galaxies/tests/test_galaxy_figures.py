"""The Level 1 rows of the extended sources, from galaxies whose errors, losses and false rows are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from processing.validate.apparitions import LETTERS, sources
from processing.validate.figure import REPEATS, TRUTH
from processing.validate.galaxies import figures
from processing.validate.galaxies.census import inside_scan, recovered
from processing.validate.galaxies.photometry import ten_sigma
from processing.validate.galaxies.tests.made_galaxies import (
    COLOUR, FALSE, LOST, galaxy_evidence, made_sky, noise, scan_rows,
)  # fmt: skip
from processing.validate.galaxies.uniformity import overlap_offsets, scan_offsets
from processing.validate.requirements import REQUIREMENTS
from processing.validate.tests.made_survey import Facts, Made
from processing.validate.verdict import verdict


@pytest.fixture(scope="module")
def sky():
    return made_sky()


def no_stars():
    """A catalog of points without bright stars."""
    made = Made(Facts(density=50, scans=2, visits=1))
    catalog = sources(made.catalog)
    return catalog.where(np.zeros(len(catalog), bool))


def evidence_of(sky, **how):
    return SimpleNamespace(galaxies=galaxy_evidence(sky, **how), catalog=no_stars())


@pytest.fixture(scope="module")
def found(sky):
    return figures(evidence_of(sky))


def of(found, item, basis, band=None, words=""):
    return [one for one in found if (one.item, one.basis, one.band) == (item, basis, band) and words in one.quantity]


@pytest.mark.parametrize("basis", [REPEATS, TRUTH])
@pytest.mark.parametrize("k", range(3))
def test_ten_sigma_is_where_the_errors_are_a_tenth(found, basis, k):
    one, = of(found, "extended_sensitivity", basis, k, "circle")
    wanted = 13.6 + COLOUR[LETTERS[k]]
    assert abs(one.estimate.value - wanted) < max(4 * one.estimate.error, 0.05) and one.estimate.error < 0.08


@pytest.mark.parametrize("basis", [REPEATS, TRUTH])
@pytest.mark.parametrize("aperture", ["circle", "ellipse"])
def test_precision_is_the_scatter_of_a_measurement(found, basis, aperture):
    one, = of(found, "extended_precision", basis, 1, aperture)
    ends = np.array([13.3, 13.8]) - COLOUR["h"]
    assert noise(ends[0]) < one.estimate.value < noise(ends[1])
    assert one.detail["pull"] == pytest.approx(1.0, abs=0.25) and one.threshold == 0.10
    assert verdict(one) == "met"


def test_ten_sigma_beyond_all_galaxies_is_not_made_up(sky):
    bright = sky.k < 12.0
    assert np.isnan(ten_sigma(sky.k[bright], np.random.default_rng(1).normal(0, 0.02, bright.sum())))
    assert np.isnan(ten_sigma(sky.k[:4], np.zeros(4))) and np.isnan(ten_sigma(np.empty(0), np.empty(0)))


def test_precision_is_required_in_h_alone(found):
    assert {one.band for one in found if one.item == "extended_precision" and one.threshold is not None} == {1}


@pytest.mark.parametrize("basis", [REPEATS, TRUTH])
def test_completeness_is_the_share_that_a_scan_lists(found, basis):
    for k in range(3):
        one, = of(found, "extended_completeness", basis, k, "|b| > 30")
        error = np.sqrt(LOST / one.estimate.objects)
        assert one.estimate.value == pytest.approx(1 - LOST, abs=5 * error + 0.005)
        assert verdict(one) == "met"


def test_reliability_is_the_share_of_true_rows(found):
    bright, = of(found, "extended_reliability", TRUTH, None, "|b| > 20, brighter")
    assert bright.estimate.value == pytest.approx(1 - FALSE, abs=0.015) and bright.threshold == 0.99
    every, = of(found, "extended_reliability", TRUTH, None, "all of them")
    assert every.threshold is None and len(every.detail["false"]) == every.estimate.misses


def test_what_repeats_confirm_is_told_without_a_requirement(found):
    one, = of(found, "extended_reliability", REPEATS)
    assert one.threshold is None and one.estimate.value == pytest.approx(1 - LOST, abs=0.02)


def test_an_offset_of_a_scan_is_found(sky):
    galaxies = galaxy_evidence(sky, offset=0.07)
    (offset, error, number), = overlap_offsets(galaxies, 2).values()
    assert offset == pytest.approx(0.07, abs=4 * error) and error < 0.01 and number > 30
    (bias, error, _), = scan_offsets(galaxies, 0).values()
    assert abs(bias) < 4 * error


def test_uniformity_of_one_pair_of_scans_is_too_few(found):
    one, = of(found, "extended_uniformity", REPEATS, 0, "largest")
    assert not one.estimate.known and one.estimate.objects > 0 and verdict(one) == "too few"


def test_galaxies_at_the_border_and_in_masks_need_not_be_found(sky):
    galaxies = galaxy_evidence(sky)
    true, got = recovered(evidence_of(sky), 2, 30.0, 90.0)
    assert len(true) == (sky.k < 14.5).sum() and got.mean() == pytest.approx((1 - LOST) * (1 - FALSE), abs=0.02)
    row = scan_rows()[0]
    ra, dec = np.array([row["ra_2"] + 0.002, row["ra_2"] + 0.01]), np.array([30.0, 30.0])
    assert inside_scan([row], ra, dec, 15.0).tolist() == [False, True] and len(galaxies.scans) == 1


def test_without_truth_and_repeats_nothing_is_invented(sky):
    galaxies = galaxy_evidence(sky, truth=False)
    nothing = galaxies.apparitions.where(np.zeros(len(galaxies.apparitions), bool))
    bare = type(galaxies)(galaxies.catalog, nothing, None, galaxies.scans)
    found = figures(SimpleNamespace(galaxies=bare, catalog=no_stars()))
    assert {verdict(one) for one in found} == {"not measured"}
    extended = {one.item for one in REQUIREMENTS if one.item.startswith("extended")}
    assert {one.item for one in found} == extended


def test_every_item_has_a_figure_and_every_figure_an_item(found):
    assert {one.item for one in found} == {one.item for one in REQUIREMENTS if one.item.startswith("extended")}
    assert all(one.method and one.quantity for one in found)
