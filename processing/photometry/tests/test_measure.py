"""One band from end to end on simulated images: what is in the sky, how well it must come out, and no more."""

import numpy as np
import pytest

from processing.config import survey
from processing.detect.noise import whiten, whitening_kernel
from processing.photometry.growth import enclosed
from processing.photometry.measure import measure
from processing.photometry.psf import first_psf
from processing.photometry.spline_psf import whitened_psf
from processing.photometry.tests.skies import (FWHM, TOTAL, empty_image, grid, half_width, image_of, measured, nearest,
                                               truth)  # fmt: skip
from processing.simulate.bound import faint_star_bound, light_within

LEVELS = np.array([60.0, 150.0, 400.0, 1500.0])
"""DN of the lone stars: S/N about 10, 25, 70, 250."""

COADD_FWHM = 3.17
"""FWHM of a star in a simulated coadd, pixel."""


@pytest.fixture(scope="module")
def lone():
    """256 stars 30 pixels apart: image, sources, true x, y, flux, index of the nearest source and its distance."""
    x, y = grid(30, (512, 512))
    image = image_of(x, y, np.random.default_rng(3).choice(LEVELS, x.size), (512, 512))
    sources = measured(image)
    return image, sources, *truth(image), *nearest(sources, *truth(image)[:2])


@pytest.fixture(scope="module", params=[1, 3])
def pairs(request):
    """144 pairs at 0.8, 1, 1.5, 2 FWHM in turn: separations (pixel), sources, true x, y, flux: firsts, then seconds."""
    x, y = grid(40, (512, 512))
    angle = np.random.default_rng(5).uniform(0, 2 * np.pi, x.size)
    separation = np.resize(np.array([0.8, 1.0, 1.5, 2.0]) * COADD_FWHM, x.size)
    both = np.r_[x, x + separation * np.cos(angle)], np.r_[y, y + separation * np.sin(angle)]
    image = image_of(*both, np.repeat([2000.0, 2000.0 / request.param], x.size), (512, 512), seed=11)
    return separation / COADD_FWHM, measured(image), *truth(image)


def test_every_lone_star_is_one_source(lone):
    """None is split at S/N 10-250, and at 4.5 sigma noise makes a source in 100,000 pixels or so."""
    _, sources, x, y, flux, index, distance = lone
    assert (distance < 1.0).all() and len(set(index)) == len(index)
    back, away = nearest(sources, x, y)
    others = np.setdiff1d(np.arange(len(sources)), index)
    assert len(others) <= 6 and (sources.snr[others] < survey().quality.snr[1]).all()


@pytest.mark.parametrize("level", LEVELS)
def test_flux_is_unbiased_and_as_scattered_as_its_error_says(lone, level):
    _, sources, x, y, flux, index, _ = lone
    of_level = np.abs(flux - level) < 1
    n, of = of_level.sum(), index[of_level]
    pull = (sources.flux[of] - TOTAL * level) / sources.flux_err[of]
    assert n > 50 and abs(np.median(pull)) < 4 * 1.25 / np.sqrt(n) + 0.01 * level / np.median(sources.flux_err[of])
    low = 0.85 if level < 500 else 0.4
    assert low - 3 / np.sqrt(2 * n) < half_width(pull) < 1.2 + 3 / np.sqrt(2 * n)


@pytest.mark.parametrize("level", LEVELS)
def test_position_is_unbiased_and_as_scattered_as_its_error_says(lone, level):
    """Noise and the floor that band merging adds; x and y together."""
    _, sources, x, y, flux, index, _ = lone
    of_level = np.abs(flux - level) < 1
    n, of, floor = of_level.sum(), index[of_level], survey().merge.band_floor
    steps = sources.x[of] - x[of_level], sources.y[of] - y[of_level]
    errors = np.sqrt(sources.x_var[of] + floor**2), np.sqrt(sources.y_var[of] + floor**2)
    for step, error in zip(steps, errors):
        assert abs(np.median(step)) < 4 * 1.25 * half_width(step) / np.sqrt(n) + 0.01
    pull = np.concatenate(steps) / np.concatenate(errors)
    low = 0.85 if level < 500 else 0.4
    assert low - 3 / np.sqrt(4 * n) < half_width(pull) < 1.2 + 3 / np.sqrt(4 * n)


def test_faint_star_is_nearly_as_good_as_any_estimator_can(lone):
    """The bound of Cramer and Rao for the frames; resampling to a coadd and unknown neighbours cost 10% or so."""
    _, sources, x, y, flux, index, _ = lone
    bound = faint_star_bound("j")
    faint = np.abs(flux - LEVELS[0]) < 1
    room = 1 + 3 / np.sqrt(2 * faint.sum())
    assert half_width(sources.flux[index[faint]]) / TOTAL < 1.25 * bound.flux * room
    steps = np.concatenate([sources.x[index] - x, sources.y[index] - y])[np.tile(faint, 2)]
    assert half_width(steps) < 1.25 * bound.position / LEVELS[0] * room


def test_pairs_are_two_from_08_fwhm_on(pairs):
    separation, sources, x, y, flux = pairs
    n = len(separation)
    index, distance = nearest(sources, x, y)
    two = (distance[:n] < 1) & (distance[n:] < 1) & (index[:n] != index[n:])
    for s in (0.8, 1.0, 1.5, 2.0):
        assert two[np.isclose(separation, s)].mean() > 0.95, s


@pytest.mark.parametrize("separation, bias, scatter", [(0.8, 0.03, 0.05), (1.0, 0.02, 0.05), (1.5, 0.02, 0.03),
                                                       (2.0, 0.02, 0.03)])  # fmt: skip
def test_each_star_of_a_pair_has_its_own_light(pairs, separation, bias, scatter):
    """S/N is 360 and 360 or 120; what counts is the error of the PSF (5%), shared over a star's pixels."""
    separations, sources, x, y, flux = pairs
    n, of = len(separations), np.flatnonzero(np.isclose(separations, separation))
    for stars in (of, of + n):
        index, distance = nearest(sources, x[stars], y[stars])
        ratio = (sources.flux[index] / flux[stars] / TOTAL)[distance < 1]
        assert np.median(ratio) == pytest.approx(1, abs=bias) and half_width(ratio) < scatter


def test_bright_lone_stars_are_not_split():
    """S/N 500, 100 stars: an error of the PSF is not a companion."""
    x, y = grid(40, (430, 430))
    image = image_of(x, y, 4000.0, (430, 430), seed=6)
    sources = measured(image)
    index, distance = nearest(sources, x, y)
    assert (distance < 2).all() and len(sources) <= len(x) + 3


def test_curve_of_growth_finds_the_light_of_the_simulated_psf(lone):
    """Total over 4 arcsec, to 1%, as the Gaussians of the simulated PSF have it."""
    expected = TOTAL / light_within(survey().aperture.radius)
    assert lone[1].aperture_correction == pytest.approx(expected, rel=0.01)


def test_aperture_fluxes_are_on_the_same_scale(lone):
    _, sources, _, _, flux, index, _ = lone
    bright = np.abs(flux - LEVELS[3]) < 1
    ratio = sources.aperture_flux[index[bright]] / flux[bright] / TOTAL
    assert np.median(ratio) == pytest.approx(1, abs=0.01)


def test_chi_square_of_a_star_that_the_profile_fits_is_about_one(lone):
    _, sources, _, _, flux, index, _ = lone
    for level in LEVELS:
        assert 0.6 < np.nanmedian(sources.chi2[index[np.abs(flux - level) < 1]]) < 2.2, level


def test_empty_sky_has_no_good_source():
    """400,000 pixels of noise hold about 20,000 independent places: 4.5 sigma makes a few faint sources, never ph_qual
    A (S/N 10) and hardly B (S/N 7)."""
    for band in "jhk":
        sources = measured(empty_image((640, 640), seed=31, band=band, airglow=None), band)
        assert len(sources) < 8 and (sources.snr < survey().quality.snr[1]).all()


def test_whitened_star_is_narrower_but_loses_no_light_against_the_noise():
    sharp = whitened_psf(first_psf(3.1), whitening_kernel())
    assert sharp.fwhm() < first_psf(3.1).fwhm() and enclosed(sharp, 10.0) > 0
    assert whiten(np.ones((30, 30)))[15, 15] == pytest.approx(sharp.stamp(0.0, 0.0).sum(), rel=0.01)


def test_image_without_stars_has_numbers_and_no_sources():
    sources = measured(empty_image((100, 100), seed=2))
    assert len(sources) <= 1 and sources.noise > 0 and sources.flux_noise > 0


def test_image_of_sixty_pixels_is_measured():
    image = image_of([20.0, 40.0], [30.0, 31.0], [900.0, 500.0], (60, 60))
    sources = measured(image)
    index, distance = nearest(sources, *truth(image)[:2])
    assert (distance < 0.3).all() and sources.flux[index] == pytest.approx(TOTAL * truth(image)[2], rel=0.15)


def test_slope_of_the_sky_does_not_show_in_the_fluxes(lone):
    image, flat = lone[0], lone[1]
    y, x = np.mgrid[:512, :512]
    tilted = measure(image.data + 0.03 * y - 0.02 * x, "j", 1.0, FWHM)
    index, distance = nearest(tilted, flat.x, flat.y)
    ratio = (tilted.flux[index] - flat.flux) / flat.flux_err
    assert np.mean(distance < 0.3) > 0.97 and abs(np.median(ratio[distance < 0.3])) < 0.15
