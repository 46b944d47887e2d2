"""A small raw night through frames, astrometry and atlas, its images through photometry: the known sky comes out."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from processing.config import survey
from processing.extract import extract_field
from processing.formats.atlas_field import read_field
from processing.schema import BANDS
from processing.simulate.truth import Truth

LETTERS = [band.letter for band in BANDS]


@pytest.fixture(scope="module")
def atlas(scan_folders):
    """Paths of the Atlas Images of the first scan."""
    return sorted(scan_folders[0].glob("atlas/*.fits"))


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


def test_the_scan_is_tied_together_and_to_the_reference_stars(solved_scans):
    for found in solved_scans:
        assert found.solution.note == ""
        assert np.median(found.solution.relative_error) < 0.03
        assert all(rms < 0.06 for rms in found.solution.rms.values())


def test_stars_come_out_where_and_as_bright_as_they_are(raw_night, solved_scans, atlas):
    scan, solution = solved_scans[0].scan, solved_scans[0].solution
    points = extract_field(first_field(atlas)).points
    reference = survey().astrometry.reference_error / np.sqrt(len(solution.reference_residuals))
    for band, faintest in zip(LETTERS, (14.0, 13.3, 12.8)):
        offset, difference = against_truth(raw_night.root, scan.sequence.tile, points, band, faintest)
        assert len(difference) > 40
        width = 0.7413 * np.subtract(*np.percentile(offset, [75, 25], axis=0))
        assert (width < 0.06).all()
        assert (np.abs(np.median(offset, axis=0)) < 3 * reference + 0.02).all()
        # S/N above 30 and two stars in the noise of one another's sky; light beyond the curve of growth counts.
        assert 0.7413 * np.subtract(*np.percentile(difference, [75, 25])) < 0.035
        assert abs(np.median(difference)) < 0.3


def test_every_band_has_the_same_images(atlas):
    names = {band: {path.stem[2:] for path in atlas if path.name[0] == band} for band in LETTERS}
    assert names["j"] == names["h"] == names["k"] and names["j"]
