"""The PSF of a field's cells is the one that it was made from, and stars drawn with it have their light and place."""

import numpy as np
import pytest

from processing.extended.psf import cell_psf
from processing.extended.tests.synthetic_fields import SIGMA, psf, star

SHAPE = (120, 90)


@pytest.mark.parametrize("x, y", [(40.0, 60.0), (40.3, 59.6), (39.51, 60.49)])
def test_at_is_the_light_about_the_nearest_pixel(x, y):
    expected = star(SHAPE, x, y, 1.0)[60 - 9:60 + 10, 40 - 9:40 + 10]
    assert np.abs(psf().at(x, y, 9) - expected).max() < 1e-4
    assert psf().at(x, y, 20).shape == (41, 41) and psf().at(x, y, 20)[0].max() == 0.0


def test_fwhm():
    assert psf().fwhm(3.0, 4.0) == pytest.approx(2.3548 * SIGMA, abs=0.03)


def test_stars_are_drawn_as_they_are():
    image, x, y, flux = np.zeros(SHAPE), np.array([20.2, 55.7]), np.array([30.5, 88.1]), np.array([500.0, 1500.0])
    cell_psf(psf(), SHAPE, (30, 30)).paint(image, x, y, flux, faintest=1e-4)
    expected = sum(star(SHAPE, *one) for one in zip(x, y, flux))
    assert np.abs(image - expected).max() < 5e-4 * expected.max()
    assert image.sum() == pytest.approx(2000, rel=1e-3)


def test_a_corner_moves_the_field_not_its_cells():
    """A PSF that is wider in the north: a cut-out of the north has the northern one."""
    class Wider:
        def at(self, x, y, half):
            return psf().at(x, y, half) * (2.0 if y > 60 else 1.0)

    cells, image = cell_psf(Wider(), SHAPE, (60, 90)), np.zeros((40, 40))
    cells.paint(image, np.array([45.0]), np.array([100.0]), np.array([1.0]), 1e-5, corner=(25, 80))
    assert image[20, 20] == image.max() and image.sum() == pytest.approx(2.0, rel=1e-3)
    assert cells.cells(np.array([5.0, 5.0, -3.0]), np.array([10.0, 119.0, 500.0])).tolist() == [0, 1, 1]
