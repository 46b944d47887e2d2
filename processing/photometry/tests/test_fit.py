"""The simultaneous fit and its errors on images of exact models: white noise, known PSF."""

import numpy as np
import pytest

from processing.photometry.aperture import annulus_medians, aperture_noise, aperture_sums
from processing.photometry.errors import blend_numbers, covariances, reduced_chi2
from processing.photometry.fit import Stars, fit_stars, model_image, normal_matrix
from processing.photometry.kernels import derivatives, project
from processing.photometry.psf import first_psf
from processing.photometry.spline_psf import evaluate

PSF, SHAPE, NOISE = first_psf(3.1), (120, 120), 0.5


def crowd(n=60, seed=1):
    """``n`` stars in random places of an image, many blended: Stars."""
    rng = np.random.default_rng(seed)
    return Stars(rng.uniform(10, 110, n), rng.uniform(10, 110, n), rng.uniform(300, 3000, n))


def image_of(stars):
    return model_image(SHAPE, stars, PSF, faintest=1e-4)


def moved(stars, step=0.2, seed=2):
    rng = np.random.default_rng(seed)
    dx, dy = rng.normal(0, step, (2, len(stars)))
    return Stars(stars.x + dx, stars.y + dy, stars.flux * rng.uniform(0.7, 1.3, len(stars)))


def test_exact_image_is_fitted_exactly():
    """60 stars on 100 x 100 pixels, a third of them within a FWHM of another."""
    stars = Stars(*(np.delete(v, _too_close(crowd())) for v in (crowd().x, crowd().y, crowd().flux)))
    found = fit_stars(image_of(stars), np.full(SHAPE, 4.0), moved(stars), PSF, radius=7, steps=15)
    assert np.hypot(found.x - stars.x, found.y - stars.y).max() < 0.01
    assert found.flux == pytest.approx(stars.flux, rel=0.01)


def _too_close(stars, least=2.0):
    distance = np.hypot(*(np.subtract.outer(v, v) for v in (stars.x, stars.y)))
    return np.unique(np.nonzero(np.triu(distance < least, 1))[1])


def test_sparse_normal_matrix_is_the_dense_one():
    stars, weight = crowd(12, seed=4), np.random.default_rng(5).uniform(0.5, 2, SHAPE)
    stamps, corner = derivatives(stars.x, stars.y, stars.flux, 5, PSF.coefficients, PSF.radius)
    columns = np.zeros((*SHAPE, len(stars), 3))
    for s, (x, y) in enumerate(corner):
        for k in range(3):
            columns[y:y + 11, x:x + 11, s, k] = stamps[s, k]
    design = columns.reshape(-1, 3 * len(stars))
    dense = design.T @ (weight.ravel()[:, None] * design)
    prior = np.array([0.0, 2.0, 2.0])
    matrix = normal_matrix(weight, stamps, corner, prior).toarray()
    scale = np.sqrt(np.outer(dense.diagonal(), dense.diagonal()))
    assert np.abs(matrix - dense - np.diag(np.tile(prior, len(stars)))).max() < 1e-4 * scale.max()
    assert np.abs((matrix - dense - np.diag(np.tile(prior, len(stars)))) / scale).max() < 1e-4
    image = np.random.default_rng(6).normal(size=SHAPE)
    assert project(image, stamps, corner).ravel() == pytest.approx(design.T @ image.ravel())


def trials(weight, count=300):
    """Fluxes and places of a blend of two (2.5 pixels apart) in fresh white noise each time: (count, 2, 3)."""
    pair = Stars(np.array([50.0, 52.5]), np.array([50.2, 50.6]), np.array([800.0, 500.0]))
    clean, rng, out = image_of(pair), np.random.default_rng(7), []
    for _ in range(count):
        found = fit_stars(clean + rng.normal(0, NOISE, SHAPE), weight, pair, PSF, radius=5, steps=5)
        out.append(np.column_stack([found.flux, found.x, found.y]))
    return pair, np.array(out)


def test_errors_of_a_blend_are_its_scatter():
    weight = np.full(SHAPE, NOISE**-2)
    pair, found = trials(weight)
    expected = np.sqrt(np.diagonal(covariances(weight, np.full(SHAPE, NOISE**2), pair, PSF, 5), axis1=1, axis2=2))
    assert found.std(axis=0) == pytest.approx(expected, rel=4 / np.sqrt(2 * len(found)))
    assert np.abs(found.mean(axis=0)[:, 0] - pair.flux).max() < 4 * expected[:, 0].max() / np.sqrt(len(found)) + 2


def test_errors_of_a_fit_with_other_weights_than_the_noise_are_its_scatter():
    """Weights that fall tenfold in the core, as the fear of PSF errors makes them."""
    pair = trials(np.ones(SHAPE), 1)[0]
    weight = 1 / (NOISE**2 + (0.05 * image_of(pair)) ** 2)
    found = trials(weight)[1]
    variance = np.full(SHAPE, NOISE**2)
    expected, naive = (np.sqrt(np.diagonal(covariances(w, v, pair, PSF, 5), axis1=1, axis2=2))
                       for w, v in ((weight, variance), (weight, 1 / weight)))
    assert found.std(axis=0) == pytest.approx(expected, rel=4 / np.sqrt(2 * len(found)))
    assert (naive > 1.2 * expected).all()


def test_star_that_no_pixel_sees_has_no_error():
    weight = np.full(SHAPE, 4.0)
    weight[40:60, 40:60] = 0
    stars = Stars(np.array([50.0, 90.0]), np.array([50.0, 90.0]), np.array([100.0, 100.0]))
    errors = covariances(weight, np.full(SHAPE, 0.25), stars, PSF, 5)[:, 0, 0]
    assert np.isinf(errors[0]) and np.isfinite(errors[1])


def test_fitted_position_is_held_where_the_prior_says():
    """A start 2 pixels off a faint star: free, the fit gets there; held at 0.05 pixel, it stays."""
    star, start = Stars(*np.array([[50.0], [50.0], [400.0]])), Stars(*np.array([[51.5], [50.0], [400.0]]))
    free, held = (fit_stars(image_of(star), np.full(SHAPE, 4.0), start, PSF, steps=12, hold=h) for h in (None, 0.001))
    assert free.x[0] == pytest.approx(50.0, abs=0.05) and held.x[0] == pytest.approx(51.5, abs=0.2)


def test_chi_square_of_white_noise_is_one():
    rng = np.random.default_rng(8)
    x, y = (v.ravel() for v in np.mgrid[10:110:12, 10:110:12].astype(float))
    out = [reduced_chi2(rng.normal(0, 2, SHAPE), np.full(SHAPE, 0.25), x, y, 4.0, 0.0).mean() for _ in range(20)]
    assert np.mean(out) == pytest.approx(1.0, abs=5 * np.sqrt(2 / (20 * len(x) * 49)))


def test_chi_square_without_pixels_is_nothing():
    assert np.isnan(reduced_chi2(np.ones(SHAPE), np.zeros(SHAPE), np.array([50.0]), np.array([50.0]), 4.0, 0.0)).all()


def test_blend_counts_the_star_itself():
    stars = Stars(np.array([10.0, 13.0, 60.0]), np.array([10.0, 10.0, 60.0]), np.ones(3))
    assert list(blend_numbers(stars)) == [2, 2, 1] and len(blend_numbers(stars.select([]))) == 0


def test_aperture_is_a_circle():
    """Ones: the area, to the 25 points a pixel on the rim; a circle over the edge or a bad pixel is nothing."""
    good = np.ones((40, 40), bool)
    good[30, 30] = False
    x, y = np.array([15.3, 30.0, 2.0]), np.array([14.8, 28.0, 20.0])
    sums, areas = aperture_sums(np.ones((40, 40)), good, x, y, 4.0)
    assert sums[0] == areas[0] == pytest.approx(16 * np.pi, rel=0.01) and np.isnan(sums[1:]).all()


def test_annulus_is_the_median_of_the_good():
    image, good = np.full((60, 60), 3.0), np.ones((60, 60), bool)
    image[:, 45:], good[:, 45:] = 1e6, False
    medians, counts = annulus_medians(image, good, np.array([30.0]), np.array([30.0]), 14.0, 20.0)
    assert medians[0] == 3.0 and 0.8 < counts[0] / (np.pi * (400 - 196)) < 1.0


def test_aperture_noise_has_photons_and_sky():
    """VI.8a: 10,000 DN at 60 electrons a DN give 12.9 DN; 50 pixels of 0.5 DN with k = 3.3 and much sky 11.7 DN."""
    assert aperture_noise(1e4, 50.0, 1e9, 0.0, 60.0, 3.3) == pytest.approx(np.sqrt(1e4 / 60))
    assert aperture_noise(-5.0, 50.0, 1e9, 0.5, 60.0, 3.3) == pytest.approx(3.3 * 0.5 * np.sqrt(50))


def test_model_is_the_profile_times_the_flux():
    out = np.empty((3, 29, 29))
    evaluate(PSF.coefficients, PSF.radius, 0.2, -0.3, 14, out)
    star = Stars(np.array([60.2]), np.array([59.7]), np.array([1e7]))
    assert model_image(SHAPE, star, PSF)[46:75, 46:75] == pytest.approx(1e7 * out[0])
