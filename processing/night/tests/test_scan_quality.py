"""The score of a scan: each fault costs what survey.yaml says, whatever else is right."""

import copy

import pytest

from processing.config import survey
from processing.night.scan_quality import frame_bins, psp, score

RULES, MAGZP = survey().scan_quality, survey().simulate.magzp


def block(**changed):
    """A scan as good as can be: nominal zero points, seeing of 2.6 arcsec, the usual backgrounds."""
    bands = {band: {"shape": [0.97, 0.98], "background": [sky, sky]} for band, sky in zip("jhk", survey().simulate.sky)}
    return {"bands": bands, "zero_points": {band: {"value": zero} for band, zero in zip("jhk", MAGZP)},
            "photometric": {band: {"photometric": True} for band in "jhk"}, "airglow": {"above": 0}} | changed


def worse(**values):
    """The same with other values of a band's block in J."""
    changed = copy.deepcopy(block())
    changed["bands"]["j"] |= values
    return changed


def test_a_good_scan_has_ten_points_and_no_reasons():
    found = score(block())
    assert found["score"] == 10 and found["reasons"] == [] and min(found["margin"].values()) > 0


def test_clouds_in_one_band_leave_nothing():
    found = score(block(photometric={"j": {"photometric": True}, "h": {"photometric": False}}))
    assert found["score"] == 0 and "not clear in h" in found["reasons"][0]


@pytest.mark.parametrize("shape, points", [([1.24, 1.24], 10), ([1.26, 1.26], 1), ([1.1, 1.31], 1)])
def test_bad_seeing_in_the_mean_or_in_a_part_leaves_one_point(shape, points):
    assert score(worse(shape=shape))["score"] == points


def test_a_limit_too_bright_costs_points_by_its_shortfall():
    """Haze of a magnitude less the margin that there was."""
    margin = score(block())["margin"]["k"]
    hazy = block(zero_points={"j": {"value": MAGZP[0]}, "h": {"value": MAGZP[1]},
                              "k": {"value": MAGZP[2] - margin - 0.2}})  # fmt: skip
    assert score(hazy)["margin"]["k"] == pytest.approx(-0.2)
    assert score(hazy)["score"] == 10 - round(0.2 * RULES.score_slope) and "limit in k" in score(hazy)["reasons"][0]


def test_more_background_and_worse_seeing_are_less_sensitive():
    assert psp({"shape": [1.2], "background": [400.0]}) > psp({"shape": [1.0], "background": [400.0]})
    assert psp({"shape": [1.0], "background": [800.0]}) == pytest.approx(2**0.29 * psp(
        {"shape": [1.0], "background": [400.0]}))  # fmt: skip


def test_airglow_in_more_images_than_a_scan_may_have():
    assert score(block(airglow={"above": RULES.airglow_images}))["score"] == 10
    assert score(block(airglow={"above": RULES.airglow_images + 1}))["score"] == RULES.airglow_score


def test_a_scan_without_j_is_judged_by_the_other_bands():
    found = block()
    for part in ("bands", "zero_points", "photometric"):
        found[part].pop("j")
    assert score(found)["score"] == 10


def test_a_sensitivity_that_is_not_known_is_no_good():
    assert score(worse(background=[float("nan")]))["score"] == 0


@pytest.mark.parametrize("n, bins", [(273, 23), (24, 2), (12, 1), (5, 1)])
def test_bins_hold_every_frame_once(n, bins):
    edges = frame_bins(n)
    assert len(edges) == bins and edges[0][0] == 0 and edges[-1][1] == n
    assert all(one[1] == other[0] for one, other in zip(edges, edges[1:]))
