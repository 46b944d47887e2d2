"""Postage stamps: the pixels of the image as they are, continued by others beyond its edge, and pictures in colours."""

import io

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from processing.publish.cutouts import parse
from processing.publish.stamps import as_fits, as_jpeg, product, square, stamp

RA, DEC = 150.0, 30.0


def image(path, band="J", centre=(RA, DEC), shape=(120, 100), magzp=20.0, sky=100.0, shift=(0.0, 0.0), seed=1):
    """A file with a round galaxy (flux at RA, DEC) of known light; ``shift``: of its pixels in columns and lines."""
    header = fits.Header()
    header.update({"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CRVAL1": centre[0], "CRVAL2": centre[1],
                   "CRPIX1": (shape[1] + 1) / 2 + shift[0], "CRPIX2": (shape[0] + 1) / 2 + shift[1],
                   "CDELT1": -1 / 3600, "CDELT2": 1 / 3600, "MAGZP": magzp, "FILTER": band})
    x, y = WCS(header).wcs_world2pix([[RA, DEC]], 0)[0]
    rows, columns = np.mgrid[:shape[0], :shape[1]]
    light = 50 * 10 ** (0.4 * (magzp - 20)) * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2 / 8**2)
    pixels = sky + light + np.random.default_rng(seed).normal(0, 0.5, shape)
    fits.PrimaryHDU(pixels.astype(np.float32), header).writeto(path)
    return path


def read(content):
    hdu = fits.open(io.BytesIO(content))[0]
    return hdu.header, hdu.data


def test_inside_one_image_the_pixels_are_those_of_the_image(tmp_path):
    path = image(tmp_path / "j.fits", shape=(121, 101))
    header, pixels = read(as_fits(stamp([path], square(RA, DEC, 41))))
    whole = fits.getdata(path)
    assert pixels.shape == (41, 41)
    x, y = (int(round(v)) for v in WCS(header).wcs_world2pix([[RA, DEC]], 0)[0])
    x0, y0 = (int(round(v)) for v in WCS(fits.getheader(path)).wcs_world2pix([[RA, DEC]], 0)[0])
    ny, nx = pixels.shape
    assert np.array_equal(pixels, whole[y0 - y:y0 - y + ny, x0 - x:x0 - x + nx])


def test_beyond_the_edge_another_image_goes_on_at_the_same_zero_point_and_sky(tmp_path):
    """A galaxy at the edge of one image, the rest of it on another, deeper by 0.5 mag, under a brighter sky."""
    first = image(tmp_path / "a.fits", centre=(RA, DEC + 55 / 3600))
    second = image(tmp_path / "b.fits", centre=(RA, DEC - 45 / 3600), magzp=20.5, sky=300.0, shift=(0.3, 0.4), seed=2)
    header, pixels = read(as_fits(stamp([first, second], square(RA, DEC, 60))))
    assert np.isfinite(pixels).all()
    x, y = WCS(header).wcs_world2pix([[RA, DEC]], 0)[0]
    rows, columns = np.mgrid[:pixels.shape[0], :pixels.shape[1]]
    truth = 100 + 50 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2 / 8**2)
    assert np.abs(pixels - truth).max() < 4.0 and abs((pixels - truth).mean()) < 0.5


def test_where_no_image_is_there_is_nothing(tmp_path):
    path = image(tmp_path / "j.fits", centre=(RA, DEC + 55 / 3600))
    found = stamp([path], square(RA, DEC, 60))
    assert 0.3 < np.isnan(found.pixels).mean() < 0.7
    assert stamp([path], square(RA + 1, DEC, 60)) is None and stamp([], square(RA, DEC, 60)) is None


def test_the_square_has_its_size_and_place():
    corners = square(RA, DEC, 120)
    middle = corners.mean(axis=0) / np.linalg.norm(corners.mean(axis=0))
    assert np.degrees(np.arctan2(middle[1], middle[0])) == pytest.approx(RA, abs=1e-6)
    sides = np.degrees(np.arccos((corners * np.roll(corners, 1, axis=0)).sum(axis=1))) * 3600
    assert sides == pytest.approx(np.full(4, 120.0), rel=1e-6)


def test_the_picture_in_colours_shows_a_red_galaxy_red(tmp_path):
    from PIL import Image

    paths = {"j": image(tmp_path / "j.fits"), "h": image(tmp_path / "h.fits", shift=(0.5, 0.2)),
             "k": image(tmp_path / "k.fits", magzp=22.0)}
    stamps = {band: stamp([path], square(RA, DEC, 61)) for band, path in paths.items()}
    picture = np.asarray(Image.open(io.BytesIO(as_jpeg(stamps)))).astype(float)
    middle = picture[picture.shape[0] // 2, picture.shape[1] // 2]
    assert picture.shape[0] >= 256 and middle[0] > 1.2 * middle[2] and middle[0] > 2 * picture[5, 5, 0]


GALAXY = {"ra": RA, "dec": DEC, "im_nx": 70, "r_k20fe": 12.0}


def entries(tmp_path):
    image(tmp_path / "j.fits")
    image(tmp_path / "k.fits", "Ks")
    return [{"band": "J", "accesspath": "j.fits"}, {"band": "Ks", "accesspath": "k.fits"}]


def test_what_is_asked_for_is_what_comes(tmp_path):
    images = entries(tmp_path)
    kind, content = product(GALAXY, images, "Ks", None, tmp_path)
    assert kind == "image/fits" and read(content)[0]["FILTER"] == "Ks" and abs(read(content)[0]["NAXIS1"] - 70) <= 1
    kind, content = product(GALAXY, images, "colour", parse(f"CIRCLE {RA} {DEC} 0.005"), tmp_path)
    assert kind == "image/jpeg" and content.startswith(b"\xff\xd8")
    assert product(GALAXY, images, "H", None, tmp_path) == ("image/fits", None)
    for what, region in (("Z", None), ("J", parse(f"CIRCLE {RA} {DEC} 1.0"))):
        with pytest.raises(ValueError):
            product(GALAXY, images, what, region, tmp_path)
