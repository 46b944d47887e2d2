"""Areas and masks against those of figures that can be calculated by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from processing.config import survey
from processing.validate import coverage
from processing.validate.apparitions import sources
from processing.validate.area import covered, in_one_scan, square_degrees
from processing.validate.figure import Evidence
from processing.validate.masks import halo_radius, mask_area, masked, spike_length
from processing.validate.tests.made_survey import Facts, Made


def box(west, east, south, north):
    places = ((east, south), (west, south), (west, north), (east, north))
    return {f"{way}_{n}": place[k] for n, place in enumerate(places, 1) for k, way in enumerate(("ra", "dec"))}


def evidence(scans, left_out=(), bright=()):
    catalog = sources(Made(Facts(scans=1, visits=0, density=300)).catalog).where(slice(0, len(bright)))
    for k, band in enumerate("jhk"):
        catalog.columns[f"{band}_m"] = np.array(bright, float) if len(bright) else catalog.columns[f"{band}_m"]
    return Evidence(SimpleNamespace(left_out=list(left_out)), scans, catalog, catalog, None)


def test_the_area_of_overlapping_scans_counts_once_and_shrinks_by_the_border():
    scans = [box(130, 130.2, -0.5, 0.5), box(130.1, 130.3, -0.5, 0.5)]
    assert square_degrees(covered(scans, 0)) == pytest.approx(0.3, rel=2e-3)
    inner = (0.3 - 20 / 3600) * (1 - 20 / 3600)
    assert square_degrees(covered(scans, 10)) == pytest.approx(inner, rel=2e-3)
    assert square_degrees(covered([], 0)) == 0


def test_a_gap_that_two_borders_make_is_lost_though_the_scans_touch():
    scans = [box(130, 130.1, -0.5, 0.5), box(130.1, 130.2, -0.5, 0.5)]
    lost = square_degrees(covered(scans, 0)) - square_degrees(covered(scans, 10))
    assert lost == pytest.approx(0.2 - (0.2 - 40 / 3600) * (1 - 20 / 3600), rel=0.05)


def test_scans_that_failed_or_were_left_out_are_planned_area_and_calibration_is_not():
    scans = [box(130 + n / 5, 130.2 + n / 5, -0.5, 0.5) for n in range(2)]
    corners = [[130.6, -0.5], [130.4, -0.5], [130.4, 0.5], [130.6, 0.5]]
    left = [{"scan": "a", "why": "poor", "type": "sci", "corners": corners},
            {"scan": "b", "why": "broken", "type": "sci"},
            {"scan": "c", "why": "type cal", "type": "cal", "corners": corners}]  # fmt: skip
    whole, missing = (coverage.figures(evidence(scans, some))[0] for some in ((), left))
    assert whole.estimate.value == 1.0
    assert missing.estimate.value == pytest.approx(0.5, rel=2e-3)  # two of four, one of which has no known place
    assert missing.estimate.objects == 2 and coverage.figures(evidence(scans))[2].basis is None


def test_masks_of_bright_stars_are_taken_from_the_area_of_point_sources():
    scans = [box(130, 130.2, -0.5, 0.5)]
    bare, bright = (coverage.figures(evidence(scans, bright=some))[1] for some in ((15.0,), (3.0, 3.0)))
    worst = max(2 * float(mask_area(np.array([3.0]), k)[0]) for k in range(3))
    assert bare.estimate.value - bright.estimate.value == pytest.approx(worst / 0.2, rel=5e-3) and worst > 1e-4


def test_masks_grow_with_the_brightness_as_the_light_of_halo_and_spikes_falls():
    faint, bright = halo_radius(np.array([6.0, 1.0]), 0)
    assert bright / faint == pytest.approx(10 ** (0.4 * 5 / survey().artifacts.halo_slope))
    short, long = spike_length(np.array([6.0, 1.0]), 2)
    assert long / short == pytest.approx(10.0)  # five magnitudes, falling with the square
    assert halo_radius(np.array([11.0]), 0) == spike_length(np.array([11.0]), 0) == 0


def test_places_within_the_reach_of_a_mask_are_told():
    reach = float(max(halo_radius(np.array([2.0]), 0)[0], spike_length(np.array([2.0]), 0)[0])) / 3600
    places = np.array([100 + 0.9 * reach, 100 + 1.1 * reach])
    found = masked(places, np.zeros(2), np.array([100.0]), np.zeros(1), np.array([2.0]), 0)
    assert found.tolist() == [True, False]


def test_a_place_in_two_scans_is_not_in_one():
    scans = [box(130, 130.2, -0.5, 0.5), box(130.1, 130.3, -0.5, 0.5)]
    ra = np.array([130.05, 130.15, 130.25, 130.001, 131.0])
    assert in_one_scan(scans, ra, np.zeros(5), 10).tolist() == [True, False, True, False, False]
