"""Frame positions of scans whose truth is known; the truth comes from the formulas of the raw format alone."""

import numpy as np
import pytest
from astropy.wcs import WCS

from processing.astrometry.camera import Camera, nominal_camera
from processing.astrometry.match import linked, voted_shift
from processing.astrometry.plane import basis, from_plane, moved, to_plane
from processing.astrometry.solve import solve_scan
from processing.astrometry.stars import find_stars
from processing.astrometry.tests import made_up_scan as made
from processing.sphere import separation, unit_vectors

REFERENCE_ERROR = 0.06


def found_in(scan, spoil=None):
    out = {}
    for band, image in scan.images.items():
        flaws = np.zeros(image.shape, np.uint8)
        if spoil:
            image = image.copy()
            spoil(image, flaws)
        out[band] = find_stars(image, flaws)
    return out


def references(scan, n, seed=5):
    rng, rows = np.random.default_rng(seed), np.argsort(-scan.flux)[:n]
    east, north = REFERENCE_ERROR / 3600 * rng.standard_normal((2, n))
    return scan.ra[rows] + east / np.cos(np.radians(scan.dec[rows])), scan.dec[rows] + north


def errors(scan, solution, band):
    """Found minus true place of points all over each frame, arcsec: (frames, points, 2)."""
    x, y = (grid.ravel() for grid in np.meshgrid(np.linspace(5, 250, 8), np.linspace(5, 250, 8)))
    frame = np.arange(len(scan.pointing[0]))[:, None]
    ra, dec = solution.sky(band, frame, x, y)
    truth = [scan.pixel(band, k, ra[k], dec[k]) for k in range(len(ra))]
    return np.array([np.stack([tx - x, ty - y], axis=-1) for tx, ty in truth]) * 2.0


@pytest.fixture(scope="module")
def scan():
    return made.scan(n=40, stars=600)


@pytest.fixture(scope="module")
def found(scan):
    return found_in(scan)


@pytest.fixture(scope="module")
def solution(scan, found):
    return solve_scan(found, scan.reported, references(scan, 20))


def test_centroids_are_as_good_as_the_noise_allows(scan, found):
    one = found["k"]
    pulls = []
    for frame in range(5, 30):
        x, y = scan.pixel("k", frame, scan.ra, scan.dec)
        for k in np.flatnonzero((one.frame == frame) & (one.snr < 60)):
            distance = np.sort(np.hypot(x - one.x[k], y - one.y[k]))
            if distance[0] < 1 and distance[1] > 10:
                nearest = np.argmin(np.hypot(x - one.x[k], y - one.y[k]))
                pulls += [(one.x[k] - x[nearest]) / one.x_error[k], (one.y[k] - y[nearest]) / one.y_error[k]]
    assert len(pulls) > 200
    assert 0.85 < 1.4826 * np.median(np.abs(pulls)) < 1.2


def test_bright_centroids_do_not_depend_on_the_phase_in_the_pixel():
    rng = np.random.default_rng(3)
    image, x, y = np.zeros((1, 256, 256)), [], []
    for row in range(12, 250, 16):
        for column in range(12, 250, 16):
            x.append(column + rng.uniform(-0.5, 0.5)), y.append(row + rng.uniform(-0.5, 0.5))
            made.add_star(image[0], x[-1], y[-1], 50000.0)
    image += rng.normal(0, 10, image.shape)
    stars = find_stars(image.astype(np.float32), np.zeros(image.shape, np.uint8))
    assert len(stars) >= 120
    nearest = np.argmin(np.hypot(stars.x[:, None] - x, stars.y[:, None] - y), axis=1)
    error = np.stack([stars.x - np.array(x)[nearest], stars.y - np.array(y)[nearest]])
    assert np.abs(error).max() < 0.015


def test_flawed_pixels_give_no_stars():
    image, flaws = np.zeros((1, 256, 256)), np.zeros((1, 256, 256), np.uint8)
    made.add_star(image[0], 100.2, 80.3, 8000.0)
    made.add_star(image[0], 40.2, 80.3, 8000.0)
    image += np.random.default_rng(1).normal(0, 10, image.shape)
    flaws[0, 80, 100] = 1
    stars = find_stars(image.astype(np.float32), flaws)
    assert len(stars) == 1 and stars.x[0] == pytest.approx(40.2, abs=0.03)


def test_plane_is_the_gnomonic_projection_of_astropy():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.cdelt = ["RA---TAN", "DEC--TAN"], [12.0, -71.0], [1 / 3600, 1 / 3600]
    ra, dec = np.array([12.1, 11.8]), np.array([-71.05, -70.96])
    ours, theirs = to_plane(basis(12.0, -71.0), unit_vectors(ra, dec)), wcs.wcs_world2pix(ra, dec, 0)
    assert np.allclose(ours, np.array(theirs) + 1, atol=1e-5)
    assert np.allclose(from_plane(basis(12.0, -71.0), *ours), unit_vectors(ra, dec), atol=1e-12)


def test_moved_shifts_by_arcsec():
    ra, dec = moved(np.array([359.9999]), np.array([60.0]), 3.0, 4.0)
    assert separation(359.9999, 60.0, ra[0], dec[0]) == pytest.approx(5.0, abs=1e-4)
    assert 0 <= ra[0] < 1


def test_camera_inverts_itself():
    coefficients = nominal_camera().coefficients + np.random.default_rng(1).normal(0, 0.1, (2, 10))
    camera, x, y = Camera(coefficients), np.array([0.0, 255.0, 31.0]), np.array([255.0, 0.0, 200.0])
    assert np.allclose(camera.pixel(*camera.plane(x, y)), (x, y), atol=1e-6)


def test_vote_finds_the_shift_among_wrong_pairs():
    rng = np.random.default_rng(2)
    xi, eta = rng.uniform(-12, 12, (2, 400))
    xi[:40], eta[:40] = rng.normal(5.3, 0.3, 40), rng.normal(-2.1, 0.3, 40)
    shift = voted_shift(xi, eta, 12.0)
    assert shift[:2] == pytest.approx((5.3, -2.1), abs=0.3)
    assert voted_shift(*rng.uniform(-12, 12, (2, 400)), 12.0)[2] == 0


def test_a_star_twice_in_one_image_is_not_used():
    ra = 10 + np.array([0, 0.2, 0.1, 50, 50.1]) / 3600
    star = linked(unit_vectors(ra, np.zeros(5)), np.array([0, 0, 1, 0, 1]), 1.0)
    assert list(star[:3]) == [-1, -1, -1] and star[3] == star[4] >= 0


def test_frames_lie_where_they_should(scan, solution):
    assert solution.note == "" and len(solution.reference_residuals) >= 17
    every = np.array([errors(scan, solution, band) for band in "jhk"])
    whole = every.mean(axis=(0, 1, 2))
    assert np.abs(whole).max() < 3 * REFERENCE_ERROR / np.sqrt(20)
    # Ten milliarcseconds of error in the frames, apart from what the reference stars leave to the scan as a whole.
    frames = every.mean(axis=(0, 2)) - whole
    t = np.arange(40) - 19.5
    frames -= np.outer(t, t @ frames / (t @ t))
    assert frames.std(axis=0).max() < 0.010
    assert (every - every.mean(axis=2, keepdims=True)).std() < 0.010


def test_bands_agree_to_a_milliarcsecond_or_two(scan, solution):
    means = np.array([errors(scan, solution, band).mean(axis=(0, 1)) for band in "jhk"])
    assert np.abs(means - means.mean(axis=0)).max() < 0.003


def test_stated_errors_are_the_errors(scan, solution):
    frames = errors(scan, solution, "j").mean(axis=1)
    assert 0.3 < np.sqrt(((frames / solution.error) ** 2).mean()) < 2
    assert solution.relative_error.max() < 0.03
    assert all(0.01 < rms < 0.1 for rms in solution.rms.values())


def test_pixel_is_the_inverse_of_sky(solution):
    x, y = np.array([3.0, 250.0, 128.0]), np.array([250.0, 9.0, 64.0])
    assert np.allclose(solution.pixel("h", 7, *solution.sky("h", 7, x, y)), (x, y), atol=1e-6)


def test_camera_is_the_true_one(solution):
    for band, (_, _, turn, scale, _) in made.CAMERAS.items():
        camera = solution.camera(band)
        assert camera.scale == pytest.approx(scale, rel=1e-4)
        assert np.radians(camera.rotation) == pytest.approx(turn, abs=1e-4)


def test_wrong_references_and_cosmic_rays_do_no_harm(scan, solution):
    ra, dec = references(scan, 20)
    ra[::5] += 1.5 / 3600
    rng = np.random.default_rng(8)

    def hits(image, flaws):
        for frame in image:
            frame[rng.integers(0, 256, 12), rng.integers(0, 256, 12)] += rng.uniform(200, 5000, 12)

    spoilt = solve_scan(found_in(scan, hits), scan.reported, (ra, dec))
    assert spoilt.note == ""
    assert np.abs(errors(scan, spoilt, "j") - errors(scan, solution, "j")).mean() < 0.03


def test_a_lost_frame_is_where_the_telescope_and_its_neighbours_say(scan):
    def lose(image, flaws):
        flaws[17] = 1

    lost = solve_scan(found_in(scan, lose), scan.reported, references(scan, 20))
    frames = np.abs(errors(scan, lost, "j").mean(axis=1))
    assert frames[17].max() < 2.0 and lost.error[17].min() > 0.2
    assert np.delete(frames, 17, axis=0).max() < 0.08


def test_empty_sky_says_so_and_keeps_the_reported_pointing():
    empty = made.scan(n=12, stars=0, bands="j")
    solution = solve_scan(found_in(empty), empty.reported, (np.array([123.0]), np.array([30.1])))
    assert "0 stars in common" in solution.note
    assert np.allclose(solution.pointing, empty.reported) and solution.error.min() >= 5


@pytest.mark.parametrize("count", [0, 2])
def test_too_few_references_are_said_and_frames_fit_each_other(scan, found, count):
    ra, dec = references(scan, count) if count else (np.zeros(0), np.zeros(0))
    alone = solve_scan(found, scan.reported, (ra, dec))
    assert "reference stars" in alone.note and alone.error.min() > 3
    frames = errors(scan, alone, "j").mean(axis=1)
    assert np.abs(np.diff(frames, axis=0)).max() < 0.15


@pytest.mark.parametrize("place", [(359.97, -5.0), (200.0, 84.0)])
def test_one_band_across_the_zero_hour_and_near_the_pole(place):
    scan = made.scan(n=16, stars=250, place=place, bands="h", seed=4)
    solution = solve_scan(found_in(scan), scan.reported, references(scan, 15))
    wrong = errors(scan, solution, "h")
    assert solution.note == "" and np.abs(wrong.mean(axis=(0, 1))).max() < 3 * REFERENCE_ERROR / np.sqrt(15)
    assert wrong.std(axis=(0, 1)).max() < 0.04
