"""Detection on the average of the frames: noise is noise, stars are found with their flux, blends in what is left."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from processing.photometry.fit import Stars
from processing.photometry.scan.detection import (
    coadd_psf, crowding, distance_to, first_peaks, more_peaks, significance, strip_of, whitened,
)  # fmt: skip
from processing.photometry.scan.errors import covariances
from processing.photometry.scan.fit import fitted
from processing.photometry.scan.tests import synthetic

PSF = synthetic.exact_psf()


def strip(scan, images=None):
    images = scan.images if images is None else images
    return strip_of(images, scan.usable, scan.noise, scan.solution, synthetic.BAND, scan.grid)


@pytest.fixture(scope="module")
def empty():
    """The strip of frames of noise alone."""
    return strip(synthetic.scan([250.0], [700.0], 0.0))


@pytest.fixture(scope="module")
def starry():
    """900 isolated stars of S/N 8 to 700, the strip of their frames with noise."""
    x, y = synthetic.lattice()
    scan = synthetic.scan(x, y, synthetic.fluxes(len(x), 60, 5e3))
    return scan, strip(scan)


def test_the_significance_of_noise_has_unit_scatter_at_any_depth(empty):
    """The pixels of an average of 1 to 7 frames are correlated by resampling. Of 35,000 pixels or more, 16 to an
    independent one, the scatter is known to 1.5%; the noise model of real images is that of another camera: 2%."""
    found = significance(empty.data, empty.noise, whitened(coadd_psf(PSF)))
    for depth in range(1, 8):
        here = found.sigma[empty.coverage == depth]
        assert len(here) > 30_000 and np.std(here) == pytest.approx(1, abs=0.05)
    assert found.sigma[empty.coverage == 0].max() == 0


def test_noise_has_no_peaks(empty):
    """800,000 pixels are 50,000 places: 0.2 peaks above 4.5 sigma; above 3 sigma some 70, if the noise is Gaussian."""
    assert len(first_peaks(empty, PSF, 4.5)) <= 2
    assert 30 < len(first_peaks(empty, PSF, 3.0)) < 600


def test_pixels_that_are_not_usable_leave_no_trace(starry):
    """They hold 30,000 DN."""
    scan, field = starry
    other = replace(scan, images=np.where(scan.usable, scan.images, np.float32(-77)))
    assert np.array_equal(strip(other).data, field.data, equal_nan=True)
    assert np.nanmax(field.data) < 1000


def test_the_psf_of_the_strip_is_what_stars_are_there():
    """Against 900 stars, each in the middle of a pixel of the strip, on frames at all phases."""
    x, y = (np.rint(a) for a in synthetic.lattice())
    image = strip(synthetic.scan(x, y, 1.0, noisy=False, bad=0.0)).data
    rows, columns = (a.astype(int)[:, None] + np.arange(-6, 7) for a in (y, x))
    mean = image[rows[:, :, None], columns[:, None, :]].mean(axis=0)
    assert np.abs(mean - coadd_psf(PSF)).max() < 0.01 * mean.max()
    assert coadd_psf(PSF).sum() == pytest.approx(mean.sum(), abs=0.002)


def test_stars_above_seven_sigma_are_found_where_they_are_and_as_bright(starry):
    """Peaks are at whole pixels: a star between four of them loses 4%. Places within 0.3 arcsec and the noise."""
    scan, field = starry
    found = first_peaks(field, PSF, 4.5)
    snr = scan.flux / np.sqrt(covariances(synthetic.model(scan))[:, 0, 0])
    distance, index = cKDTree(np.column_stack([found.x, found.y])).query(np.column_stack([scan.x, scan.y]))
    assert (distance[snr > 8.5] < 1.5).all() and (snr > 8.5).sum() > 800
    assert distance[snr > 50].max() < 0.45
    some = (snr > 10) & (snr < 30)
    ratio = found.flux[index[some]] / scan.flux[some]
    assert some.sum() > 150 and np.median(ratio) == pytest.approx(0.98, abs=0.03)


def test_significance_is_the_signal_to_noise_of_the_best_fit(starry):
    """Of stars of S/N 10 to 30: the average has lost some sharpness, at most a tenth, and gained none."""
    scan, field = starry
    snr = scan.flux / np.sqrt(covariances(synthetic.model(scan))[:, 0, 0])
    found = significance(field.data, field.noise, whitened(coadd_psf(PSF)))
    peak = found.sigma[np.rint(scan.y).astype(int), np.rint(scan.x).astype(int)]
    some = (snr > 10) & (snr < 30)
    assert some.sum() > 100 and 0.88 < np.median(peak[some] / snr[some]) < 1.02


def test_nothing_is_found_far_from_stars(starry):
    scan, field = starry
    found = first_peaks(field, PSF, 4.5)
    distance, _ = cKDTree(np.column_stack([scan.x, scan.y])).query(np.column_stack([found.x, found.y]))
    assert (distance > 9).sum() <= 2


@pytest.fixture(scope="module")
def doubles():
    """Stars of S/N 130 and more; every other one has a neighbour of an eighth to a quarter of its flux 4 arcsec away.
    In the list of stars, the neighbours are the last ones; the model has only the others, fitted."""
    x, y = synthetic.lattice()
    flux = synthetic.fluxes(len(x), 1000, 4000)
    angle = np.random.default_rng(5).uniform(0, 2 * np.pi, len(x))[::2]
    near = x[::2] + 4.0 * np.cos(angle), y[::2] + 4.0 * np.sin(angle), flux[::2] * np.random.default_rng(6).uniform(
        0.125, 0.25, len(angle))  # fmt: skip
    scan = synthetic.scan(*(np.r_[a, b] for a, b in zip((x, y, flux), near)))
    return scan, fitted(synthetic.model(scan, Stars(x, y, flux)), 4)


def blends(scan, model, share=0.05):
    """The peaks above 5 sigma in what a model leaves."""
    crowd = crowding(model.stars, PSF, scan.grid.shape)
    return more_peaks(strip(scan, model.residual), crowd, PSF, 5.0, share, model.stars)


def test_faint_neighbours_are_found_in_what_the_fit_leaves(doubles):
    scan, model = doubles
    found, first = blends(scan, model), len(model.stars)
    distance, _ = cKDTree(np.column_stack([found.x, found.y])).query(np.column_stack([scan.x, scan.y])[first:])
    assert (distance < 1.5).mean() > 0.97


def test_nothing_is_found_beside_stars_that_are_single(doubles):
    scan, model = doubles
    single = np.arange(len(model.stars)) % 2 == 1
    found = blends(scan, model)
    stars = cKDTree(np.column_stack([scan.x, scan.y])[:len(single)])
    distance, index = stars.query(np.column_stack([found.x, found.y]))
    assert (single[index] & (distance < 10)).sum() <= 2


def test_errors_of_the_psf_are_no_neighbours():
    """With a PSF 3% too narrow stars of S/N 500 leave rings: peaks, were it not for the share of their light. Further
    out the filtered light of the star is none, and such a rule no help. An error by 1% does nothing."""
    x, y = synthetic.lattice(48.0)
    scan = synthetic.scan(x, y, 5e3)
    psfs = (synthetic.exact_psf(sigma=share * synthetic.SIGMA) for share in (0.99, 0.97))
    good, poor = (fitted(synthetic.model(scan, psf=psf), 3) for psf in psfs)
    rings, rest = (distance_to(scan.stars, blends(scan, poor, share)) < 2.85 for share in (0.0, 0.05))
    assert rings.sum() > 0.2 * len(x) and rest.sum() <= 2
    assert len(blends(scan, good)) <= 2


def test_a_known_star_is_not_found_again():
    """Were its flux forgotten: the residual has all of it."""
    scan = synthetic.scan([250.0], [700.0], 1000.0)
    model = synthetic.model(scan, replace(scan.stars, flux=np.zeros(1)))
    here = blends(scan, model)
    elsewhere = blends(scan, synthetic.model(scan, Stars(np.array([250.0]), np.array([720.0]), np.zeros(1))))
    assert not (distance_to(scan.stars, here) < 1).any() and (distance_to(scan.stars, elsewhere) < 1).sum() == 1


def test_distances_are_to_the_nearest_star():
    stars = Stars(*np.array([[0.0, 10.0], [0.0, 0.0], [1.0, 1.0]]))
    others = Stars(*np.array([[4.0, 9.0], [3.0, 0.0], [1.0, 1.0]]))
    assert distance_to(stars, others).tolist() == [5.0, 1.0]
    nobody = Stars(*np.zeros((3, 0)))
    assert distance_to(nobody, others).tolist() == [np.inf, np.inf] and len(distance_to(stars, nobody)) == 0
