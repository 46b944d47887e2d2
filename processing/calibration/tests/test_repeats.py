"""Errors that are wrong by a known factor and floor, measured again and again: the correction is what was put in."""

import numpy as np
import pytest

from processing.bandmerge.tests.lists import band_sources
from processing.calibration.repeats import corrected, error_correction, repeats
from processing.calibration.scan_stars import MAGNITUDE, ScanStars, read_stars, write_stars

FACTOR, FLOOR, SCANS = 1.3, 0.012, 6


def visit(rng, n=500, factor=FACTOR, floor=FLOOR, scans=SCANS, offset=0.03):
    """Scans of n stars whose quoted errors are too small; each scan is fainter by another ``offset`` (mag)."""
    flux = 10 ** (-0.4 * (rng.uniform(9, 15, n) - 20))
    ra, dec = rng.uniform(10, 10.5, n), rng.uniform(0, 0.5, n)
    found = {}
    for scan in range(scans):
        dimmed = flux * 10 ** (-0.4 * offset * scan)
        quoted = np.sqrt(dimmed / 10 + 30**2)
        error = np.hypot(factor * quoted, floor / MAGNITUDE * dimmed)
        place = rng.normal(0, 0.1 / 3600, (2, n))
        one = np.ones(n, int)
        found[scan] = {"j": ScanStars(ra + place[0], dec + place[1], one * 51000.0, one * 1.1,
                                      dimmed + error * rng.standard_normal(n), quoted, 2 * one, one)}  # fmt: skip
    return found


def correction(scans):
    return error_correction(repeats(scans, dict.fromkeys(scans, 0), "j"))


@pytest.mark.parametrize("factor, floor", [(FACTOR, FLOOR), (0.8, 0.0), (1.0, 0.02)])
def test_the_correction_is_what_the_errors_lack(factor, floor):
    found = correction(visit(np.random.default_rng(1), factor=factor, floor=floor))
    # About 350 stars with 5 degrees of freedom each: 1/sqrt(3500) = 1.7%.
    assert found.factor == pytest.approx(factor, rel=0.06)
    assert found.floor == pytest.approx(floor, abs=0.001 + 0.05 * floor)
    assert all(0.85 < one["pull_after"] < 1.15 for one in found.bins if one["stars"] > 30)
    assert found.scan_scatter == pytest.approx(np.std(0.03 * np.arange(SCANS)), abs=0.002)


def test_stars_that_vary_do_not_make_the_errors_large():
    rng = np.random.default_rng(2)
    scans = visit(rng)
    for stars in scans.values():
        stars["j"].flux[:15] *= 10 ** (-0.4 * rng.normal(0, 0.5, 15))
    assert correction(scans).factor == pytest.approx(FACTOR, rel=0.06)


def test_few_repeated_stars_change_nothing_and_say_so():
    found = correction(visit(np.random.default_rng(3), n=30))
    assert (found.factor, found.floor) == (1.0, 0.0) and "at least 40" in found.note


def test_stars_of_different_visits_are_not_compared():
    scans = visit(np.random.default_rng(4))
    found = repeats(scans, {scan: scan // 3 for scan in scans}, "j")
    assert len(found) == 0


def test_corrected_errors_are_factor_and_floor_in_quadrature():
    sources = band_sources("j", [10.0, 20.0], [10.0, 20.0])
    after = corrected(sources, {"factor": 2.0, "floor": 0.01})
    wanted = np.hypot(2.0 * sources.flux_err, 0.01 * np.log(10) / 2.5 * sources.flux)
    assert after.flux_err == pytest.approx(wanted) and after.flux_noise == 2 * sources.flux_noise


def test_kept_stars_are_read_back_band_by_band(tmp_path):
    stars = visit(np.random.default_rng(5), n=5)[0]
    write_stars(tmp_path / "stars.parquet", stars | {"k": stars["j"][:2]})
    back = read_stars(tmp_path / "stars.parquet")
    assert set(back) == {"j", "k"} and len(back["k"]) == 2
    assert np.array_equal(back["j"].flux, stars["j"].flux) and back["j"].method.dtype == np.int64
