"""What belongs together is linked: sources, their images and scans, images, their pictures and sources."""

from io import BytesIO
from urllib.parse import parse_qs, quote, urlsplit

import numpy as np
import pytest
import requests

from processing.schema import BANDS

pytestmark = [pytest.mark.filterwarnings("ignore:Unknown xsi.type"),  # pyvo does not know SIA's own capability
              pytest.mark.filterwarnings("ignore::pyvo.utils.xml.exceptions.UnknownElementWarning")]


@pytest.fixture(scope="module")
def images(release):
    """The rows of the release's atlas table by file."""
    return {row["file"]: row for row in release.read("atlas").to_pylist()}


@pytest.fixture(scope="module")
def fields(images):
    """The files of each field: coadd_key to {band: file}."""
    found = {}
    for file, row in images.items():
        found.setdefault(row["coadd_key"], {})[row["band"]] = file
    return found


@pytest.fixture(scope="module")
def source(release, fields):
    """A source on the images of a field in three bands."""
    whole = next(key for key, files in fields.items() if len(files) == 3)
    return next(row for row in release.read("psc").to_pylist() if row["coadd_key"] == whole)


def _links(server, service, name):
    from pyvo.dal.adhoc import DatalinkResults

    return DatalinkResults.from_result_url(f"{server.url}/twomass/q/{service}/dlmeta?ID={quote(str(name))}")


def _did(file):
    return f"ivo://org.example.twomass/~?{file}"


def _files(links, *semantics):
    """Files of the release that links with such a meaning lead to."""
    return {link.access_url.split("/getproduct/")[1] for link in links
            if link.semantics in semantics and link.content_type == "image/fits" and "/getproduct/" in link.access_url}


def test_an_image_is_linked_to_itself_and_to_its_field_in_the_other_bands(server, images, fields):
    for file, row in images.items():
        links = list(_links(server, "image_links", _did(file)))
        assert {link["ID"] for link in links} == {_did(file)}
        this, = (link for link in links if link.semantics == "#this")
        assert this.access_url == f"{server.url}/getproduct/{file}"
        assert (this.content_type, this.content_length) == ("image/fits", row["bytes"])
        assert _files(links, "#coderived") == set(fields[row["coadd_key"]].values()) - {file}


def test_the_pictures_of_an_image_are_its_own_and_one_of_the_field_in_colours(server, release, fields):
    from astropy.io import fits
    from PIL import Image

    files = next(files for files in fields.values() if len(files) == 3)
    links = _links(server, "image_links", _did(files["J"]))
    own, colour = (np.asarray(Image.open(BytesIO(requests.get(link.access_url).content)))
                   for link in links if link.semantics == "#preview" and link.content_type == "image/jpeg")
    assert own.ndim == 2 and colour.shape == (*own.shape, 3)
    spread = colour.astype(int).max(axis=-1) - colour.astype(int).min(axis=-1)
    assert (spread > 30).any()
    # a band's channel is brightest where that band is: red Ks, green H, blue J
    for channel, band in enumerate(("Ks", "H", "J")):
        pixels = fits.getdata(release.path / files[band])
        shown = np.nan_to_num(pixels[::-1][:colour.shape[0], :colour.shape[1]], nan=np.nanmin(pixels))
        bright = shown > np.percentile(shown, 99.8)
        assert colour[..., channel][bright].mean() > 3 * colour[..., channel].mean(), band


def test_from_an_image_one_comes_to_the_rows_of_its_sources_and_of_its_scan(server, release, images, fields):
    import pyarrow.compute as pc
    from astropy.table import Table

    points = release.read("psc")
    for files in fields.values():
        row = images[files["H"]]
        links = {link.semantics: link for link in _links(server, "image_links", _did(row["file"]))}
        sources = Table.read(BytesIO(requests.get(links["#derivation"].access_url).content), format="votable")
        wanted = points.filter(pc.equal(points["coadd_key"], row["coadd_key"]))["pts_key"].to_pylist()
        assert len(wanted) == 4 and sorted(sources["pts_key"]) == sorted(wanted)
        scan = Table.read(BytesIO(requests.get(links["#auxiliary"].access_url).content), format="votable")
        assert list(scan["scan_key"]) == [row["scan_key"]] and scan["scan"][0] == row["scan"]


def test_a_source_is_linked_to_the_images_that_show_it_in_each_band(server, source, fields):
    links = list(_links(server, "source_links", source["designation"]))
    assert _files(links, "#progenitor") == set(fields[source["coadd_key"]].values())
    assert {link["ID"] for link in links} == {source["designation"]}
    scan, = (link for link in links if link["local_semantics"] == "scan")
    assert f"scan_key = {source['scan_key']}" in parse_qs(urlsplit(scan.access_url).query)["QUERY"][0]


def test_the_cutouts_of_a_source_have_it_in_their_middle_in_every_band(server, source, images):
    from astropy.io import fits
    from astropy.wcs import WCS

    stamps = [link for link in _links(server, "source_links", source["pts_key"]) if link.semantics == "#cutout"]
    assert [link["local_semantics"] for link in stamps] == [f"cutout-{band.name}" for band in BANDS]
    for link in stamps:
        header = fits.getheader(BytesIO(requests.get(link.access_url).content))
        x, y = WCS(header).all_world2pix(source["ra"], source["dec"], 1)
        assert abs(x - (header["NAXIS1"] + 1) / 2) <= 1 and abs(y - (header["NAXIS2"] + 1) / 2) <= 1
        assert 58 <= header["NAXIS1"] <= 62 and 58 <= header["NAXIS2"] <= 62
        assert header["FILTER"].strip() == link["local_semantics"].split("-")[1][0].lower()


def test_from_a_source_one_comes_to_cutouts_of_any_size(server, source):
    from astropy.io import fits

    services = [link for link in _links(server, "source_links", source["designation"]) if link.semantics == "#proc"]
    assert [link["local_semantics"] for link in services] == [f"soda-{band.name}" for band in BANDS]
    for link, band in zip(services, BANDS):
        cutout = link.process(circle=(source["ra"], source["dec"], 20 / 3600))
        header = fits.getheader(BytesIO(cutout.read()))
        assert header["FILTER"].strip() == band.letter and abs(header["NAXIS1"] - 40) <= 2


@pytest.mark.parametrize("name", ["{}", "2MASS J{}", "2MASSJ{}"])
def test_a_source_is_found_by_its_name_in_full_and_by_its_key(server, source, name):
    this, = (link for link in _links(server, "source_links", name.format(source["designation"]))
             if link.semantics == "#this")
    by_key, = (link for link in _links(server, "source_links", source["pts_key"]) if link.semantics == "#this")
    assert this.access_url == by_key.access_url
    assert source["designation"].encode() in requests.get(this.access_url + "&FORMAT=csv").content


def test_a_name_with_a_plus_that_nobody_encoded_is_understood(server, release):
    row = next(row for row in release.read("psc").to_pylist() if "+" in row["designation"])
    answer = requests.get(f"{server.url}/twomass/q/source_links/dlmeta?ID={row['designation']}")
    assert f"pts_key+%3D+{row['pts_key']}".encode() in answer.content


@pytest.mark.parametrize("service,name", [
    ("source_links", "08300186+9999999"), ("source_links", "1 OR 1=1"), ("source_links", "999999998"),
    ("image_links", "ivo://org.example.twomass/~?atlas/none.fits"), ("image_links", "ivo://elsewhere/x?y")])
def test_what_is_not_there_is_a_row_that_says_so(server, release, service, name):
    rows = list(_links(server, service, name))
    assert len(rows) == 1 and rows[0]["error_message"].startswith("NotFoundFault: ")
    assert (rows[0]["ID"], rows[0]["access_url"] or "") == (name, "")


@pytest.mark.parametrize("query", [
    "SELECT TOP 3 * FROM twomass.psc WHERE pts_key > 899999999",
    "SELECT TOP 3 * FROM twomass.data WHERE cntr > 899999999",
    "SELECT TOP 3 * FROM twomass.atlas", "SELECT TOP 3 * FROM ivoa.obscore",
    "SELECT TOP 3 p.designation, s.airmass FROM twomass.psc AS p JOIN twomass.scans AS s ON p.scan_key = s.scan_key"])
def test_a_table_from_tap_leads_to_the_links_of_its_rows(tap, query):
    result = tap.run_sync(query)
    found = list(result.iter_datalinks())
    assert len(found) == 3
    for row, links in zip(result, found):
        assert "#this" in {link.semantics for link in links}
        assert {link.semantics for link in row.getdatalink()} == {link.semantics for link in links}


@pytest.mark.parametrize("service,protocol", [("cone/scs.xml?", "SCSService"), ("sia/siap.xml?", "SIAService"),
                                              ("sia2/siap2.xml", "SIA2Service")])
def test_a_table_from_another_protocol_leads_to_the_links_of_its_rows(server, source, service, protocol):
    import pyvo

    place = (source["ra"], source["dec"])
    how = {"SCSService": {"radius": 0.001}, "SIAService": {"size": 0.001}, "SIA2Service": {}}[protocol]
    where = (*place, 0.0005) if protocol == "SIA2Service" else place
    result = getattr(pyvo.dal, protocol)(f"{server.url}/twomass/q/{service}").search(pos=where, **how)
    assert len(result) == (1 if protocol == "SCSService" else 3)
    for links in result.iter_datalinks():
        assert {"#this", "#auxiliary"} <= {link.semantics for link in links}


def test_every_address_in_the_links_of_a_source_and_of_its_images_answers_what_it_says(server, source, fields):
    names = [("source_links", source["designation"]), *(("image_links", _did(file))
                                                        for file in fields[source["coadd_key"]].values())]
    tried = set()
    for service, name in names:
        for link in _links(server, service, name):
            if link["access_url"] and link["access_url"] not in tried:
                tried.add(link["access_url"])
                answer = requests.get(link["access_url"])
                assert answer.ok and answer.headers["content-type"].split(";")[0] == link.content_type.split(";")[0]
                if link.content_length > 0:
                    assert len(answer.content) == link.content_length
    assert len(tried) > 10
