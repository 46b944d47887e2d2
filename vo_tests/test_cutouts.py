"""Cutouts (SODA): pixels and places are those of the image's own file, whatever the region."""

from io import BytesIO

import numpy as np
import pytest
import requests

SHARES = [(0.5, 0.5, 20), (0.0, 0.0, 15), (0.98, 0.5, 40), (0.3, 0.7, 1000), (0.41, 0.37, 0.1)]
"""Share of the columns and of the lines at which a region lies, and its half size in arcsec."""


@pytest.fixture(scope="module")
def image(release):
    """The row of an image, and its file."""
    row = release.read("atlas").to_pylist()[0]
    return row, release.path / row["file"]


def _ask(server, image, **parameters):
    row, _ = image
    return requests.get(f"{server.url}/twomass/q/image_links/dlget",
                        params={"ID": f"ivo://org.example.twomass/~?{row['file']}", **parameters})


def _region(kind, ra, dec, half):
    """The region as SODA has it and a function of astropy coordinates that says what is in it."""
    import astropy.units as u
    from astropy.coordinates import SkyCoord

    size, wide = half / 3600, half / 3600 / np.cos(np.radians(dec))
    if kind in ("CIRCLE", "POS=CIRCLE"):
        centre = SkyCoord(ra, dec, unit="deg")
        return f"{ra} {dec} {size}", lambda places: places.separation(centre) <= half * u.arcsec

    def inside(places):
        return (np.abs(places.ra.deg - ra) <= wide) & (np.abs(places.dec.deg - dec) <= size)

    if kind == "POS=RANGE":
        return f"{ra - wide} {ra + wide} {dec - size} {dec + size}", inside
    corners = [(ra + wide, dec - size), (ra + wide, dec + size), (ra - wide, dec + size), (ra - wide, dec - size)]
    return " ".join(f"{number}" for corner in corners for number in corner), inside


@pytest.mark.parametrize("kind", ["CIRCLE", "POLYGON", "POS=CIRCLE", "POS=RANGE", "POS=POLYGON"])
@pytest.mark.parametrize("x,y,half", SHARES)
def test_a_cutout_is_the_part_of_the_image_that_covers_the_region(server, image, kind, x, y, half):
    from astropy.coordinates import SkyCoord
    from astropy.io import fits
    from astropy.wcs import WCS

    pixels = fits.getdata(image[1])
    wcs, (lines, columns) = WCS(fits.getheader(image[1])), pixels.shape
    ra, dec = (float(value) for value in wcs.all_pix2world(1 + x * columns, 1 + y * lines, 1))
    text, inside = _region(kind, ra, dec, half)
    name, _, shape = kind.partition("=")
    answer = _ask(server, image, **{name: f"{shape} {text}".strip()})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/fits")
    part, places = fits.getdata(BytesIO(answer.content)), WCS(fits.getheader(BytesIO(answer.content)))

    first, bottom = (int(value) for value in np.rint(wcs.all_world2pix(*places.all_pix2world(0, 0, 0), 0)))
    own = pixels[bottom:bottom + part.shape[0], first:first + part.shape[1]]
    assert part.tobytes() == np.ascontiguousarray(own).tobytes()
    corner = np.array([[0, 0], [part.shape[1] - 1, part.shape[0] - 1]])
    assert np.allclose(places.all_pix2world(corner, 0), wcs.all_pix2world(corner + (first, bottom), 0), 0, 1e-11)

    rows, cols = np.nonzero(inside(SkyCoord(*wcs.all_pix2world(*np.indices(pixels.shape)[::-1], 0), unit="deg")))
    if len(rows):
        assert first <= cols.min() <= first + 1 and bottom <= rows.min() <= bottom + 1
        last, top = first + part.shape[1] - 1, bottom + part.shape[0] - 1
        assert last - 1 <= cols.max() <= last and top - 1 <= rows.max() <= top
    else:
        assert part.size == 1


def test_the_header_of_a_cutout_is_the_images_but_for_its_size_and_reference_pixel(server, image):
    from astropy.io import fits

    row, path = image
    part = fits.getheader(BytesIO(_ask(server, image, CIRCLE=f"{row['ra']} {row['dec']} 0.01").content))
    whole = fits.getheader(path)
    changed = {card.keyword for card in whole.cards if card.keyword not in ("", "COMMENT", "HISTORY")
               and part.get(card.keyword) != card.value}
    assert changed == {"NAXIS1", "NAXIS2", "CRPIX1", "CRPIX2"}


def test_without_a_region_the_file_itself_is_given(server, image):
    answer = _ask(server, image)
    assert answer.content == image[1].read_bytes() and answer.headers["content-type"] == "image/fits"


def test_a_posted_request_gives_what_the_other_gives(server, image):
    row, _ = image
    wanted = {"ID": f"ivo://org.example.twomass/~?{row['file']}", "POS": f"CIRCLE {row['ra']} {row['dec']} 0.005"}
    posted = requests.post(f"{server.url}/twomass/q/image_links/dlget", data=wanted)
    assert posted.content == _ask(server, image, POS=wanted["POS"]).content


@pytest.mark.parametrize("beside", ["CIRCLE {0} 89 0.1", "CIRCLE {1} -{2} 0.1", "RANGE 10 11 -40 -39",
                                    "POLYGON {1} 3 {1} 4 {0} 3"])
def test_a_region_beside_the_image_gives_no_content(server, image, beside):
    row, _ = image
    answer = _ask(server, image, POS=beside.format(row["ra"], (row["ra"] + 180) % 360, abs(row["dec"])))
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("wrong", [
    {"POS": "CIRCLE 1 2"}, {"POS": "BOX 1 2 3 4"}, {"POS": "CIRCLE 1 2 x"}, {"POS": "RANGE 1 2 4 3"},
    {"CIRCLE": "1 2 -1"}, {"CIRCLE": "1 95 1"}, {"CIRCLE": "a b c"}, {"POLYGON": "1 2 3 4"},
    {"CIRCLE": "1 2 1", "POS": "CIRCLE 1 2 1"},
    {"CIRCLE": ["1 2 1", "1 2 2"]}, {"NOSUCH": "1"}])
def test_what_is_wrong_is_told_as_dali_wants_it(server, image, wrong):
    answer = _ask(server, image, **wrong)
    assert 400 <= answer.status_code < 500 and answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith(("UsageError: ", "MultiValuedParamNotSupported: ")) and len(answer.text) < 400


@pytest.mark.parametrize("name", [
    "ivo://org.example.twomass/~?atlas/none.fits", "ivo://org.example.twomass/~?previews/x", "../../etc/passwd",
    "/etc/passwd"])
def test_a_file_that_is_no_published_image_is_not_given(server, release, name):
    answer = requests.get(f"{server.url}/twomass/q/image_links/dlget", params={"ID": name})
    assert answer.status_code in (403, 404)


def test_the_descriptor_that_clients_read_leads_to_the_cutout(server, tap, image):
    """pyvo finds the service in the links of an image and fills it in by itself."""
    import astropy.units as u
    from astropy.io import fits

    row, _ = image
    record = tap.run_sync(f"SELECT * FROM ivoa.obscore WHERE access_url LIKE '%{row['file']}'")[0]
    soda, = (link for link in record.getdatalink() if link.semantics == "#proc")
    processed = soda.processed(circle=(row["ra"] * u.deg, row["dec"] * u.deg, 0.01 * u.deg))
    with fits.open(BytesIO(processed.read())) as part:
        assert part[0].shape == (72, 72) or abs(part[0].shape[0] - 72) <= 2
