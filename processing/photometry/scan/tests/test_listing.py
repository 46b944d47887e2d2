"""From components to sources: unbiased fluxes, what is listed, and the numbers of the band."""

from types import SimpleNamespace

import numpy as np
import pytest

from processing.config import survey
from processing.photometry.fit import Stars
from processing.photometry.scan.errors import covariances
from processing.photometry.scan.fit import fitted
from processing.photometry.scan.listing import chi_squares, faint_noise, fwhm, listed, total_over_fit, unbiased
from processing.photometry.scan.tests import synthetic
from processing.photometry.scan.tests.test_detection import strip

NO_BRIGHT = SimpleNamespace(band=synthetic.BAND, bright=SimpleNamespace(flux=np.zeros(0)), bright_x=np.zeros(0),
                            bright_y=np.zeros(0))  # fmt: skip


@pytest.fixture(scope="module")
def six_sigma():
    """Stars of S/N 6 fitted from their places: fluxes in units of the true one, and their errors."""
    x, y = synthetic.lattice()
    values = []
    for seed in range(3):
        scan = synthetic.scan(x, y, 40.0, seed=seed)
        model = fitted(synthetic.model(scan), 5)
        values.append((model.stars.flux / 40, np.sqrt(covariances(model)[:, 0, 0]) / 40))
    return np.concatenate(values, axis=1)


def test_the_bias_of_free_places_is_taken_off(six_sigma):
    """2,700 stars of S/N 6: the mean is known to 0.3%; the free place adds 1 / S/N**2, 2.7%."""
    flux, error = six_sigma
    some = np.isfinite(error) & (flux > 0)
    snr = 1 / np.median(error)
    assert 5 < snr < 7 and some.mean() > 0.999
    noise = np.std(flux[some]) / np.sqrt(some.sum())
    assert np.mean(flux[some]) - 1 > 0.5 / snr**2
    assert abs(np.mean(unbiased(flux, error)[some]) - 1) < 3.5 * noise


def test_bright_stars_have_no_bias_to_take_off():
    assert unbiased(np.array([1000.0, 30.0]), np.array([1.0, 3.0])) == pytest.approx([1000 - 1e-3, 30 * 0.99])
    assert 0 < unbiased(np.array([1.0]), np.array([1.0]))[0] < 1


def test_chi_squares_are_one_where_the_model_is_right():
    """Ninety pixels a star, three of them spent: the mean of 230 chi-squares is known to 1%. A PSF that is 8% too wide
    shows in bright stars."""
    x, y = synthetic.lattice(48.0)
    scan = synthetic.scan(x, y, synthetic.fluxes(len(x), 100, 3000))
    right = chi_squares(fitted(synthetic.model(scan), 2))
    wrong = chi_squares(fitted(synthetic.model(scan, psf=synthetic.exact_psf(sigma=1.08 * synthetic.SIGMA)), 2))
    assert np.mean(right) == pytest.approx(1, abs=0.04)
    assert wrong[scan.flux > 2000].min() > 1.5


def test_the_width_is_that_of_stars_on_the_strip():
    """Where the mean of 900 stars drawn in the middle of a pixel of the strip falls to half its peak: read between
    whole pixels with a line, to 3%."""
    x, y = (np.rint(a) for a in synthetic.lattice())
    image = strip(synthetic.scan(x, y, 1.0, noisy=False, bad=0.0)).data
    rows, columns = (a.astype(int)[:, None] + np.arange(-6, 7) for a in (y, x))
    mean = image[rows[:, :, None], columns[:, None, :]].mean(axis=0)
    profile = mean[6, 6:] / mean[6, 6]
    half = np.interp(0.5, profile[::-1], np.arange(7)[::-1])
    assert fwhm(synthetic.exact_psf()) == pytest.approx(2 * half, rel=0.03)
    assert fwhm(synthetic.exact_psf(sigma=0.6)) > 1.15 * fwhm(synthetic.exact_psf())


def test_the_noise_of_faint_stars_is_their_scatter():
    """Of 350 stars of S/N 10 that six frames see, known to 4%; their own photons and free places add some percent."""
    x, y = synthetic.lattice()
    scan = synthetic.scan(x, y, 60.0, bad=0.0)
    model = fitted(synthetic.model(scan), 4)
    six = np.bincount(model.places.star) == 6
    quoted = np.sqrt(covariances(model)[six, 0, 0])
    found = model.stars.flux[six] - 60
    assert six.sum() > 300
    assert faint_noise(model) == pytest.approx(np.std(found), rel=0.12)
    assert 0.9 < faint_noise(model) / np.median(quoted) < 1.02


def test_light_that_the_psf_lacks_is_in_the_scale():
    """2% of the light of every star lies in a ring at 5 arcsec, outside of what is fitted best, within the 7 arcsec of
    the total. To 0.3%: what of the ring the fit takes for the star, and the sky of the annulus."""
    x, y = synthetic.lattice(48.0)
    rng = np.random.default_rng(2)
    angle = rng.uniform(0, 2 * np.pi, (12, len(x)))
    dust = [(x + 5 * np.cos(a), y + 5 * np.sin(a)) for a in angle]
    flux = np.full(len(x), 2e4)
    parts = [(x, y, 0.98 * flux)] + [(u, v, 0.02 / 12 * flux) for u, v in dust]
    scan = synthetic.scan(*(np.concatenate(part) for part in zip(*parts)), bad=0.0)
    model = fitted(synthetic.model(scan, Stars(x, y, flux)), 3)
    true = 2e4 / np.median(model.stars.flux)
    assert true > 1.01 and total_over_fit(model) == pytest.approx(true, abs=0.003)


def test_without_bright_stars_the_scale_is_one():
    assert total_over_fit(synthetic.model(synthetic.scan([250.0], [700.0], 20.0))) == 1.0


def test_significant_and_separate_components_are_sources():
    """Alone: from 4 sigma; with a brighter one within a FWHM: from 5."""
    rules = survey().scan_photometry
    x = np.array([100.0, 200.0, 300.0, 301.5, 400.0, 401.5])
    model = synthetic.model(synthetic.scan(x, np.full(6, 700.0), 100.0))
    model = model.with_stars(Stars(x, np.full(6, 700.0), np.array([100.0, 50.0, 500.0, 100.0, 500.0, 100.0])))
    alone, close = rules.listed, rules.split_significance
    snr = np.array([alone + 0.1, alone - 0.1, 50, close + 0.1, 50, close - 0.1])
    assert listed(model, model.stars.flux / snr, NO_BRIGHT).tolist() == [True, False, True, True, True, False]


def test_glare_of_saturated_stars_is_not_listed():
    """A spike has a thousandth of a J star of 1e6 DN 17 arcsec from it: one of 500 DN is the spike; off it a star."""
    x, y = np.array([250.0, 262.0]), np.array([717.0, 712.0])
    model = synthetic.model(synthetic.scan(x, y, 500.0))
    x, y, flux = np.array([[250.0], [700.0], [1e6]])
    work = SimpleNamespace(band=synthetic.BAND, bright=SimpleNamespace(flux=flux), bright_x=x, bright_y=y)
    assert listed(model, np.full(2, 5.0), work).tolist() == [False, True]
