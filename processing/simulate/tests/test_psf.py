import numpy as np
import pytest

from processing.errors import SurveyError
from processing.simulate.coadd import kernel, kernel_variance
from processing.simulate.psf import core_of_shape, point_spread, seeing_shape, sersic_gaussians

VARIANCE = kernel_variance(2.0, 1.6)


def test_all_light_is_accounted_for():
    assert point_spread(0.7).shares.sum() == pytest.approx(1)


def test_wings_leave_the_aperture_what_the_real_images_leave():
    psf = point_spread(core_of_shape(0.97, VARIANCE))
    variance = psf.sigmas**2 + 2.0**2 / 12 + VARIANCE
    inside = np.sum(psf.shares * (1 - np.exp(-(4.0**2) / 2 / variance)))
    assert -2.5 * np.log10(inside) == pytest.approx(0.053, abs=0.012)


def test_worse_seeing_has_a_wider_core():
    cores = [core_of_shape(seeing_shape(fwhm), VARIANCE) for fwhm in (2.4, 2.8, 3.4)]
    assert cores == sorted(cores)


def test_seeing_better_than_the_pixels_is_refused():
    with pytest.raises(SurveyError, match="seeing 1.50 arcsec"):
        core_of_shape(seeing_shape(1.5), VARIANCE)


@pytest.mark.parametrize("index", [0.5, 1.0, 2.0, 4.0])
def test_half_the_light_of_a_galaxy_lies_within_its_effective_radius(index):
    sigmas, shares = sersic_gaussians(index)
    assert np.sum(shares * (1 - np.exp(-1 / (2 * sigmas**2)))) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("phase", [0.0, 0.3, 0.77])
def test_kernel_keeps_flux_and_position_at_any_phase(phase):
    lattice = 2.0 * (np.arange(-4, 5) + phase)
    weights = np.array([kernel(x, 2.0, 1.6) for x in lattice])
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert (weights * lattice).sum() == pytest.approx(0, abs=1e-12)


def test_kernel_variance_is_that_of_the_kernel():
    x = np.arange(-4, 4, 0.01)
    weights = np.array([kernel(v, 2.0, 1.6) for v in x])
    assert (weights * x**2).sum() / weights.sum() == pytest.approx(VARIANCE, rel=1e-3)
