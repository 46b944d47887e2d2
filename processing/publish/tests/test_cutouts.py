"""A cutout covers every pixel of the image whose centre is in the region, with not more than a pixel beyond."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from processing.publish.cutouts import box_of, cut, parse

SHAPE = (300, 200)
SLACK = 1


def _header(ra, dec, twist=3.0):
    return fits.Header({
        "SIMPLE": True, "BITPIX": -32, "NAXIS": 2, "NAXIS1": SHAPE[1], "NAXIS2": SHAPE[0], "CTYPE1": "RA---SIN",
        "CTYPE2": "DEC--SIN", "CRVAL1": ra, "CRVAL2": dec, "CRPIX1": 120.0, "CRPIX2": 140.5, "CDELT1": -1 / 3600,
        "CDELT2": 1 / 3600, "CROTA2": twist})


def _pixels(header):
    """The place of every pixel centre, by astropy."""
    y, x = np.indices(SHAPE)
    return SkyCoord(*WCS(header).all_pix2world(x, y, 0), unit="deg")


def _box(inside):
    lines, columns = np.nonzero(inside)
    return columns.min() + 1, columns.max() + 1, lines.min() + 1, lines.max() + 1


def _covers(box, wanted):
    """The box holds the wanted one and is not more than SLACK larger on any side."""
    beyond = np.array([wanted[0] - box[0], box[1] - wanted[1], wanted[2] - box[2], box[3] - wanted[3]])
    return ((beyond >= 0) & (beyond <= SLACK)).all()


@pytest.mark.parametrize("place", [(121.5, 1.2), (0.01, -30.0), (359.99, 60.0), (45.0, 89.97), (200.0, -89.99)])
@pytest.mark.parametrize("radius", [3.0, 40.0, 150.0, 1e5])
@pytest.mark.parametrize("offset", [0.0, 90.0, 149.0])
def test_a_circle_anywhere_on_the_sky_is_covered_closely(place, radius, offset):
    header = _header(*place)
    pixels = _pixels(header)
    centre = SkyCoord(*place, unit="deg").directional_offset_by(40 * u.deg, offset * u.arcsec)
    inside = pixels.separation(centre) <= radius * u.arcsec
    box = box_of(parse(f"CIRCLE {centre.ra.deg:.12f} {centre.dec.deg:.12f} {radius / 3600:.12f}"), header)
    assert _covers(box, _box(inside))


@pytest.mark.parametrize("place", [(121.5, 1.2), (0.01, -30.0), (359.99, 60.0)])
@pytest.mark.parametrize("east,west,south,north", [(10, 40, -20, 60), (90, 300, -300, 5), (-30, 31, -400, 400)])
def test_a_range_is_covered_closely_also_across_the_beginning_of_right_ascension(place, east, west, south, north):
    header = _header(*place)
    scale = 3600 * np.cos(np.radians(place[1]))
    low, high = (place[0] - west / scale) % 360, (place[0] + east / scale) % 360
    south, north = place[1] + south / 3600, place[1] + north / 3600
    pixels = _pixels(header)
    east_of = (pixels.ra.deg - low) % 360
    inside = (east_of <= (high - low) % 360) & (pixels.dec.deg >= south) & (pixels.dec.deg <= north)
    assert _covers(box_of(parse(f"RANGE {low:.12f} {high:.12f} {south:.12f} {north:.12f}"), header), _box(inside))


@pytest.mark.parametrize("size", [20.0, 90.0, 2000.0])
@pytest.mark.parametrize("turned", [1, -1])
def test_a_polygon_with_a_notch_is_covered_closely(size, turned):
    header = _header(0.005, 40.0)
    wcs = WCS(header)
    corners = np.array([(-1, -1), (1, -0.8), (0.1, 0), (0.9, 1), (-1, 0.7)])[::turned] * size + (130, 150)
    places = wcs.all_pix2world(corners, 1)
    box = box_of(parse("POLYGON " + " ".join(f"{number!r}" for number in places.ravel().tolist())), header)
    assert _covers(box, _box(_in_polygon(corners)))


def _in_polygon(corners):
    """Pixel by pixel, by the crossings of a ray; the sides of a small polygon are straight on a tangent plane."""
    lines, columns = np.indices(SHAPE) + 1
    inside = np.zeros(SHAPE, dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0)):
        crosses = (y0 > lines) != (y1 > lines)
        inside ^= crosses & (columns < x0 + (lines - y0) * (x1 - x0) / (y1 - y0))
    return inside


def test_a_region_within_one_pixel_gives_that_pixel():
    header = _header(121.5, 1.2)
    (ra, dec), = WCS(header).all_pix2world([[57.3, 80.8]], 1)
    assert box_of(parse(f"CIRCLE {ra} {dec} 1e-6"), header) == (57, 57, 81, 81)
    assert box_of(parse(f"POLYGON {ra} {dec} {ra + 1e-7} {dec} {ra} {dec + 1e-7}"), header) == (57, 57, 81, 81)


@pytest.mark.parametrize("region", [
    "CIRCLE 121.5 1.2 120", "CIRCLE 121.5 1.2 180", "RANGE 0 360 -90 90", "RANGE -Inf +Inf -Inf +Inf",
    "RANGE 100 130 -Inf 20", "POLYGON 100 -20 140 -20 140 20 100 20"])
def test_a_region_around_the_image_gives_all_of_it(region):
    assert box_of(parse(region), _header(121.5, 1.2)) == (1, SHAPE[1], 1, SHAPE[0])


@pytest.mark.parametrize("region", [
    "CIRCLE 301.5 -1.2 20", "CIRCLE 121.5 1.3 0.01", "CIRCLE 121.5 1.2 0", "RANGE 122 121 -90 90", "RANGE 10 11 1 2",
    "POLYGON 300 -3 303 -3 301.5 2", "POLYGON 121.6 1.2 121.7 1.1 121.7 1.3"])
def test_a_region_beside_the_image_or_opposite_to_it_gives_nothing(region):
    header = _header(121.5, 1.2) if not region.endswith(" 0") else _header(10.0, 1.2)
    assert box_of(parse(region), header) is None


@pytest.mark.parametrize("text,why", [
    ("", "CIRCLE, RANGE or POLYGON"), ("SQUARE 1 2 3", "SQUARE"), ("CIRCLE 1 2", "3 numbers, found 2"),
    ("CIRCLE 1 2 3 4", "found 4"), ("CIRCLE a b c", "'a'"), ("CIRCLE NaN 1 1", "NaN"), ("CIRCLE 1 2 -1", "radius"),
    ("CIRCLE 1 2 181", "radius"), ("CIRCLE 1 95 1", "latitude"), ("CIRCLE inf 5 1", "latitude"),
    ("RANGE 1 2 4 3", "smaller latitude first"), ("RANGE 1 2 3", "4 numbers"), ("POLYGON 1 2 3 4", "three pairs"),
    ("POLYGON 1 2 3 4 5 6 7", "found 7"), ("POLYGON 1 2 3 4 5 96", "latitude")])
def test_what_is_no_region_is_refused_in_a_sentence(text, why):
    with pytest.raises(ValueError, match=why):
        parse(text)


def test_pixels_and_places_are_the_images_own(tmp_path):
    header = _header(121.5, 1.2)
    header["MAGZP"] = 20.9
    pixels = np.random.default_rng(1).normal(100, 1, SHAPE).astype(np.float32)
    pixels[:, :5] = np.nan
    fits.PrimaryHDU(pixels, header).writeto(tmp_path / "image.fits")
    part = fits.HDUList.fromstring(cut(tmp_path / "image.fits", parse("CIRCLE 121.532 1.2 0.02")))[0]
    lines, columns = part.shape
    (x, y), = WCS(header).all_world2pix(WCS(part.header).all_pix2world([[1, 1]], 1), 1)
    first, bottom = round(x), round(y)
    assert np.allclose((x, y), (first, bottom), atol=1e-7)
    assert first == 1 and np.isnan(part.data[:, :5]).all()
    assert np.array_equal(part.data, pixels[bottom - 1:bottom - 1 + lines, :columns], equal_nan=True)
    assert part.header["MAGZP"] == 20.9 and f"lines {bottom} to {bottom + lines - 1}" in str(part.header["HISTORY"])
