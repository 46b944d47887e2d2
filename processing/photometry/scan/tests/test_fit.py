"""Fits to all frames at once: fluxes and places come out with the errors that the noise allows."""

from dataclasses import replace

import numpy as np
import pytest

from processing.photometry.fit import Stars
from processing.photometry.scan.errors import covariances
from processing.photometry.scan.fit import close_pairs, fitted
from processing.photometry.scan.tests import synthetic


@pytest.fixture(scope="module")
def lone():
    """Isolated stars fitted from wrong places and fluxes."""
    x, y = synthetic.lattice()
    scan = synthetic.scan(x, y, synthetic.fluxes(len(x), 60, 5e3))
    return scan, fitted(synthetic.model(scan, synthetic.shifted(scan.stars)), 4)


@pytest.fixture(scope="module")
def pairs():
    """Pairs 1.5 FWHM apart in any direction, S/N 10 to 100, fitted from wrong places and fluxes: first halves of the
    lists are the one, second halves the other star."""
    x, y = synthetic.lattice()
    angle = np.random.default_rng(8).uniform(0, 2 * np.pi, len(x))
    apart = 1.5 * synthetic.FWHM * np.stack([np.cos(angle), np.sin(angle)])
    flux = synthetic.fluxes(2 * len(x), 100, 800)
    scan = synthetic.scan(np.r_[x, x + apart[0]], np.r_[y, y + apart[1]], flux)
    return scan, fitted(synthetic.model(scan, synthetic.shifted(scan.stars)), 5)


def pulls(scan, model):
    """Errors of flux, x and y of all stars in units of what covariances() says: (n, 3)."""
    sigma = np.sqrt(np.diagonal(covariances(model), axis1=1, axis2=2))
    s = model.stars
    return np.stack([s.flux - scan.flux, s.x - scan.x, s.y - scan.y], axis=1) / sigma


def test_errors_of_isolated_stars_are_those_quoted(lone):
    """900 stars: the scatter of a pull is known to 2.4%, its mean to 3.3%."""
    found = pulls(*lone)
    assert (np.abs(np.std(found, axis=0) - 1) < 4 * 0.024).all()
    assert (np.abs(found.mean(axis=0)) < 4 * 0.033).all()


def test_errors_are_those_of_known_pixels(lone):
    """The bound of Cramer and Rao for a lone star, summed over drawn stamps, pixels of sky and of the star's
    photons."""
    scan, model = lone
    sigma = np.sqrt(np.diagonal(covariances(model), axis1=1, axis2=2))
    for s in np.random.default_rng(3).integers(0, len(scan.x), 12):
        mine = model.places.star == s
        x, y, frame = (getattr(model.places, name)[mine] for name in ("x", "y", "frame"))
        if min(np.abs(a % 1 - 0.5).min() for a in (x, y)) < 2e-3:  # the differences of drawn stamps need one pixel
            continue
        expected = bound(x, y, frame, scan, model.stars.flux[s])
        assert sigma[s] == pytest.approx(expected, rel=0.03)


def bound(x, y, frame, scan, flux, h=1e-3):
    """Errors of flux (DN) and of the place along both axes (arcsec) of one star at pixels of frames."""
    shapes = [synthetic.gaussian(x + a, y + b) for a, b in ((0, 0), (h, 0), (-h, 0), (0, h), (0, -h))]
    slopes = np.stack([shapes[0], flux * (shapes[1] - shapes[2]) / 2 / h, flux * (shapes[3] - shapes[4]) / 2 / h])
    weight = 1 / (synthetic.NOISE**2 + flux * shapes[0] / synthetic.GAIN)
    step = np.arange(-synthetic.HALF, synthetic.HALF + 1)
    padded = np.pad(scan.usable, ((0, 0), (9, 9), (9, 9)))
    row, column = (np.rint(a).astype(int)[:, None] + step + 9 for a in (y, x))
    weight = weight * padded[frame[:, None, None], row[:, :, None], column[:, None]]
    fisher = np.einsum("anij,bnij,nij->ab", slopes, slopes, weight)
    return np.sqrt(np.diag(np.linalg.inv(fisher))) * [1, 2, 2]


def test_fluxes_above_ten_sigma_are_unbiased(lone):
    """1% of the flux at S/N 10 to 20: there the free place adds 0.5%; 0.1% above S/N 100."""
    scan, model = lone
    error, snr = model.stars.flux / scan.flux - 1, scan.flux / np.sqrt(covariances(model)[:, 0, 0])
    for low, high, tolerance in ((10, 20, 0.01), (20, 100, 0.004), (100, 1000, 0.001)):
        here = error[(snr > low) & (snr < high)]
        assert len(here) > 100
        assert abs(np.mean(here)) < tolerance + 3 * np.std(here) / np.sqrt(len(here))


def test_pairs_at_one_and_a_half_fwhm_are_separated_with_the_blended_error(pairs):
    """Of 1,800 stars; the errors are larger than those of the same stars alone."""
    scan, model = pairs
    found = pulls(scan, model)
    assert (np.abs(np.subtract(*np.percentile(found, [84.13, 15.87], axis=0)) / 2 - 1) < 0.1).all()
    assert (np.abs(found) < 6).all()
    alone = np.sqrt(covariances(synthetic.model(scan, scan.stars.select(slice(0, 900))))[:, 0, 0])
    together = np.sqrt(covariances(model)[:900, 0, 0])
    assert 1.005 < np.median(together / alone) < 1.5


def test_fluxes_of_blended_stars_are_anticorrelated(pairs):
    """What one star has too much the other has too little: without their coupling in the fit the errors were larger."""
    scan, model = pairs
    first, second = np.split(model.stars.flux - scan.flux, 2)
    wide = np.hypot(first, second) < 200
    assert np.corrcoef(first[wide], second[wide])[0, 1] < -0.05


def test_pixels_that_are_not_usable_do_not_count(lone):
    """They hold 30,000 DN in these frames; with anything else in them the fit is the same."""
    scan, model = lone
    other = replace(scan, images=np.where(scan.usable, scan.images, np.float32(-77.0)))
    again = fitted(synthetic.model(other, synthetic.shifted(scan.stars)), 4)
    assert np.array_equal(again.stars.flux, model.stars.flux) and np.array_equal(again.stars.x, model.stars.x)


def test_a_star_seen_by_no_usable_pixel_stays_where_it_was():
    """And takes nothing of its neighbours along."""
    scan = synthetic.scan([100.0, 200.0], [600.0, 600.0], [500.0, 500.0])
    x, y = (a[:, 0] for a in synthetic.pixels(scan.solution, scan.grid, scan.x, scan.y))
    rows, columns = np.mgrid[:256, :256]
    hidden = (np.abs(columns - x[:, None, None]) < 9) & (np.abs(rows - y[:, None, None]) < 9)
    model = synthetic.model(synthetic.without(scan, hidden), synthetic.shifted(scan.stars))
    found = fitted(model, 4).stars
    assert found.x[0] == pytest.approx(model.stars.x[0], abs=1e-6) and np.isfinite(found.flux[0])
    assert np.hypot(found.x[1] - 200, found.y[1] - 600) < 0.3 and found.flux[1] == pytest.approx(500, abs=50)


def test_a_star_that_is_not_there_is_held_near_its_place():
    """Of 900 places without a star; the prior has a sigma of 1 arcsec for each axis."""
    x, y = synthetic.lattice()
    scan = synthetic.scan(x, y, np.zeros(len(x)))
    found = fitted(synthetic.model(scan, Stars(x, y, np.full(len(x), 20.0))), 5)
    assert np.hypot(found.stars.x - x, found.stars.y - y).max() < 3
    snr = found.stars.flux / np.sqrt(covariances(found)[:, 0, 0])
    assert (snr < 6).all() and 0.5 < np.std(snr) < 2.5


def test_pairs_whose_areas_can_meet_are_coupled():
    stars = Stars(np.array([0.0, 13.0, 50.0, 50.0]), np.array([0.0, 0.0, 50.0, 64.0]), np.ones(4))
    assert close_pairs(stars).tolist() == [[0, 1]]


def test_a_scan_without_stars_is_fitted():
    scan = synthetic.scan([200.0], [500.0], [100.0])
    nobody = Stars(*np.zeros((3, 0)))
    model = fitted(synthetic.model(scan, nobody), 2)
    assert len(model.stars) == 0 and not model.image.any()


def test_weights_are_inverse_variances_of_sky_and_photons():
    """8 DN of sky; the star's photons at 10 electrons a DN; 1% of its light is the PSF's error in the fit, not
    noise."""
    scan = synthetic.scan([250.0], [700.0], [1e4], bad=0.02)
    model = synthetic.model(scan, profile_error=0.01)
    variance, good = 64 + scan.light / 10, scan.usable
    assert np.abs(model.spread[good] / model.weight[good] ** 2 / variance[good] - 1).max() < 0.05
    assert np.abs(model.weight * (variance + (0.01 * scan.light) ** 2) - 1)[good].max() < 0.05
    assert (model.weight[~good] == 0).all() and (~good).any()
    assert scan.light.max() > 3000


def test_light_beyond_the_core_belongs_to_the_model_of_bright_stars():
    """A PSF with a halo of 5% of the light, sigma 3 pixels: painted over 17 pixels, it leaves nothing of the star
    brighter than 0.1% of the peak."""
    psf = synthetic.exact_psf()
    halo = synthetic.exact_psf(sigma=3.0).surface
    psf = psf.with_surface(0.95 * psf.surface + 0.05 * halo)
    scan = synthetic.scan([250.0], [700.0], [1e5], noisy=False, bad=0.0)
    wide = synthetic.scan([250.0], [700.0], [1e5], noisy=False, bad=0.0, shape=lambda *_: {"sigma": 3.0})
    scan = replace(scan, images=0.95 * scan.images + 0.05 * wide.images)
    left = synthetic.model(scan, psf=psf).residual
    assert np.abs(left).max() < 0.004 * scan.images.max()
    ring = (scan.images > 5) & (scan.images < 100)
    assert ring.sum() > 500 and np.abs(left[ring]).max() < 6
