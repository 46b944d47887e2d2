"""The extended sources as their users meet them: TAP, SCS, joins with the points, postage stamps by datalink."""

from io import BytesIO
from urllib.parse import quote

import numpy as np
import pytest
import requests

from processing.schema import BANDS, load_table
from vo_tests.compare import rows_by, within

pytestmark = [pytest.mark.filterwarnings("ignore:Unknown xsi.type"),
              pytest.mark.filterwarnings("ignore::pyvo.utils.xml.exceptions.UnknownElementWarning")]
NAMES = load_table("xsc").names


@pytest.fixture(scope="module")
def galaxies(release):
    return release.read("xsc")


@pytest.fixture(scope="module")
def galaxy(release, galaxies):
    """One on a field in three bands, whose stamp goes beyond the edge of its images."""
    bands = {}
    for row in release.read("atlas").to_pylist():
        bands.setdefault(row["coadd_key"], set()).add(row["band"])
    return next(row for row in galaxies.to_pylist() if len(bands[row["coadd_key"]]) == 3)


def _links(server, name):
    from pyvo.dal.adhoc import DatalinkResults

    return DatalinkResults.from_result_url(f"{server.url}/twomass/q/galaxy_links/dlmeta?ID={quote(str(name))}")


def test_tap_gives_the_rows_of_the_files_all_389_columns(tap, galaxies):
    found = tap.run_sync("SELECT * FROM twomass.xsc").to_table()
    assert found.colnames == NAMES and len(NAMES) == 389
    assert rows_by("ext_key", found, NAMES) == rows_by("ext_key", galaxies, NAMES)


def test_a_cone_search_gives_the_galaxies_around_a_place(server, galaxies, galaxy):
    import pyvo

    service = pyvo.dal.SCSService(f"{server.url}/twomass/q/galaxies/scs.xml?")
    place = galaxy["ra"], galaxy["dec"]
    found = service.search(pos=place, radius=0.2, verbosity=3).to_table()
    assert rows_by("ext_key", found, NAMES) == rows_by("ext_key", within(galaxies, *place, 0.2), NAMES)
    short = service.search(pos=place, radius=0.2).to_table()
    assert set(load_table("xsc").extra["principal"]) <= set(short.colnames) and "j_sc_vint" not in short.colnames


def test_galaxies_join_their_point_sources(tap, galaxies):
    found = tap.run_sync("SELECT x.ext_key, p.pts_key, x.ra - p.ra AS away FROM twomass.xsc AS x "
                         "JOIN twomass.psc AS p ON x.pts_key = p.pts_key").to_table()
    assert len(found) == galaxies.num_rows and np.abs(found["away"]).max() < 1e-9


def test_a_galaxy_has_stamps_in_each_band_with_itself_in_the_middle(server, galaxy):
    from astropy.io import fits
    from astropy.wcs import WCS

    stamps = [link for link in _links(server, galaxy["designation"]) if link.semantics == "#cutout"]
    assert [link["local_semantics"] for link in stamps] == [f"stamp-{band.name}" for band in BANDS]
    for link, band in zip(stamps, BANDS):
        hdu = fits.open(BytesIO(requests.get(link.access_url).content))[0]
        assert hdu.header["FILTER"].strip() == band.letter and abs(hdu.header["NAXIS1"] - 90) <= 1
        x, y = WCS(hdu.header).wcs_world2pix([[galaxy["ra"], galaxy["dec"]]], 1)[0]
        assert abs(x - (hdu.header["NAXIS1"] + 1) / 2) <= 1 and abs(y - (hdu.header["NAXIS2"] + 1) / 2) <= 1
        assert np.isfinite(hdu.data).mean() > 0.5


def test_its_stamp_in_colours_is_a_picture(server, galaxy):
    from PIL import Image

    link, = (link for link in _links(server, galaxy["ext_key"]) if link["local_semantics"] == "stamp-colour")
    answer = requests.get(link.access_url)
    assert answer.headers["content-type"] == link.content_type == "image/jpeg"
    assert np.asarray(Image.open(BytesIO(answer.content))).shape[2] == 3


def test_a_stamp_of_another_size_is_cut_by_soda(server, galaxy):
    from astropy.io import fits

    address = f"{server.url}/twomass/q/galaxy_links/dlget"
    ask = {"ID": galaxy["designation"], "FILTER": "H", "CIRCLE": f"{galaxy['ra']} {galaxy['dec']} {20 / 3600}"}
    header = fits.getheader(BytesIO(requests.get(address, ask).content))
    assert abs(header["NAXIS1"] - 40) <= 1 and abs(header["NAXIS2"] - 40) <= 1
    ask = {"ID": galaxy["designation"], "POS": f"CIRCLE {galaxy['ra']} {galaxy['dec']} {20 / 3600}"}
    assert fits.getheader(BytesIO(requests.get(address, ask).content))["FILTER"].strip() == "k"


@pytest.mark.parametrize("wrong", [{"FILTER": "Z"}, {"CIRCLE": "10 20 -1"}, {"POS": "CIRCLE 1"}, {"POS": "SPOT 1 2"}])
def test_what_cannot_be_cut_is_refused(server, galaxy, wrong):
    answer = requests.get(f"{server.url}/twomass/q/galaxy_links/dlget", {"ID": galaxy["designation"], **wrong})
    assert answer.status_code in (400, 422)


def test_a_stamp_where_no_image_is_says_so(server, galaxy):
    ask = {"ID": galaxy["designation"], "CIRCLE": f"{galaxy['ra']} {-galaxy['dec'] - 20} 0.01"}
    assert requests.get(f"{server.url}/twomass/q/galaxy_links/dlget", ask).status_code in (204, 400)


def test_a_table_from_tap_leads_to_the_links_of_its_rows(tap):
    result = tap.run_sync("SELECT TOP 3 * FROM twomass.xsc")
    for links in result.iter_datalinks():
        assert {"#this", "#progenitor", "#cutout", "#counterpart"} <= {link.semantics for link in links}


def test_every_address_in_the_links_of_a_galaxy_answers_what_it_says(server, galaxy):
    for link in _links(server, galaxy["designation"]):
        if link["access_url"] and link.semantics != "#proc":
            answer = requests.get(link["access_url"])
            assert answer.ok and answer.headers["content-type"].split(";")[0] == link.content_type.split(";")[0]


@pytest.mark.parametrize("name", ["99999999+9999999", "999999998", "no galaxy"])
def test_what_is_not_there_is_a_row_that_says_so(server, release, name):
    rows = list(_links(server, name))
    assert len(rows) == 1 and rows[0]["error_message"].startswith("NotFoundFault: ")
