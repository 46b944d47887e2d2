"""A small raw night through frames, astrometry and atlas, and its images through the photometry: the known sky comes out."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from processing.config import survey
from processing.extract import extract_field
from processing.formats.atlas_field import read_field
from processing.formats.raw_night import read_night
from processing.formats.raw_reference import read_astrometric
from processing.reduce import calibrate_detector, calibrate_scan, make_atlas, solve
from processing.schema import BANDS
from processing.simulate.night_plan import Settings
from processing.simulate.nights import simulate_nights
from processing.simulate.truth import Truth

LETTERS = [band.letter for band in BANDS]
ZERO_POINTS = dict(zip(LETTERS, survey().simulate.magzp))


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    root = tmp_path_factory.mktemp("raw")
    settings = Settings(284.0, 12.0, seed=23, frames=24, cal_frames=12, still_frames=12, limit=15.5, real=False)
    simulate_nights(root, settings)
    path = next(path for path in root.iterdir() if (path / "night.ecsv").exists())
    return root, read_night(path)


@pytest.fixture(scope="module")
def reduced(night, tmp_path_factory):
    root, night = night
    detectors = {band: calibrate_detector(night, band) for band in LETTERS}
    scan = calibrate_scan(night, night.of_type("sci")[0].seq, detectors)
    solution = solve(scan, read_astrometric(root))
    folder = tmp_path_factory.mktemp("atlas")
    return scan, solution, make_atlas(scan, solution, folder, ZERO_POINTS)


def first_field(paths):
    number = min(path.stem[2:] for path in paths)
    return read_field([path for path in paths if path.stem[2:] == number])


def against_truth(root, tile, points, band, faintest):
    """Offsets (arcsec, east and north) and magnitude differences of clean bright sources from their true stars."""
    stars = Truth(root / "truth").stars(tile)
    scale = np.cos(np.radians(12.0))
    true = np.column_stack([stars["ra"].to_numpy() * scale, stars["dec"].to_numpy()]) * 3600
    index, magnitude = LETTERS.index(band), points[f"{band}_m"].to_numpy(zero_copy_only=False)
    clean = np.array([q[index] == "A" and r[index] == "2" and b[index] == "1" for q, r, b in zip(
        *(points[name].to_pylist() for name in ("ph_qual", "rd_flg", "bl_flg")))])  # fmt: skip
    clean &= magnitude < faintest
    ours = np.column_stack([points["ra"].to_numpy() * scale, points["dec"].to_numpy()])[clean] * 3600
    distance, nearest = cKDTree(true).query(ours)
    near = distance < 1.0
    return (ours - true[nearest])[near], (magnitude[clean] - stars[band].to_numpy()[nearest])[near]


def test_the_scan_is_tied_together_and_to_the_reference_stars(reduced):
    _, solution, _ = reduced
    assert solution.note == ""
    assert np.median(solution.relative_error) < 0.03
    assert all(rms < 0.06 for rms in solution.rms.values())


def test_stars_come_out_where_and_as_bright_as_they_are(night, reduced):
    root, _ = night
    scan, solution, paths = reduced
    points = extract_field(first_field(paths)).points
    reference = survey().astrometry.reference_error / np.sqrt(len(solution.reference_residuals))
    for band, faintest in zip(LETTERS, (14.0, 13.3, 12.8)):
        offset, difference = against_truth(root, scan.sequence.tile, points, band, faintest)
        assert len(difference) > 40
        width = 0.7413 * np.subtract(*np.percentile(offset, [75, 25], axis=0))
        assert (width < 0.06).all()
        assert (np.abs(np.median(offset, axis=0)) < 3 * reference + 0.02).all()
        # S/N above 30 and two stars in the noise of one another's sky; the zero point of the night is not known here.
        assert 0.7413 * np.subtract(*np.percentile(difference, [75, 25])) < 0.035
        assert abs(np.median(difference)) < 0.3


def test_every_band_has_the_same_images(reduced):
    _, _, paths = reduced
    names = {band: {path.stem[2:] for path in paths if path.name[0] == band} for band in LETTERS}
    assert names["j"] == names["h"] == names["k"] and names["j"]
