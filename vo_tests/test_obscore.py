"""What ObsCore, SIA 1 and SIA 2 say of an image is what its own FITS header says."""

import numpy as np
import pytest
import requests

from processing.schema import BANDS

pytestmark = [pytest.mark.filterwarnings("ignore:Unknown xsi.type"),  # pyvo does not know SIA's own capability
              pytest.mark.filterwarnings("ignore::pyvo.utils.xml.exceptions.UnknownElementWarning")]
MARGIN = 10 / 86400
"""Days: a header's time is that of the frame nearest the centre, or of the first one that is whole in the image."""

MANDATORY = (
    "dataproduct_type", "calib_level", "obs_collection", "obs_id", "obs_publisher_did", "obs_title", "access_url",
    "access_format", "access_estsize", "s_ra", "s_dec", "s_fov", "s_region", "s_pixel_scale", "s_xel1", "s_xel2",
    "t_min", "t_max", "t_exptime", "t_xel", "em_min", "em_max", "em_xel", "em_ucd", "o_ucd", "facility_name",
    "instrument_name")


@pytest.fixture(scope="module")
def headers(release):
    from astropy.io import fits

    return {row["file"]: fits.getheader(release.path / row["file"]) for row in release.read("atlas").to_pylist()}


@pytest.fixture(scope="module")
def obscore(server, tap, headers):
    """The rows of ivoa.obscore by file."""
    found = {row["access_url"].removeprefix(f"{server.url}/getproduct/"): row
             for row in tap.run_sync("SELECT * FROM ivoa.obscore")}
    assert set(found) == set(headers)
    return found


def _wcs(header):
    from astropy.wcs import WCS

    return WCS(header)


def _corners(header):
    """The outer corners of the outermost pixels, degrees, shape (4, 2)."""
    x, y = header["NAXIS1"] + 0.5, header["NAXIS2"] + 0.5
    return _wcs(header).all_pix2world([[0.5, 0.5], [x, 0.5], [x, y], [0.5, y]], 1)


def test_the_footprint_is_that_of_the_pixels(obscore, headers):
    for file, row in obscore.items():
        found = np.array(str(row["s_region"]).split()[-8:], dtype=float).reshape(4, 2)
        assert np.allclose(found, _corners(headers[file]), atol=1e-8), file


def test_centre_size_and_scale_are_those_of_the_pixels(obscore, headers):
    from astropy.coordinates import SkyCoord

    for file, row in obscore.items():
        header = headers[file]
        centre = _wcs(header).all_pix2world((header["NAXIS1"] + 1) / 2, (header["NAXIS2"] + 1) / 2, 1)
        assert np.allclose((row["s_ra"], row["s_dec"]), centre, atol=1e-8)
        places = SkyCoord(_corners(header), unit="deg")
        across = max(places[0].separation(places[2]).deg, places[1].separation(places[3]).deg)
        assert across * (1 - 1e-4) < row["s_fov"] < across * 1.001
        assert (row["s_xel1"], row["s_xel2"]) == (header["NAXIS1"], header["NAXIS2"])
        assert np.isclose(row["s_pixel_scale"], abs(header["CDELT1"]) * 3600, rtol=1e-6)


def test_the_time_of_the_header_is_within_that_of_the_row(obscore, headers):
    from astropy.time import Time

    for file, row in obscore.items():
        header = headers[file]
        if "UT_DATE" in header:
            day = header["UT_DATE"].strip()
            century = "19" if day[0] == "9" else "20"
            time = Time(f"{century}{day[:2]}-{day[2:4]}-{day[4:]}T{header['UT'].strip()}").mjd
            assert row["t_min"] - MARGIN < time < row["t_max"] + MARGIN
        # the array, 512", sees all of the image while the telescope scans 57" in a second (1.3 s frames, 1.44 s apart)
        lasts = (header["NAXIS2"] + 512) / 57.0
        assert np.isclose((row["t_max"] - row["t_min"]) * 86400, lasts, rtol=0.01)


def test_the_exposure_is_that_of_six_frames_of_the_header(obscore, headers):
    for file, row in obscore.items():
        one = headers[file].get("TIMER1", 1300) / 1000
        assert np.isclose(row["t_exptime"], 6 * one, rtol=0.01)


def test_the_wavelengths_are_those_of_the_filter_of_the_header(obscore, headers):
    centres = {"j": 1.235e-6, "h": 1.662e-6, "k": 2.159e-6}  # Cohen et al. 2003, AJ 126, 1090
    for file, row in obscore.items():
        centre = centres[headers[file]["FILTER"].strip()]
        assert row["em_min"] < centre < row["em_max"] < 1.2 * centre and row["em_min"] > 0.8 * centre
        assert row["em_ucd"] == "em.wl"


def test_nothing_that_obscore_wants_is_missing(tap, obscore):
    for row in obscore.values():
        assert [name for name in MANDATORY if np.ma.is_masked(row[name]) or str(row[name]).strip() in ("", "nan")] == []
    assert {row["facility_name"] for row in obscore.values()} == {"CTIO 1.3m"}
    assert {(row["dataproduct_type"], row["calib_level"]) for row in obscore.values()} == {("image", 3)}


def test_an_identifier_is_one_images_and_an_observation_one_fields(obscore, headers):
    assert len({row["obs_publisher_did"] for row in obscore.values()}) == len(headers)
    fields = {}
    for file, row in obscore.items():
        fields.setdefault(row["obs_id"], set()).add(file.rpartition("/")[0])
    assert len(fields) == 3 and all(len(folders) == 1 for folders in fields.values())


def test_the_preview_of_a_row_is_a_picture(tap):
    for row in tap.run_sync("SELECT preview FROM ivoa.obscore"):
        assert requests.get(row["preview"]).headers["content-type"] == "image/jpeg"


def test_sia1_tells_the_world_coordinates_of_the_header(server, headers):
    import pyvo
    from astropy.wcs import WCS

    service = pyvo.dal.SIAService(f"{server.url}/twomass/q/sia/siap.xml?")
    for file, header in headers.items():
        found = service.search(tuple(_corners(header).mean(axis=0)), size=0.01)
        record, = (record for record in found if record.acref.endswith(file))
        told = WCS(naxis=2)
        told.wcs.ctype = [f"{axis}{record['wcs_projection']}" for axis in ("RA---", "DEC--")]
        told.wcs.crpix, told.wcs.crval = record["wcs_refPixel"], record["wcs_refValues"]
        told.wcs.cd = np.reshape(record["wcs_cdmatrix"], (2, 2))
        there = told.all_world2pix(_corners(header), 1)
        assert np.allclose(there, _wcs(header).all_world2pix(_corners(header), 1), atol=1e-3)  # pixels
        assert "EQUINOX" not in header or record["wcs_equinox"] == header["EQUINOX"]


@pytest.mark.parametrize("wanted,chosen", [
    ({}, lambda row: True), ({"band": BANDS[0].wavelength}, lambda row: row["em_max"] < 1.45e-6),
    ({"band": (5e-6, 6e-6)}, lambda row: False), ({"facility": "CTIO 1.3m"}, lambda row: True),
    ({"facility": "nowhere"}, lambda row: False), ({"instrument": "2MASS camera"}, lambda row: True),
    ({"data_type": "image"}, lambda row: True), ({"data_type": "cube"}, lambda row: False),
    ({"calib_level": 3}, lambda row: True), ({"calib_level": 2}, lambda row: False),
    ({"res_format": "image/fits"}, lambda row: True), ({"res_format": "image/png"}, lambda row: False),
    ({"collection": "2MASS in a Box Atlas Images"}, lambda row: True), ({"collection": "2MASX"}, lambda row: False),
    ({"field_of_view": (0.2, 1)}, lambda row: row["s_fov"] > 0.2),
    ({"field_of_view": (0.01, 0.2)}, lambda row: row["s_fov"] < 0.2),
    ({"exptime": (7, 8)}, lambda row: True), ({"exptime": (8, 100)}, lambda row: False)])
def test_sia2_chooses_by_each_of_its_parameters(server, obscore, wanted, chosen):
    import pyvo

    service = pyvo.dal.SIA2Service(f"{server.url}/twomass/q/sia2/siap2.xml")
    found = {record["access_url"] for record in service.search(**wanted)}
    assert found == {row["access_url"] for row in obscore.values() if chosen(row)}


@pytest.mark.filterwarnings("ignore::pyvo.dal.exceptions.DALOverflowWarning")
def test_sia2_says_when_there_are_more_than_it_gives(server, obscore):
    import pyvo

    service = pyvo.dal.SIA2Service(f"{server.url}/twomass/q/sia2/siap2.xml")
    for limit in (len(obscore) - 1, len(obscore), len(obscore) + 1):
        found = service.search(maxrec=limit)
        said = {info.value for info in found.votable.resources[0].infos if info.name == "QUERY_STATUS"}
        assert len(found) == min(limit, len(obscore))
        assert ("OVERFLOW" in said) == (limit < len(obscore)), limit


@pytest.mark.parametrize("shape", ["CIRCLE {ra} {dec} 0.001", "RANGE {east} {west} {south} {north}",
                                   "POLYGON {east} {south} {west} {south} {west} {north} {east} {north}"])
def test_sia2_finds_by_every_shape_and_by_time(server, obscore, shape):
    row = next(iter(obscore.values()))
    ra, dec, small = row["s_ra"], row["s_dec"], 0.01
    shape = shape.format(ra=ra, dec=dec, east=ra - small, west=ra + small, south=dec - small, north=dec + small)
    found = _sia2(server, POS=shape)
    assert set(found) == {file for file, other in obscore.items() if other["obs_id"] == row["obs_id"]}
    assert set(_sia2(server, TIME=f"{row['t_min'] - 1e-6} {row['t_min'] + 1e-6}")) >= {
        file for file, other in obscore.items() if other["t_min"] == row["t_min"]}
    assert list(_sia2(server, ID=row["obs_publisher_did"])) == [row["access_url"].split("/getproduct/")[1]]


def _sia2(server, **parameters):
    from io import BytesIO

    from astropy.table import Table

    answer = requests.get(f"{server.url}/twomass/q/sia2/siap2.xml", params=parameters)
    table = Table.read(BytesIO(answer.content), format="votable")
    return [str(url).split("/getproduct/")[1] for url in table["access_url"]]


@pytest.mark.parametrize("condition,chosen", [
    ("1 = INTERSECTS(s_region, CIRCLE({0}, {1}, 0.5))", lambda row, one: row["obs_id"] == one["obs_id"]),
    ("1 = CONTAINS(POINT({0}, {1}), s_region)", lambda row, one: row["obs_id"] == one["obs_id"]),
    ("em_min < 2.1e-6 AND em_max > 2.1e-6", lambda row, one: row["em_max"] > 2.1e-6),
    ("t_min < {2} + 1", lambda row, one: row["t_min"] < one["t_min"] + 1),
    ("s_pixel_scale < 1.1 AND s_resolution < 3", lambda row, one: row["s_resolution"] < 3),
    ("dataproduct_type = 'image' AND calib_level > 2 AND obs_collection LIKE '2MASS%'", lambda row, one: True)])
def test_obstap_finds_by_what_astronomers_ask(tap, obscore, condition, chosen):
    one = next(iter(obscore.values()))
    condition = condition.format(one["s_ra"], one["s_dec"], one["t_min"])
    found = {row["access_url"] for row in tap.run_sync(f"SELECT access_url FROM ivoa.obscore WHERE {condition}")}
    assert found == {row["access_url"] for row in obscore.values() if chosen(row, one)} and found
