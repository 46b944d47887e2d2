"""The noise of a simulated image against real Atlas Images of sparse fields."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from scipy.ndimage import binary_dilation, gaussian_filter, median_filter, zoom

from processing.simulate.atlas import simulate_atlas

ATLAS = Path(__file__).parents[4] / "shared" / "data" / "atlas"
SPARSE = [("f133-06_j.fits", "j"), ("f133-06_h.fits", "h"), ("f133-06_k.fits", "k"), ("ngc5273_j.fits.gz", "j")]


def noise(data):
    """Sigma (from the median absolute deviation) and correlation of neighbours (5, 5) of an image, sources masked."""
    missing = ~np.isfinite(data)
    filled = np.where(missing, np.nanmedian(data), data)
    coarse = median_filter(filled[::4, ::4], 11)
    rest = filled - zoom(coarse, np.array(data.shape) / coarse.shape, order=1)
    sigma = 1.4826 * np.median(np.abs(rest[~missing]))
    bright = binary_dilation(gaussian_filter(rest, 1.5) > 1.2 * sigma, iterations=6)
    good = ~(missing | bright | binary_dilation(np.abs(rest) > 5 * sigma, iterations=10))
    values = np.where(good, rest - rest[good].mean(), 0)
    sums, pairs = (np.fft.irfft2(np.abs(np.fft.rfft2(v, [2 * n for n in v.shape])) ** 2) for v in (values, 1.0 * good))
    correlation = sums[:5, :5] / np.maximum(pairs[:5, :5], 1)
    return sigma, correlation / correlation[0, 0]


def matching_pair(name, band):
    """A real image and a simulated one of the same size (up to 500 rows) and sky level."""
    if not (ATLAS / name).exists():
        pytest.skip("the real images are not here (../shared/data)")
    with fits.open(ATLAS / name) as hdus:
        real, sky = hdus[0].data[:500].astype(float), hdus[0].header["SKYVAL"]
    image = simulate_atlas(None, None, (133.0, -6.0), band, 5, real.shape, sky={band: sky})[band]
    return real, image.data.astype(float)


@pytest.mark.parametrize("name, band", SPARSE)
def test_noise_has_the_size_and_the_correlation_of_the_real_image(name, band):
    (real_sigma, real), (sigma, simulated) = (noise(data) for data in matching_pair(name, band))
    assert sigma == pytest.approx(real_sigma, rel=0.12)
    for step in [(0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 2), (0, 3), (3, 0)]:
        assert simulated[step] == pytest.approx(real[step], abs=0.04), step


def test_noise_falls_by_the_factor_that_the_survey_used():
    """k_z about 1.7: coadd noise = frame noise / (4 k_z sqrt(6)) (Explanatory Supplement VI.8a)."""
    data = simulate_atlas(None, None, (133.0, -6.0), "k", 5, (400, 400), airglow={"k": 0.0}, sky={"k": 600.0})["k"].data
    frame = np.sqrt(4 * 600.0 * 10 + 58.0**2) / 10
    assert frame / (4 * np.sqrt(6) * np.nanstd(data)) == pytest.approx(1.7, abs=0.1)
