"""The strip of a scan in which extended sources are looked for: its light, its noise, its stars; and what a unit of
work says of it."""

import json

import numpy as np
import pytest

from processing.engine.records import DONE, FAILED, Outcome
from processing.extended.field import PointSources
from processing.formats.parquet import read_parquet
from processing.night import tasks
from processing.night.folder import NightFolder
from processing.night.kept_scan import read_strip, write_strip
from processing.night.scan_field import scan_field
from processing.night.scan_folder import scan_plane, write_scan
from processing.night.scan_zero_points import scan_zero_points
from processing.night.steps import make_strip
from processing.schema import load_table

BAND = "j"


@pytest.fixture(scope="module")
def plane(solved_scans, true_calibration):
    found = solved_scans[0]
    zero_points = scan_zero_points(true_calibration, found.sources, found.scan.mjd, found.scan.airmass)
    return scan_plane(found.scan, found.solution, found.usable, zero_points), zero_points


@pytest.fixture(scope="module")
def field(solved_scans, plane, tmp_path_factory):
    """Of one band, kept in a file and read again."""
    found, folder = solved_scans[0], tmp_path_factory.mktemp("strip")
    write_strip(folder, make_strip(found.scan.frames[BAND], found.usable[BAND], found.solution, BAND))
    np.savez(folder / "psf.npz", series=found.psf[BAND].series, moments=found.psf[BAND].moments)
    return scan_field(plane[0], {BAND: found.sources[BAND]}, {BAND: read_strip(folder)}, plane[1])


def lone(stars, apart=20.0):
    """Rows of bright stars that are not saturated and have no other within ``apart`` pixels."""
    away = np.hypot(stars.x[:, None] - stars.x, stars.y[:, None] - stars.y)
    rows = (away + 1e9 * np.eye(len(stars))).min(axis=1) > apart
    return np.flatnonzero(rows & (stars.method == 2) & (stars.flux > 60 * stars.flux_err))


def test_a_star_of_the_field_is_its_psf_with_its_flux(field):
    """7 arcsec apertures on the strip around it and on the PSF: 1.5% in the median, of some dozens of stars."""
    band, ratios = field.bands[BAND], []
    y, x = np.indices(band.data.shape)
    for row in lone(band.stars):
        cx, cy = band.stars.x[row], band.stars.y[row]
        j, i = round(cy), round(cx)
        cut = np.s_[j - 12:j + 13, i - 12:i + 13]
        r = np.hypot(x[cut] - cx, y[cut] - cy)
        if r.shape != (25, 25) or not np.isfinite(band.data[cut]).all():
            continue
        sky, star = np.median(band.data[cut][r > 9]), band.psf.at(cx, cy, 12)
        ratios.append((band.data[cut] - sky)[r < 7].sum() / (band.stars.flux[row] * star[r < 7].sum()))
    assert len(ratios) > 15 and np.median(ratios) == pytest.approx(1.0, abs=0.015)


def test_the_noise_is_that_of_sky_and_reads(field):
    """Half the 16-84% range of empty pixels about the level around them: what airglow has is less than 10% more."""
    band = field.bands[BAND]
    seen = band.noise[np.isfinite(band.data)]
    middle = np.s_[600:-600, 100:-100]
    local = band.data[middle] - np.nanmedian(band.data[middle])
    low, high = np.nanpercentile(local, [15.87, 50])
    assert 0.95 < (high - low) / np.median(seen) < 1.2
    assert (np.isfinite(band.noise) >= np.isfinite(band.data)).all()


def test_stars_know_their_row_of_the_points(field, plane, solved_scans, scan_folders):
    """Fluxes are those of the table: both are at the zero point of the middle of the scan."""
    points = read_parquet(scan_folders[0] / "points.parquet", load_table("psc"), "reduce")
    full = scan_field(plane[0], solved_scans[0].sources, dict.fromkeys(solved_scans[0].sources, (
        np.zeros(plane[0].grid.shape, np.float32),) * 2 + (None,)), plane[1]).bands[BAND].stars  # fmt: skip
    own = full.row[full.row >= 0]
    assert len(full) == len(field.bands[BAND].stars) and 0.95 * len(full) < len(own) == len(set(own))
    full = PointSources(**{name: values[full.row >= 0] for name, values in vars(full).items()})
    ra, dec = plane[0].sky_position(full.x, full.y)
    east, north = points["ra"].to_numpy()[full.row] - ra, points["dec"].to_numpy()[full.row] - dec
    apart = np.hypot(east * np.cos(np.radians(dec)), north)
    assert np.median(apart) * 3600 < 0.3
    magnitude = points[f"{BAND}_m"].to_numpy(zero_copy_only=False).astype(float)[full.row]
    usual = (full.method == 2) & np.isfinite(magnitude)
    np.testing.assert_allclose(field.bands[BAND].magnitude(full.flux[usual]), magnitude[usual], atol=2e-3)


def test_a_scan_without_its_extended_sources_says_why(solved_scans, true_calibration, tmp_path):
    place, outcome = NightFolder(tmp_path, tmp_path / "work"), Outcome(FAILED, "the worker was stopped")
    found = solved_scans[0]
    content = write_scan(tmp_path / "s011", found.scan, found.solution, found.usable, found.sources, true_calibration,
                         [], extended=tasks._extended(place, 11, outcome))  # fmt: skip
    assert content["extended"] == {"failed": "the worker was stopped"} and content["rows"] > 0
    assert not (tmp_path / "s011" / "extended.parquet").exists()
    assert json.loads((tmp_path / "s011" / "scan.json").read_text())["extended"] == content["extended"]
    assert tasks._judged(tasks._without_extended(outcome))[1] == "no extended sources: the worker was stopped"
    assert tasks._without_extended(Outcome(DONE)) == {} == tasks._without_extended(None)
