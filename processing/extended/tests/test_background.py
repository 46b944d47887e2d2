"""The background follows the sky and not the galaxies, from one end of a strip to the other."""

import numpy as np
import pytest

from processing.config import survey
from processing.extended.background import CELL, MESH, cell_means, plate
from processing.extended.clean import backgrounds
from processing.extended.tests.synthetic_fields import galaxy, noise


def level_of(image):
    """The background of one image without stars: an image."""
    return backgrounds([cell_means(image.astype(np.float32), np.isfinite(image))], image.shape)[0][0].whole()


def wave(shape, length, amplitude=1.0):
    return amplitude * np.sin(2 * np.pi * (np.arange(shape[0])[:, None] + 0.3 * np.arange(shape[1])) / length)


def test_a_slope_is_followed_to_the_edges():
    """Of 15 DN over the image: within what its noise allows, 0.5 DN a pixel at a mesh of 48 arcsec in a corner."""
    y, x = np.indices((512, 304))
    sky = 90 + 0.02 * y - 0.03 * x
    assert np.abs(level_of(sky + noise(sky.shape, 0.5, 2)) - sky).max() < 0.12


@pytest.mark.parametrize("share, least, most", [(0.5, 0.0, 0.12), (1.0, 0.4, 0.6), (2.0, 0.9, 1.0)])
def test_structure_of_the_wavelength_is_followed_by_half(share, least, most):
    """1 / (1 + share**-4): 0.06, 0.5, 0.94; a wave along the scan and a little across."""
    shape = (1600, 512)
    sky = wave(shape, share * survey().extended_field.wavelength * np.hypot(1, 0.3))
    cells = cell_means(sky.astype(np.float32), np.ones(shape, bool))
    level = plate(cells, np.zeros(cells.shape, bool), shape).whole()
    middle = np.s_[400:-400, 100:-100]
    assert least < (level[middle] * sky[middle]).sum() / (sky[middle] ** 2).sum() < most


@pytest.mark.parametrize("index", [1.0, 4.0])
def test_a_galaxy_of_three_arcmin_keeps_its_light(index):
    """J 10, half of it within 25 arcsec: what is within 90 arcsec changes by 2% (exponential), as the noise of the
    sky of an image under it allows; the wings of de Vaucouleurs' profile, which reach beyond the image, cost 5%."""
    shape = (1024, 512)
    light = galaxy(shape, 250.0, 500.0, 23000.0, 25.0, index, 0.7, 0.5)
    image = light + noise(shape, 0.5, 3) + 100.0
    y, x = np.indices(shape)
    inside = np.hypot(x - 250, y - 500) < 90
    changed = ((image - level_of(image))[inside] - light[inside]).sum() / light[inside].sum()
    assert abs(changed) < (0.02 if index == 1.0 else 0.06)


def test_airglow_beside_a_galaxy_is_removed():
    """A wave of 900 arcsec and 2 DN, 20 times the light of the galaxy's edge: a tenth of it is left, also under it."""
    shape = (2048, 512)
    sky, light = wave(shape, 900.0, 2.0), galaxy(shape, 250.0, 1000.0, 5000.0, 12.0)
    left = sky + light + noise(shape, 0.5, 4)
    left = left - level_of(left)
    assert np.std((left - light)[100:-100]) < np.hypot(0.5, 0.15)
    y, x = np.indices(shape)
    inside = np.hypot(x - 250, y - 1000) < 40
    assert abs((left - light)[inside].mean()) < 0.2


def test_there_is_no_seam_where_two_images_of_a_scan_would_meet():
    """A strip and a part of it: away from the cut they have the same background; and steps from row to row are those
    of the smooth sky."""
    shape = (3000, 320)
    image = wave(shape, 1500.0, 1.0) + noise(shape, 0.5, 5)
    whole, part = level_of(image), level_of(image[:2048])
    assert np.abs(whole[:1500] - part[:1500]).max() < 0.02
    assert np.abs(np.diff(whole, 2, axis=0)).max() < 1e-3


def test_what_is_not_observed_is_bridged():
    image = 50 + noise((512, 256), 0.5, 6)
    image[200:260] = np.nan
    level = level_of(image)
    assert np.isfinite(level).all() and np.abs(level - 50).max() < 0.3


def test_the_error_under_an_object_grows_with_it():
    image = wave((2048, 512), 900.0, 1.0) + noise((2048, 512), 0.3, 7)
    level = backgrounds([cell_means(image.astype(np.float32), np.isfinite(image))], image.shape)[0][0]
    errors = [level.error_under(radius) for radius in (0, 30, 60, 120)]
    assert errors[0] == 0.0 and np.all(np.diff(errors) > 0)
    assert errors[2] < 0.3 < 2 * errors[3] < 3.0


def test_cells_cover_images_of_any_size():
    means = cell_means(np.ones((37, 101), np.float32), np.ones((37, 101), bool))
    assert means.shape == (3 * MESH, 7 * MESH)
    assert np.isfinite(means).sum() == (37 // CELL) * (101 // CELL)
    assert np.nanmax(means) == np.nanmin(means) == 1.0
