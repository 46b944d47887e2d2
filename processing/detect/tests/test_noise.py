"""Whitening, the matched filter and the noise that errors count with, on simulated empty sky."""

import numpy as np
import pytest

from processing.config import survey
from processing.detect.noise import filled, passband_excess, summed_noise, whiten, whitening_kernel
from processing.detect.peaks import matched_filter
from processing.photometry.psf import first_psf
from processing.photometry.spline_psf import whitened_psf
from processing.simulate.atlas import simulate_atlas

EDGE = 12


@pytest.fixture(scope="module")
def sky():
    """Noise alone of an empty simulated image, mean 0, without the NaN edges."""
    data = simulate_atlas(None, None, (133.0, -6.0), "h", 3, (400, 400), airglow={"h": 0.0})["h"].data.astype(float)
    data = data[:, EDGE:-EDGE]
    assert np.isfinite(data).all()
    return data - data.mean()


def power(image):
    """Mean power of ``image`` in rings of spatial frequency 0-0.1, ... 0.4-0.5 cycles a pixel."""
    window = np.outer(np.hanning(image.shape[0]), np.hanning(image.shape[1]))
    spectrum = np.abs(np.fft.fft2(image * window)) ** 2
    fy, fx = (np.abs(np.fft.fftfreq(n)) for n in image.shape)
    ring = (np.maximum.outer(fy, fx) // 0.1).astype(int)
    return np.array([spectrum[ring == k].mean() for k in range(5)])


def test_whitened_noise_is_white_on_the_scales_of_a_star(sky):
    """Down to waves of 5 pixels the power is level, where it fell to less than half; beyond, whitening stops by design
    (``coadd.spectrum_floor``)."""
    before, after = power(sky), power(whiten(sky))
    assert before[1] / before[0] < 0.5
    assert after[1] / after[0] == pytest.approx(1.0, abs=0.1)
    assert after[2] / after[0] > 3 * before[2] / before[0]


def test_whitened_pixel_keeps_its_noise(sky):
    assert whiten(sky)[EDGE:-EDGE, EDGE:-EDGE].std() == pytest.approx(sky.std(), rel=0.05)


def test_noise_of_smooth_scales_is_the_excess_over_a_pixel(sky):
    """Sums of whitened pixels over wide windows scatter by passband_excess() more than independent pixels would."""
    inner = whiten(sky)[EDGE:-EDGE, EDGE:-EDGE]
    n = 14
    ny, nx = (s // n * n for s in inner.shape)
    sums = inner[:ny, :nx].reshape(ny // n, n, nx // n, n).sum(axis=(1, 3))
    assert sums.std() / (n * inner.std()) == pytest.approx(passband_excess(), rel=0.12)


def test_noise_of_a_wide_sum_is_that_of_independent_pixels_times_summed_noise(sky):
    n = 20
    ny, nx = (s // n * n for s in sky.shape)
    sums = sky[:ny, :nx].reshape(ny // n, n, nx // n, n).sum(axis=(1, 3))
    assert sums.std() / (n * sky.std()) == pytest.approx(summed_noise(), rel=0.15)


def test_significance_of_empty_sky_scatters_by_one(sky):
    sharp = whitened_psf(first_psf(3.1), whitening_kernel())
    weight = np.full(sky.shape, 1 / (passband_excess() * whiten(sky).std()) ** 2)
    _, significance = matched_filter(whiten(sky), weight, sharp.stamp(0.0, 0.0, 6))
    inner = significance[EDGE:-EDGE, EDGE:-EDGE]
    assert inner.std() == pytest.approx(1.0, abs=0.1)
    assert abs(inner.mean()) < 0.05


def test_significance_is_flux_over_the_scatter_of_fluxes(sky):
    """The same without the survey's numbers: star images of known flux at 80 places of real noise."""
    psf = first_psf(3.1)
    sharp, stamp = whitened_psf(psf, whitening_kernel()).stamp(0.0, 0.0, 6), psf.stamp(0.0, 0.0)
    weight = np.full(sky.shape, 1 / (passband_excess() * whiten(sky).std()) ** 2)
    image = sky.copy()
    places = [(y, x) for y in range(20, 380, 40) for x in range(20, 350, 40)]
    for y, x in places:
        image[y - 14:y + 15, x - 14:x + 15] += 200.0 * stamp
    flux, significance = (np.array([a[p] for p in places]) for a in matched_filter(whiten(image), weight, sharp))
    assert flux.mean() == pytest.approx(200.0, abs=5 * flux.std() / np.sqrt(len(places)))
    assert np.median(significance) == pytest.approx(flux.mean() / flux.std(), rel=4 / np.sqrt(2 * len(places)))


def test_masked_pixels_take_the_nearest_good_value():
    image = np.arange(16.0).reshape(4, 4)
    mask = np.zeros((4, 4), bool)
    mask[:, 3] = True
    assert (filled(image, mask)[:, 3] == image[:, 2]).all() and filled(image, ~np.ones((4, 4), bool)) is image


def test_whitening_kernel_is_even_and_stops_at_the_floor():
    kernel = whitening_kernel()
    response = np.abs(np.fft.fft(kernel, 64))
    assert kernel == pytest.approx(kernel[::-1])
    assert response.max() / response[0] == pytest.approx(survey().coadd.spectrum_floor ** -0.5, rel=0.15)
