"""World coordinates of an image as SIA 1 tells them: a client that has only these finds the same places."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from processing.errors import SurveyError
from processing.publish.world_coordinates import COLUMNS, world_coordinates

TWIST = 2.5


def _image(path, **cards):
    header = fits.Header({"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CRVAL1": 121.5, "CRVAL2": 40.0, "CRPIX1": 256.5,
                          "CRPIX2": 512.5, "CDELT1": -1 / 3600, "CDELT2": 1 / 3600, "CROTA2": TWIST, "EQUINOX": 2000.0})
    header.update(cards)
    fits.PrimaryHDU(np.zeros((20, 30), dtype=np.float32), header).writeto(path)
    return path


def test_they_give_the_places_of_the_header_whatever_its_twist(tmp_path):
    path = _image(tmp_path / "image.fits")
    found = dict(zip(list(COLUMNS)[1:], world_coordinates(path), strict=True))
    rebuilt = WCS(naxis=2)
    rebuilt.wcs.ctype = [f"RA---{found['projection']}", f"DEC--{found['projection']}"]
    rebuilt.wcs.crpix, rebuilt.wcs.crval = found["crpix"], found["crval"]
    rebuilt.wcs.cd = np.reshape(found["cdmatrix"], (2, 2))
    corners = [[1, 1], [30, 1], [30, 20], [1, 20]]
    with fits.open(path) as hdus:
        assert np.allclose(rebuilt.all_pix2world(corners, 1), WCS(hdus[0].header).all_pix2world(corners, 1), 0, 1e-11)
    assert found["equinox"] == 2000.0
    # FITS paper II: a rotation turns the axes the same way whatever their signs
    cos, sin = np.cos(np.radians(TWIST)) / 3600, np.sin(np.radians(TWIST)) / 3600
    assert np.allclose(found["cdmatrix"], [-cos, -sin, -sin, cos], rtol=1e-9)


def test_an_image_without_them_is_refused_by_name(tmp_path):
    with pytest.raises(SurveyError, match="image.fits.*no celestial coordinates.*LINEAR"):
        world_coordinates(_image(tmp_path / "image.fits", CTYPE1="LINEAR", CTYPE2="LINEAR"))
