"""Images in the server's folder: linked or copied, and previews that show the stars."""

import os
import pwd
import re

import numpy as np
import pytest

from processing.publish import images
from processing.publish.images import preview, preview_name
from processing.publish.links import colour_name


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
        images.link_or_copy(source, target, nobody)
        assert target.read_bytes() == b"content"
        assert (target.stat().st_ino == source.stat().st_ino) == linked
        assert target.stat().st_mode & 0o004


def test_the_owner_reads_a_private_file_by_a_link(tmp_path):
    source = tmp_path / "ji001.fits"
    source.write_bytes(b"content")
    source.chmod(0o600)
    images.link_or_copy(source, tmp_path / "link", pwd.getpwuid(os.getuid()))
    assert (tmp_path / "link").stat().st_ino == source.stat().st_ino


def test_the_database_names_the_preview_that_was_written():
    from processing.publish.switch import PRODUCTS

    assert preview_name("atlas/990810s/s049/ji037.fits") == "previews/atlas/990810s/s049/ji037.jpg"
    assert "'previews/' || regexp_replace(file, '[.][^.]*$', '') || '.jpg'" in PRODUCTS


def test_the_database_names_the_picture_in_colours_that_was_written():
    """The same rule in SQL and here: the name of the image without the letter of its band."""
    from processing.publish.switch import COLOURS

    pattern, replacement = re.search(r"regexp_replace\(file, '(.*?)', '(.*?)'\)", COLOURS).groups()
    for file, picture in (("atlas/990810s/s049/ji037.fits", "previews/atlas/990810s/s049/i037.jpg"),
                          ("atlas/a.b/k1.fits", "previews/atlas/a.b/1.jpg")):
        assert colour_name(file) == picture == f"previews/{re.sub(pattern, replacement, file)}.jpg"


def test_the_picture_of_a_field_has_a_star_in_the_colour_of_its_band(field):
    images_of_field = {}
    for place, letter in enumerate("jhk"):
        pixels = 100 + np.random.default_rng(place).normal(0, 1, (64, 40))
        pixels[10 + 20 * place, 20] = 3000
        images_of_field[f"atlas/x/{letter}i01.fits"] = pixels
    picture = images.colour_preview(images_of_field).astype(int)
    assert picture.shape == (64, 40, 3)
    for place, channel in enumerate((2, 1, 0)):
        star = picture[63 - 10 - 20 * place, 20]
        assert star.argmax() == channel and star[channel] > 2 * np.delete(star, channel).max()


def test_a_band_of_another_shape_is_left_out_of_the_picture(field):
    others = {"x/ji1.fits": field, "x/hi1.fits": field, "x/ki1.fits": field[:50]}
    assert images.colour_preview(others)[..., 0].max() < images.colour_preview(others)[..., 1].max()


def test_a_large_image_is_averaged_and_what_nobody_saw_does_not_count():
    pixels = np.arange(12.0).reshape(4, 3)
    pixels[0, 0] = np.nan
    assert np.array_equal(images._averaged(pixels, 2), [[(1 + 3 + 4) / 3], [(6 + 7 + 9 + 10) / 4]])
    assert np.isnan(images._averaged(np.full((4, 4), np.nan), 2)).all()
    assert images._averaged(np.zeros((1024, 512)), 2).shape == preview(np.zeros((1024, 512))).shape
