"""Atlas Images of skies that are known."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from processing.atlas.coadd import coadd
from processing.atlas.frames import UNUSABLE, usable_frames
from processing.atlas.grid import scan_grids
from processing.atlas.header import scan_view, shape_parameter
from processing.atlas.resample import mean_square_weight, side_weight
from processing.atlas.tests.known_scan import MADE, noise_frames, star_frames, straight, true_solution
from processing.atlas.write import write_atlas
from processing.config import survey
from processing.formats.atlas_image import read_atlas_image
from processing.formats.raw_night import Sequence
from processing.frames.masks import Flaw
from processing.simulate.coadd import kernel

FRAMES = 14
POINTING = straight(FRAMES)
SOLUTION = true_solution(POINTING)
GRID = scan_grids(SOLUTION)[0]
SEQUENCE = Sequence(7, "sci", "308049", "n", "1998-04-27T03:00:00.000", 123.0, 30.0, 1.2, FRAMES)


def lattice(margin=45, spacing=61):
    """Places (deg) of stars far from each other, at all phases in the pixel, and their pixels on the grid."""
    y, x = np.mgrid[margin : GRID.shape[0] - margin : spacing, margin : GRID.shape[1] - margin : spacing]
    rng = np.random.default_rng(2)
    x, y = (axis.ravel() + rng.uniform(-0.5, 0.5, axis.size) for axis in (x, y))
    return *GRID.wcs.wcs_pix2world(x, y, 0), x, y


def ready(image, flaws=None, solution=SOLUTION, band="j"):
    return usable_frames(image, np.zeros(image.shape, np.uint8) if flaws is None else flaws, solution, band)


def apertures(data, x, y, radius=14.0):
    """Flux and centroid around each place; no sky is taken off."""
    rows, columns = np.indices(data.shape)
    out = []
    for a, b in zip(x, y):
        j, i = int(b), int(a)
        cut = np.s_[j - 16 : j + 17, i - 16 : i + 17]
        light = np.where(np.hypot(columns[cut] - a, rows[cut] - b) < radius, data[cut], 0)
        out.append([light.sum(), (light * columns[cut]).sum() / light.sum(), (light * rows[cut]).sum() / light.sum()])
    return np.array(out).T


@pytest.fixture(scope="module")
def stars():
    """Image of bright stars without noise."""
    ra, dec, x, y = lattice()
    frames = ready(star_frames(POINTING, ra, dec, np.full(len(x), 20000.0)) + noise_frames(FRAMES, 0.5))
    return frames, coadd(frames, SOLUTION, "j", GRID, sky=0.0), x, y


def test_kernel_is_that_of_the_simulated_coadds():
    settings = survey().simulate
    half = np.float32(0.5 * settings.kernel_box / settings.frame_pixel)
    for t in np.linspace(-0.5, 0.5, 21):
        expected = kernel((1 + t) * 2.0, settings.frame_pixel, settings.kernel_box)
        assert side_weight(np.float32(1 + t), half) == pytest.approx(expected, abs=1e-6)
    t = np.linspace(-0.4995, 0.4995, 1000)
    centre, left, right = ([kernel((k + x) * 1.0, 1.0, 0.8) for x in t] for k in (0, 1, -1))
    expected = np.mean(np.square(centre) + np.square(left) + np.square(right))
    assert mean_square_weight(0.4) == pytest.approx(expected, rel=1e-4)


def test_stars_keep_their_flux_and_place(stars):
    frames, field, x, y = stars
    flux, cx, cy = apertures(field.data, x, y)
    inside = 0.99962    # of the light of the made-up PSF, smoothed by the kernel, within 14 arcsec
    assert len(flux) > 50
    assert np.median(flux) / 20000 == pytest.approx(inside, abs=0.002)
    assert (flux / np.median(flux) - 1).std() < 0.002
    assert np.abs(cx - x).max() < 0.02 and np.abs(cy - y).max() < 0.02
    assert abs((cx - x).mean()) < 0.003 and abs((cy - y).mean()) < 0.003


def test_stars_are_no_transients(stars):
    assert stars[0].rejected.sum() == 0


def test_cosmic_rays_go_and_stars_stay():
    ra, dec, x, y = lattice()
    clean = star_frames(POINTING, ra, dec, np.full(len(x), 5000.0)) + noise_frames(FRAMES)
    rng, hit = np.random.default_rng(9), np.zeros(clean.shape, bool)
    hit[np.arange(FRAMES).repeat(60), rng.integers(2, 254, 60 * FRAMES), rng.integers(2, 254, 60 * FRAMES)] = True
    hit &= clean < 30
    spoilt = clean + np.where(hit, rng.uniform(150, 5000, clean.shape), 0).astype(np.float32)
    frames, without = ready(spoilt), ready(clean)
    found = ~np.isfinite(frames.image)
    judged = np.s_[3:-3]    # what lies at the ends of a scan has no two other frames
    assert found[judged][hit[judged]].mean() > 0.99
    assert found[~hit].mean() < 1e-4 and without.rejected.sum() < 40
    image, truth = (coadd(f, SOLUTION, "j", GRID, sky=0.0) for f in (frames, without))
    assert np.nanpercentile(np.abs(image.data - truth.data), 99.9) < 3 * np.nanmedian(truth.noise)
    flux, expected = apertures(image.data, x, y)[0], apertures(truth.data, x, y)[0]
    assert np.abs(flux / expected - 1).max() < 0.01


def test_levels_of_frames_leave_no_seams():
    rng = np.random.default_rng(4)
    image = noise_frames(FRAMES, level=400.0)
    image += rng.normal(0, 30, FRAMES)[:, None, None].astype(np.float32)
    field = coadd(ready(image), SOLUTION, "j", GRID)
    rows = np.nanmedian(field.data[:, 60:450], axis=1)
    assert rows.std() < 3 * np.nanmedian(field.noise) * 3.3 / np.sqrt(390)
    assert np.median(rows) == pytest.approx(np.median(image) / 4 * 0.996, rel=0.06)
    assert np.nanmedian(coadd(ready(image), SOLUTION, "j", GRID, sky=92.0).data) == pytest.approx(92.0, abs=0.2)


def test_noise_map_is_the_scatter_and_its_correlation_the_survey_s():
    field = coadd(ready(noise_frames(FRAMES)), SOLUTION, "j", GRID)
    pull = (field.data - np.nanmedian(field.data)) / field.noise
    for depth in (3, 6, 7):
        assert np.nanstd(pull[field.coverage == depth]) == pytest.approx(1, abs=0.04 if depth > 5 else 0.1)
    middle = pull[60:450, 60:450]
    for axis in (0, 1):
        lagged = [(np.delete(middle, np.s_[:k], axis) * np.delete(middle, np.s_[middle.shape[axis] - k :], axis)).mean()
                  for k in range(4)]  # fmt: skip
        assert np.array(lagged) / lagged[0] == pytest.approx(survey().coadd.noise_correlation[:4], abs=0.03)


def test_noise_of_bright_stars_is_that_of_their_photons():
    ra, dec, x, y = lattice()
    light, rng, gain = star_frames(POINTING, ra, dec, np.full(len(x), 15000.0)), np.random.default_rng(6), 10.0
    noisy = [(rng.poisson(light * gain) / gain).astype(np.float32) + noise_frames(FRAMES, seed=k) for k in range(6)]
    images = [coadd(ready(image), SOLUTION, "j", GRID, sky=0.0) for image in noisy]
    data, noise = (np.array([getattr(image, name) for image in images]) for name in ("data", "noise"))
    bright = (data.mean(axis=0) > 800) & (images[0].coverage == 6)
    assert bright.sum() > 100
    ratio = data[:, bright].std(axis=0, ddof=1) / noise[0][bright]
    assert np.sqrt((ratio**2).mean()) == pytest.approx(1, abs=0.25)


def test_coverage_counts_the_frames_that_see_a_pixel():
    field = coadd(ready(noise_frames(FRAMES)), SOLUTION, "j", GRID)
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, GRID.shape[1], 400), rng.integers(0, GRID.shape[0], 400)
    ra, dec = GRID.wcs.wcs_pix2world(x, y, 0)
    places = [MADE.project(MADE.CAMERAS["j"], a, d, ra, dec) for a, d in zip(*POINTING)]
    edge = np.array([np.min([u, v, 255 - u, 255 - v], axis=0) for u, v in places])
    sure = (np.abs(edge - 0.5) > 0.1).all(axis=0)
    assert sure.mean() > 0.9
    assert np.array_equal(field.coverage[y, x][sure], (edge > 0.5).sum(axis=0)[sure])
    assert np.array_equal(np.isnan(field.data), field.coverage == 0)
    assert np.array_equal(np.isnan(field.noise), field.coverage == 0)


def test_bad_pixels_and_lost_frames_lower_the_coverage_only():
    image, flaws = noise_frames(FRAMES, level=50.0), np.zeros((FRAMES, 256, 256), np.uint8)
    image[:, 100, 90], flaws[:, 100, 90] = 9000, int(Flaw.HOT)
    image[5], flaws[5] = 1e4, int(Flaw.DEAD)
    flaws[:, 120, 120] = int(Flaw.SATURATED)
    field = coadd(ready(image, flaws), SOLUTION, "j", GRID)
    assert 5 not in field.frames
    assert np.nanmax(field.data) < 30 and not flaws[0, 120, 120] & int(UNUSABLE)


def test_a_scan_without_usable_frames_gives_nothing(tmp_path):
    flaws = np.full((FRAMES, 256, 256), int(Flaw.DEAD), np.uint8)
    field = coadd(ready(noise_frames(FRAMES), flaws), SOLUTION, "j", GRID)
    assert not np.isfinite(field.data).any() and not field.coverage.any()
    assert write_atlas(tmp_path, field, SOLUTION, None, magzp=20.9, shape_parameter=1.0) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("frames, heights", [(273, [1024] * 22 + [698]), (48, [1024] * 3 + [588]), (12, [531])])
@pytest.mark.parametrize("direction", [1, -1])
def test_images_of_a_scan_are_those_of_the_survey(frames, heights, direction):
    grids = scan_grids(true_solution(straight(frames, dec=10.0, direction=direction)))
    assert [grid.shape for grid in grids] == [(height, 512) for height in heights]
    numbers = np.diff([grid.number for grid in grids])
    assert (numbers > 0).all()
    for one, other in zip(grids, grids[1:]):
        low, high = (one, other) if direction > 0 else (other, one)
        top = low.centre[1] + low.shape[0] / 7200
        assert (top - high.centre[1] + high.shape[0] / 7200) * 3600 == pytest.approx(54, abs=1e-6)


def test_images_across_the_zero_hour_are_in_one_piece():
    pointing = (np.where(np.arange(FRAMES) % 2, 0.0001, 359.9999), straight(FRAMES, dec=-4.0)[1])
    grid = scan_grids(true_solution(pointing))[0]
    assert min(grid.centre[0], 360 - grid.centre[0]) < 0.01


def test_overlapping_images_agree():
    pointing = straight(24)
    solution = true_solution(pointing)
    frames = ready(noise_frames(24, level=80.0), solution=solution)
    low, high = (coadd(frames, solution, "j", grid) for grid in scan_grids(solution))
    one, other = low.data[-54:, 20:490], high.data[:54, 20:490]
    assert np.median(one - other) == pytest.approx(0, abs=0.15)
    assert np.nanstd(one - other) < 0.3 * np.nanmedian(low.noise)


def written(folder, field, solution=SOLUTION, pointing=POINTING):
    view = scan_view("980427n", SEQUENCE, 50930.12 + np.arange(len(pointing[0])) * 1.4855 / 86400, solution, field.grid)
    return write_atlas(folder, field, solution, view, magzp=20.9, shape_parameter=shape_parameter(0.5))


def test_written_image_is_an_atlas_image(tmp_path, stars):
    _, field, x, y = stars
    path = written(tmp_path, field)
    image = read_atlas_image(path)
    assert path.name == f"ji{field.grid.number:02d}.fits"
    assert (image.band, image.scan, image.direction, image.tile, image.hemis) == ("j", 7, "n", 308049, "n")
    assert image.date == "1998-04-27" and image.magzp == 20.9 and 2 < image.seeing < 4
    assert image.header["NUMFRMS"] == FRAMES and image.header["DYFS"] == pytest.approx(82.4, abs=0.01)
    assert 1 <= image.airmass < 40
    with fits.open(tmp_path / "maps" / path.name) as maps:
        assert np.array_equal(maps["COVERAGE"].data, field.coverage)
        assert np.array_equal(maps["NOISE"].data, field.noise, equal_nan=True)


def test_projection_of_the_header_finds_the_stars(tmp_path, stars):
    _, field, x, y = stars
    header = fits.getheader(written(tmp_path, field))
    ra, dec = WCS(header).wcs_pix2world(*apertures(field.data, x, y)[1:], 0)
    frame = FRAMES // 2
    expected = MADE.project(MADE.CAMERAS["j"], *(p[frame] for p in POINTING), *lattice()[:2])
    found = MADE.project(MADE.CAMERAS["j"], *(p[frame] for p in POINTING), ra, dec)
    assert np.abs(np.subtract(found, expected)).max() < 0.01


def test_extract_measures_the_right_magnitudes(tmp_path):
    from processing.extract import extract_field
    from processing.formats.atlas_field import read_field

    ra, dec, x, y = lattice()
    mag = np.random.default_rng(7).uniform(10.5, 13.5, len(x))
    light = star_frames(POINTING, ra, dec, 10 ** (0.4 * (20.9 - mag)))
    poisson = np.random.default_rng(8).poisson(light * 10) / 10
    field = coadd(ready((poisson + noise_frames(FRAMES, level=368.0)).astype(np.float32)), SOLUTION, "j", GRID)
    points = extract_field(read_field([written(tmp_path, field)])).points
    found = np.array([points["ra"].to_numpy(), points["dec"].to_numpy(), points["j_m"].to_numpy()])
    away = np.hypot((found[0][:, None] - ra) * np.cos(np.radians(30)), found[1][:, None] - dec) * 3600
    nearest = away.argmin(axis=0)
    assert (away.min(axis=0) < 0.3).mean() > 0.98
    difference = (found[2][nearest] - mag)[away.min(axis=0) < 0.3]
    # The flux is that in 7 arcsec: 0.6% of the made-up PSF and a kernel lie beyond.
    assert np.median(difference) == pytest.approx(0.006, abs=0.012)
    assert 1.4826 * np.median(np.abs(difference - np.median(difference))) < 0.02
