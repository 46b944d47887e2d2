"""Fluxes of a scan through changing air at the zero point of its middle: stars of one magnitude have one flux."""

import numpy as np
import pytest

from processing.bandmerge.tests.lists import band_sources
from processing.bandmerge.tests.scans import BEGIN, PERIOD, plane_of, solved
from processing.calibration.band import solve_band
from processing.calibration.tests.made_up_night import EXTINCTION
from processing.calibration.night import NightCalibration
from processing.calibration.visits import Visits
from processing.errors import SurveyError
from processing.night.scan_zero_points import at_mid_scan, quoted_errors, scan_zero_points

FRAMES = 273
MJD = BEGIN + np.arange(FRAMES) * PERIOD / 86400
AIRMASS = np.linspace(1.9, 1.5, FRAMES)
SLOPE = 0.06
"""mag an hour."""


def true_zero_point(mjd, airmass):
    return 20.9 + SLOPE * 24 * (mjd - BEGIN) - EXTINCTION * (airmass - 1)


def calibration(visits=8, **changed):
    """A night that drifts in a straight line, with visits every half hour around the scan."""
    mjd = BEGIN + (np.arange(visits) - visits / 2) / 48
    zero_point = true_zero_point(mjd, 1.0)
    found = Visits(np.arange(visits), np.array([f"f{k % 3}" for k in range(visits)]), mjd, np.full(visits, 1.1),
                   zero_point, np.eye(visits) * 1e-6, np.full(visits, 12), np.zeros(visits, int), np.zeros(visits))
    bands = {"j": solve_band(found, EXTINCTION, "990712n band j")}
    return NightCalibration(night="990712n", bands=bands, failures={"h": "990712n band h: no standards"}, settings={},
                            inputs={}, errors={}, **changed)  # fmt: skip


@pytest.fixture(scope="module")
def zero_points():
    return scan_zero_points(calibration(), "j", MJD, AIRMASS)


def test_the_zero_points_of_the_frames_follow_night_and_air(zero_points):
    found = zero_points["j"]
    np.testing.assert_allclose(found.frames, true_zero_point(MJD, AIRMASS), atol=0.004)
    assert found.value == pytest.approx(true_zero_point(MJD.mean(), AIRMASS.mean()), abs=0.003)
    assert np.ptp(found.frames) > 0.04 and 0 < found.error < 0.01


@pytest.mark.parametrize("south", [False, True])
def test_stars_of_one_magnitude_get_one_flux_wherever_they_are(zero_points, south):
    plane = plane_of(solved(FRAMES, south=south))
    frame = np.arange(6, FRAMES - 6, 20)
    x, y = plane.grid.wcs.wcs_world2pix(*plane.solution.sky("j", frame, 127.5, 127.5), 0)
    flux = 10 ** (-0.4 * (13.0 - true_zero_point(MJD[frame], AIRMASS[frame])))
    residual = np.ones(plane.grid.shape, np.float32)
    seen = band_sources("j", x, y, flux=flux, flux_err=0.01 * flux, residual=residual)
    after = at_mid_scan(seen, zero_points["j"], plane.track)
    magnitudes = zero_points["j"].value - 2.5 * np.log10(after.flux)
    assert np.ptp(-2.5 * np.log10(flux)) > 0.04
    np.testing.assert_allclose(magnitudes, 13.0, atol=0.004)
    np.testing.assert_allclose(after.flux_err / after.flux, 0.01)
    np.testing.assert_allclose(after.aperture_flux, after.flux)
    rows = np.rint(y).astype(int)
    np.testing.assert_allclose(after.residual[rows, 5], after.flux / seen.flux, rtol=1e-3)
    assert after.residual.dtype == np.float32 and after.flux_noise == seen.flux_noise


def test_what_a_night_does_not_know_of_its_zero_points_is_that_of_the_survey(zero_points):
    assert quoted_errors(zero_points)["j"] == zero_points["j"].zperr < 0.006
    one = scan_zero_points(calibration(visits=1), "j", MJD, AIRMASS)
    assert not np.isfinite(one["j"].zperr) and quoted_errors(one)["j"] == 0.011


def test_a_band_without_calibration_is_refused_with_its_reason():
    with pytest.raises(SurveyError, match="no standards"):
        scan_zero_points(calibration(), "jh", MJD, AIRMASS)
