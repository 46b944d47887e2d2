"""The images through SIA 1, SIA 2 and ObsTAP, and the files themselves, are those of the release."""

import hashlib
from io import BytesIO

import numpy as np
import pytest

from processing.schema import BANDS

EXPOSURE = 7.8
"""Seconds: six frames of 1.3 s."""


@pytest.fixture(scope="module")
def images(release):
    """The rows of the release's atlas table by file."""
    return {row["file"]: row for row in release.read("atlas").to_pylist()}


@pytest.fixture(scope="module")
def one(images):
    """An image with neighbours in other bands and none of another field near it."""
    return next(iter(images.values()))


def _of_its_field(images, one):
    return {file for file, row in images.items() if row["coadd_key"] == one["coadd_key"]}


def _file(server, url):
    return str(url).removeprefix(f"{server.url}/getproduct/").split("?")[0]


def test_sia1_gives_the_images_around_a_place(server, images, one):
    import pyvo

    service = pyvo.dal.SIAService(f"{server.url}/twomass/q/sia/siap.xml?")
    found = {_file(server, record.acref): record for record in service.search((one["ra"], one["dec"]), size=0.01)}
    assert set(found) == _of_its_field(images, one)
    for file, record in found.items():
        row = images[file]
        assert record.format == "image/fits"
        assert record["bandpassId"] == row["band"]
        assert record["accsize"] == row["bytes"]
        assert (record["centerAlpha"], record["centerDelta"]) == (row["ra"], row["dec"])
        assert record["dateObs"] == row["mjd"]
        assert list(record["pixelSize"]) == [row["naxis1"], row["naxis2"]]
        assert np.allclose(np.abs(record["pixelScale"]), row["pixel_scale"] / 3600, rtol=1e-6)


@pytest.mark.parametrize("form,number", [("image/fits", 3), ("ALL", 3), ("GRAPHIC", 0), ("image/png", 0)])
def test_sia1_gives_images_of_the_wanted_format(server, images, one, form, number):
    import pyvo

    service = pyvo.dal.SIAService(f"{server.url}/twomass/q/sia/siap.xml?")
    assert len(service.search((one["ra"], one["dec"]), size=0.01, format=form)) == number == 3 * (number > 0)


@pytest.mark.filterwarnings("ignore:Unknown xsi.type sia.SimpleImageAccess")  # pyvo does not know SIA's own capability
@pytest.mark.filterwarnings("ignore::pyvo.utils.xml.exceptions.UnknownElementWarning")
def test_sia2_gives_the_images_around_a_place_in_a_band(server, images, one):
    import pyvo

    service = pyvo.dal.SIA2Service(f"{server.url}/twomass/q/sia2/siap2.xml")
    records = list(service.search(pos=(one["ra"], one["dec"], 0.001)))
    assert {_file(server, record["access_url"]) for record in records} == _of_its_field(images, one)
    assert len({record["obs_id"] for record in records}) == 1  # one observation in three bands
    low, high = BANDS[2].wavelength
    found = service.search(pos=(one["ra"], one["dec"], 0.001), band=(low, high))
    assert [images[_file(server, record["access_url"])]["band"] for record in found] == ["Ks"]


def test_obscore_describes_every_image(server, tap, images):
    found = {_file(server, row["access_url"]): row for row in tap.run_sync("SELECT * FROM ivoa.obscore")}
    assert set(found) == set(images)
    bands = {band.name: band.wavelength for band in BANDS}
    for file, row in images.items():
        record = found[file]
        assert (record["dataproduct_type"], record["calib_level"]) == ("image", 3)
        assert record["access_format"] == "image/fits"
        assert record["access_estsize"] == -(-row["bytes"] // 1024)
        assert (record["s_ra"], record["s_dec"]) == (row["ra"], row["dec"])
        assert (record["s_xel1"], record["s_xel2"]) == (row["naxis1"], row["naxis2"])
        assert np.isclose(record["s_pixel_scale"], row["pixel_scale"], rtol=1e-6)
        assert np.allclose((record["em_min"], record["em_max"]), bands[row["band"]], rtol=1e-6)
        assert np.isclose(record["t_exptime"], EXPOSURE)
        assert record["t_min"] < row["mjd"] < record["t_max"] < record["t_min"] + 40 / 86400
        assert _file(server, record["access_url"]) == file
        assert record["source_table"] == "twomass.atlas"


def test_a_seeing_that_is_unknown_is_null_in_obscore(server, tap, images):
    found = tap.run_sync("SELECT access_url, s_resolution FROM ivoa.obscore").to_table()
    resolutions = {_file(server, row["access_url"]): row["s_resolution"] for row in found}
    for file, row in images.items():
        unknown = np.ma.is_masked(resolutions[file]) or np.isnan(resolutions[file])
        assert unknown if row["seeing"] is None else np.isclose(resolutions[file], row["seeing"])


def test_a_footprint_is_the_four_corners_and_contains_the_centre(tap, images, one):
    place = f"POINT({one['ra']}, {one['dec']})"
    found = tap.run_sync(f"SELECT file, s_region FROM twomass.atlas WHERE 1 = CONTAINS({place}, s_region)").to_table()
    assert set(found["file"]) == _of_its_field(images, one)
    for row in found:
        image = images[row["file"]]
        corners = [image[f"{axis}_{i}"] for i in range(1, 5) for axis in ("ra", "dec")]
        assert np.allclose(row["s_region"], corners, atol=1e-9)


def test_atlas_rows_are_those_of_the_files(tap, images):
    from processing.schema import load_table
    from vo_tests.compare import rows_by

    names = load_table("atlas").names
    found = rows_by("file", tap.run_sync("SELECT * FROM twomass.atlas").to_table(), names)
    assert found == {file: {name: row[name] for name in names} for file, row in images.items()}


def test_scan_rows_are_those_of_the_files(tap, release):
    from processing.schema import load_table
    from vo_tests.compare import rows_by

    names = load_table("scans").names
    found = rows_by("scan_key", tap.run_sync("SELECT * FROM twomass.scans").to_table(), names)
    assert found == rows_by("scan_key", release.read("scans"), names)


def test_the_files_served_are_the_files_of_the_release(server, tap, images):
    import requests

    for row in tap.run_sync("SELECT accref, file FROM twomass.atlas"):
        answer = requests.get(row["accref"])
        assert answer.headers["content-type"] == "image/fits"
        assert hashlib.sha256(answer.content).hexdigest() == images[row["file"]]["sha256"]


def test_the_preview_is_a_picture_with_the_stars_and_without_the_missing_pixels(server, release, images):
    import requests
    from astropy.io import fits
    from PIL import Image

    for file in images:
        answer = requests.get(f"{server.url}/getproduct/{file}", params={"preview": "True"})
        picture = np.asarray(Image.open(BytesIO(answer.content)).convert("L"), dtype=float)
        pixels = fits.getdata(release.path / file)
        step = -(-max(pixels.shape) // 512)
        shown = pixels[::-step, ::step]
        assert picture.shape == shown.shape
        finite = np.isfinite(shown)
        brightest = finite & (shown > np.nanpercentile(shown, 99.5))
        assert picture[brightest].mean() > 2 * picture[finite].mean()


def test_the_form_in_the_browser_lists_the_images_with_previews(server, one, images):
    import requests

    page = requests.get(f"{server.url}/twomass/q/sia/form", params={
        "__nevow_form__": "genForm", "hPOS": f"{one['ra']}, {one['dec']}", "hSIZE": "0.01", "hINTERSECT": "OVERLAPS",
        "hFORMAT": "ALL", "submit": "Go"})
    for file in _of_its_field(images, one):
        assert f"getproduct/{file}" in page.text
