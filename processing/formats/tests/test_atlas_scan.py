"""Where an image lies in its scan and when its lines were observed."""

import numpy as np
import pytest

from processing.formats.atlas_image import read_atlas_image
from processing.formats.atlas_scan import (
    along_scan, cross_scan, observed_at, scan_ends, scan_place, side_edges)
from processing.formats.tests.atlas_files import blank, real_image, write_atlas
from processing.formats.tests.real_rows import real_points

TIMES = ("UT", "UT_SOS", "UT_OFF1")


def placed(path):
    image = read_atlas_image(path)
    return image, scan_place(image)


@pytest.mark.parametrize("name, coadd", [
    ("w44_j.fits", 209), ("w44_h.fits", 209), ("ic494_j.fits", 221), ("f133-06_k.fits", 21), ("ngc5273_j.fits.gz", 21)])
def test_coadd_numbers_of_real_images(name, coadd):
    """209 and 221 are coadd numbers of published rows on the same declinations."""
    assert placed(real_image(name))[1].coadd == coadd


def test_published_rows_have_the_coadd_number_that_real_headers_give():
    """Published rows near dec 1.27 of south-going scans are of coadd 221, those near 1.43 of 209, as W44 and IC 494."""
    rows = real_points().to_pandas()
    going_south = rows[rows["scan"].isin([56, 58])]
    for name in ("w44_j.fits", "ic494_j.fits"):
        image, place = placed(real_image(name))
        near = going_south[np.abs(going_south["dec"] - image.header["CRVAL2"]) < 0.13]
        assert len(near) >= 5 and (near["coadd"] == place.coadd).mean() > 0.9


def test_time_and_place_give_the_same_frame_number(tmp_path):
    with_times = placed(write_atlas(tmp_path / "a.fits", blank()))[1].coadd
    without = placed(write_atlas(tmp_path / "b.fits", blank(), without=TIMES))[1].coadd
    assert with_times == without == 209


def test_header_that_tells_nothing_gives_none(tmp_path):
    image, place = placed(write_atlas(tmp_path / "j.fits", blank(), without=(*TIMES, "USYREF", "DYFS")))
    assert place.coadd is None and observed_at(image, place, [0]) is None
    assert along_scan(image, place, [0]) is None and scan_ends(place) is None


def test_real_scan_goes_south_at_the_published_rate():
    """Published rows of one scan: time against declination has the slope of the header's frames, 55.4 arcsec/s."""
    image, place = placed(real_image("w44_j.fits"))
    jd = observed_at(image, place, [0, 1023])
    rate = 1023 / ((jd[1] - jd[0]) * 86400)
    rows = real_points().to_pandas()
    scan = rows[rows["scan"] == 58]
    slope = np.polyfit(scan["dec"] * 3600, (scan["jdate"] - 2451573) * 86400, 1)[0]
    assert rate == pytest.approx(-55.4, abs=0.1)
    assert 1 / slope == pytest.approx(rate, rel=0.05)


def test_centre_frame_was_taken_at_the_time_of_the_header(tmp_path):
    """Frame 209 of W44 at 02:35:00.71: its declination is that of the header's frame step."""
    image, place = placed(write_atlas(tmp_path / "j.fits", blank(1024, 512)))
    from_centre = (place.coadd - 1) * place.frame_step - place.centre_y
    line = image.header["CRPIX2"] - 1 + from_centre
    midnight = 2451400.5
    assert observed_at(image, place, line) == pytest.approx(midnight + (2 * 3600 + 35 * 60 + 0.71) / 86400, abs=1e-8)
    assert abs(from_centre) < 82.3 / 2


def test_cross_scan_is_zero_on_the_centre_line_and_grows_west(tmp_path):
    image, _ = placed(write_atlas(tmp_path / "j.fits", blank(1024, 512)))
    x = cross_scan(image, [0, 255.5, 511])
    np.testing.assert_allclose(x, [-255.5, 0, 255.5], atol=1e-4)
    ra = image.sky_position([0, 511], [512, 512])[0]
    assert ra[0] > ra[1]


def test_whole_real_image_covers_as_wide_as_published_rows_say():
    """Published rows: x_scan plus dist_edge_ew is 252.1 on the east side, 252.7 on the west, half an arcsec of
    scatter."""
    images = [read_atlas_image(real_image(name)) for name in ("w44_j.fits", "w44_h.fits")]
    east, west = side_edges(images)
    rows = real_points().to_pandas()
    edge = rows["dist_edge_ew"] + np.abs(rows["x_scan"])
    assert edge.between(251.5, 253.5).all()
    assert -east == pytest.approx(edge.median(), abs=2) and west == pytest.approx(edge.median(), abs=2)


def test_cut_image_does_not_pretend_to_know_the_other_edge():
    images = [read_atlas_image(real_image(f"ic494_{band}.fits")) for band in "jhk"]
    east, west = side_edges(images)
    assert east == pytest.approx(-251, abs=0.1) and west is None


def test_southern_end_of_the_scan_is_where_published_rows_have_it():
    """South edge of published scans on the declinations of W44 and IC 494: dec - dist_edge_ns, within 15 arcsec."""
    rows = real_points().to_pandas()
    edge = np.median(rows["dec"] - rows["dist_edge_ns"] / 3600)
    for name in ("w44_j.fits", "ic494_j.fits"):
        image, place = placed(real_image(name))
        south = image.header["CRVAL2"] + (scan_ends(place)[0] - place.centre_y) / 3600
        assert abs(south - edge) * 3600 < 15


def test_north_going_scan_runs_north(tmp_path):
    """The example of the Second Incremental Release: scan direction n, USYREF 12766."""
    image, place = placed(write_atlas(tmp_path / "j.fits", blank(), without=TIMES[1:], SCANDIR="n", USYREF=12766.0,
                                      DYFS=82.4))
    assert place.coadd == 162
    assert np.diff(observed_at(image, place, [0, 60]))[0] > 0
    south, north = scan_ends(place)
    assert south < place.centre_y < north
