"""Atlas Images are read right, and what is none is refused by name."""

import gzip

import numpy as np
import pytest
from astropy.io import fits

from processing.errors import SurveyError
from processing.formats.atlas_image import iso_date, read_atlas_image
from processing.formats.tests.atlas_files import blank, real_image, write_atlas


def refused(path, *words):
    """The message of the refusal, which must name the file and ``words``."""
    with pytest.raises(SurveyError) as caught:
        read_atlas_image(path)
    message = str(caught.value)
    for word in (str(path), *words):
        assert word in message
    assert "\n" not in message
    return message


def test_file_that_is_not_fits_is_refused(tmp_path):
    path = tmp_path / "j.fits"
    path.write_text("RA,DEC\n1,2\n")
    refused(path, "not a FITS file")


def test_empty_file_is_refused(tmp_path):
    path = tmp_path / "j.fits"
    path.write_bytes(b"")
    refused(path, "not a FITS file")


def test_missing_file_is_refused(tmp_path):
    refused(tmp_path / "none.fits", "cannot be read")


@pytest.mark.parametrize("keep", [100, 2000, 2880, 5000, 18000])
def test_truncated_file_is_refused_wherever_it_ends(tmp_path, keep):
    whole = write_atlas(tmp_path / "whole.fits", blank()).read_bytes()
    path = tmp_path / "j.fits"
    path.write_bytes(whole[:keep])
    assert len(whole) > keep
    refused(path, "truncated")


def test_truncated_gzip_is_refused(tmp_path):
    whole = gzip.compress(write_atlas(tmp_path / "whole.fits", blank()).read_bytes())
    path = tmp_path / "j.fits.gz"
    path.write_bytes(whole[: len(whole) // 2])
    refused(path, "compressed file is truncated")


def test_missing_zero_padding_at_the_end_is_no_truncation(tmp_path):
    whole = write_atlas(tmp_path / "whole.fits", blank()).read_bytes()
    path = tmp_path / "j.fits"
    path.write_bytes(whole.rstrip(b"\0"))
    assert read_atlas_image(path).data.shape == (64, 64)


@pytest.mark.parametrize("missing", ["CTYPE1", "CTYPE2", "CRVAL1", "CRVAL2"])
def test_image_without_wcs_is_refused(tmp_path, missing):
    refused(write_atlas(tmp_path / "j.fits", blank(), without=[missing]), "WCS")


def test_galactic_wcs_is_refused(tmp_path):
    refused(write_atlas(tmp_path / "j.fits", blank(), CTYPE1="GLON-SIN", CTYPE2="GLAT-SIN"), "no WCS", "GLON-SIN")


def test_image_without_magzp_is_refused(tmp_path):
    refused(write_atlas(tmp_path / "j.fits", blank(), without=["MAGZP"]), "MAGZP", "no such keyword")


def test_magzp_that_is_no_number_is_refused(tmp_path):
    refused(write_atlas(tmp_path / "j.fits", blank(), MAGZP="unknown"), "MAGZP", "'unknown'")


def test_unknown_filter_is_refused(tmp_path):
    refused(write_atlas(tmp_path / "z.fits", blank(), FILTER="z"), "FILTER", "j, h or k", "'z'")


def test_image_without_filter_is_refused(tmp_path):
    refused(write_atlas(tmp_path / "j.fits", blank(), without=["FILTER"]), "FILTER", "no such keyword")


@pytest.mark.parametrize("missing", ["ORDATE", "SCANNO", "TELNAME"])
def test_image_that_does_not_say_when_it_was_taken_is_refused(tmp_path, missing):
    refused(write_atlas(tmp_path / "j.fits", blank(), without=[missing]), missing)


def test_cube_is_refused(tmp_path):
    refused(write_atlas(tmp_path / "j.fits", np.zeros((3, 8, 8), np.float32)), "3 dimensions (3 x 8 x 8)")


def test_file_without_pixels_is_refused(tmp_path):
    path = tmp_path / "j.fits"
    fits.PrimaryHDU().writeto(path)
    refused(path, "no image")


def test_image_of_whole_numbers_is_refused(tmp_path):
    refused(write_atlas(tmp_path / "j.fits", np.ones((8, 8), np.int16)), "BITPIX 16", "Quicklook")


def test_image_of_nothing_but_nan_is_refused(tmp_path):
    refused(write_atlas(tmp_path / "j.fits", np.full((8, 8), np.nan, np.float32)), "every pixel is NaN")


def test_what_the_header_says_is_told(tmp_path):
    image = read_atlas_image(write_atlas(tmp_path / "j.fits", blank()))
    assert (image.band, image.date, image.hemis, image.scan) == ("j", "1999-08-10", "s", 49)
    assert (image.direction, image.tile, image.magzp) == ("s", 202358, 20.9133)
    assert image.seeing == pytest.approx(3.13 * 0.99 - 0.46)
    assert image.data.dtype == np.dtype("=f8") and image.data.flags.writeable


def test_ks_and_capital_letters_name_the_band(tmp_path):
    for k, text in enumerate(("K", "Ks", "k       ")):
        assert read_atlas_image(write_atlas(tmp_path / f"{k}.fits", blank(), FILTER=text)).band == "k"


def test_hopkins_is_north(tmp_path):
    assert read_atlas_image(write_atlas(tmp_path / "j.fits", blank(), TELNAME="Hopkins ")).hemis == "n"


def test_years_of_both_centuries():
    assert (iso_date("970611"), iso_date("000127"), iso_date(10215)) == ("1997-06-11", "2000-01-27", "2001-02-15")


def test_columns_grow_to_the_west_and_lines_to_the_north(tmp_path):
    image = read_atlas_image(write_atlas(tmp_path / "j.fits", blank(1024, 512)))
    south_east, south_west, north_west, north_east = image.corners
    assert south_east[0] > south_west[0] and north_east[0] > north_west[0]
    assert north_west[1] > south_west[1] and north_east[1] > south_east[1]
    assert (north_east[1] - south_east[1]) * 3600 == pytest.approx(1024, abs=0.01)


def test_right_ascension_never_reaches_360(tmp_path):
    image = read_atlas_image(write_atlas(tmp_path / "j.fits", blank(1024, 512), CRVAL1=0.0))
    ra, _ = image.sky_position([0, 255.4, 255.5, 511], [500, 500, 500, 500])
    assert ((0 <= ra) & (ra < 360)).all() and ra[0] < 1 and ra[-1] > 359


@pytest.mark.parametrize("name, band, date, hemis, scan", [
    ("w44_h.fits", "h", "1999-08-10", "s", 49), ("ic494_k.fits", "k", "2000-01-27", "s", 58),
    ("f133-06_j.fits", "j", "1998-12-28", "s", 83), ("ngc5273_j.fits.gz", "j", "1998-03-21", "n", 106),
])
def test_real_images_are_read(name, band, date, hemis, scan):
    image = read_atlas_image(real_image(name))
    assert (image.band, image.date, image.hemis, image.scan) == (band, date, hemis, scan)
    assert image.pixel_scale == pytest.approx(1.0, abs=1e-6)
    assert np.nanmedian(image.data) == pytest.approx(image.header["QT5000"], rel=0.02)


def test_wcs_puts_bright_stars_of_w44_where_the_catalog_has_them():
    """Light centres of isolated bright stars against the published positions: good to 0.1 arcsec, half a pixel would
    show."""
    from astropy.io.votable import parse

    image = read_atlas_image(real_image("w44_j.fits"))
    rows = parse(str(real_image("../psc/w44_psc_south.vot"))).get_first_table().array
    bright = (rows["Jmag"] < 12) & (rows["Jmag"] > 10) & (rows["Cflg"] == "000")
    x, y = image.wcs.wcs_world2pix(rows["RAJ2000"][bright], rows["DEJ2000"][bright], 0)
    inside = (x > 12) & (x < 500) & (y > 8)
    offsets = np.array([_light_centre(image.data, a, b) for a, b in zip(x[inside], y[inside])])
    assert len(offsets) >= 15
    assert np.abs(np.median(offsets, axis=0)).max() < 0.1


def _light_centre(data, x, y):
    column, row = int(round(x)), int(round(y))
    stamp = data[row - 3:row + 4, column - 3:column + 4] - np.nanmedian(data)
    dy, dx = np.mgrid[-3:4, -3:4]
    return column + (stamp * dx).sum() / stamp.sum() - x, row + (stamp * dy).sum() / stamp.sum() - y
