"""Images in the server's folder: linked or copied, and previews that show the stars."""

import os
import pwd

import numpy as np
import pytest

from processing.publish import images
from processing.publish.images import preview, preview_name


@pytest.fixture
def field():
    """Sky of 100 with noise 1, one bright star near the upper left corner (FITS: last line), NaN on the right edge."""
    pixels = 100 + np.random.default_rng(1).normal(0, 1, (64, 40))
    pixels[60, 5] = 5000
    pixels[:, -3:] = np.nan
    return pixels


def test_north_is_up_and_the_star_is_the_brightest(field):
    grey = preview(field)
    assert grey.dtype == np.uint8 and grey.shape == field.shape
    assert np.unravel_index(grey.argmax(), grey.shape) == (3, 5)


def test_missing_pixels_are_black_and_do_not_change_the_others(field):
    grey = preview(field)
    assert (grey[:, -3:] == 0).all()
    assert 0 < np.median(grey[:, :-3]) < 160


def test_a_star_of_ten_sigma_can_be_told_from_the_sky(field):
    field[20, 20] = 110
    grey = preview(field)
    assert grey[63 - 20, 20] > np.percentile(grey[:, :-3], 99)


@pytest.mark.parametrize("pixels", [np.full((8, 8), np.nan), np.full((8, 8), 7.0), np.zeros((3, 2000))])
def test_an_image_without_contrast_or_pixels_has_a_preview_too(pixels):
    grey = preview(pixels)
    assert grey.dtype == np.uint8 and max(grey.shape) <= images.PREVIEW_HEIGHT


def test_a_readable_file_is_linked_and_a_private_one_copied_readable(tmp_path):
    nobody = pwd.getpwnam("nobody")
    source = tmp_path / "ji001.fits"
    source.write_bytes(b"content")
    for mode, linked in ((0o644, True), (0o600, False)):
        source.chmod(mode)
        target = tmp_path / "there" / f"{mode:o}.fits"
        images._link_or_copy(source, target, nobody)
        assert target.read_bytes() == b"content"
        assert (target.stat().st_ino == source.stat().st_ino) == linked
        assert target.stat().st_mode & 0o004


def test_the_owner_reads_a_private_file_by_a_link(tmp_path):
    source = tmp_path / "ji001.fits"
    source.write_bytes(b"content")
    source.chmod(0o600)
    images._link_or_copy(source, tmp_path / "link", pwd.getpwuid(os.getuid()))
    assert (tmp_path / "link").stat().st_ino == source.stat().st_ino


def test_the_database_names_the_preview_that_was_written():
    from processing.publish.switch import PRODUCTS

    assert preview_name("atlas/990810s/s049/ji037.fits") == "previews/atlas/990810s/s049/ji037.jpg"
    assert "'previews/' || regexp_replace(file, '[.][^.]*$', '') || '.jpg'" in PRODUCTS
