"""The HiPS as clients meet them: listed, valid, with the pixels of the images."""

import io
import shutil
import subprocess

import numpy as np
import pytest
import requests

from processing.config import survey
from processing.hips.tiles import places
from processing.schema import BANDS
from processing.sphere import separation

NAMES = [*(band.letter for band in BANDS), "colour"]
ALADIN = "/usr/share/java/aladin.jar"


@pytest.fixture(scope="module")
def listed(server, release):
    """Address of each HiPS to its properties, as the server's list tells them."""
    records = requests.get(f"{server.url}/hipslist").text.split("\n\n")
    found = [dict(map(str.strip, line.split("=", 1)) for line in record.splitlines()) for record in records]
    return {record["hips_service_url"]: record for record in found}


def test_the_list_leads_to_each_hips(server, listed):
    assert list(listed) == [f"{server.url}/twomass/sky/{name}/hips" for name in NAMES]
    for address, record in listed.items():
        answer = requests.get(f"{address}/properties")
        assert answer.headers["content-type"].startswith("text/plain")
        assert dict(map(str.strip, line.split("=", 1)) for line in answer.text.splitlines()) == record


def test_the_star_of_an_image_is_at_its_place_in_the_tiles(listed, release):
    """The brightest pixel of an image is at the brightest pixel of the tiles, and as bright."""
    from astropy.coordinates import Latitude, Longitude
    from astropy.io import fits
    from cdshealpix.nested import lonlat_to_healpix

    from processing.hips.sources import pixels, sources

    source = next(one for one in sources(release) if one.band == "j" and "000127" in one.path)
    image, wcs = pixels(source)
    inner = np.where(np.pad(np.ones(np.array(image.shape) - 200, bool), 100), image, -np.inf)
    row, column = np.unravel_index(np.nanargmax(inner), image.shape)
    ra, dec = wcs.wcs_pix2world([[column, row]], 0)[0]
    order = survey().hips.order
    tile = int(lonlat_to_healpix(Longitude([ra], "deg"), Latitude([dec], "deg"), order)[0])
    address = next(address for address in listed if "/j/" in address)
    answer = requests.get(f"{address}/Norder{order}/Dir{tile // 10000 * 10000}/Npix{tile}.fits")
    assert answer.headers["content-type"] == "image/fits"
    drawn = fits.getdata(io.BytesIO(answer.content)).astype(float)
    near = separation(*(axis.ravel() for axis in places(order, tile)), ra, dec).reshape(drawn.shape) < 1.0
    assert np.nanmax(drawn[near]) == pytest.approx(image[row, column], rel=0.1)


def test_the_coverage_is_that_of_the_images(listed, release):
    from astropy.coordinates import Latitude, Longitude
    from mocpy import MOC

    for band, address in zip(BANDS, listed):
        moc = MOC.from_fits(io.BytesIO(requests.get(f"{address}/Moc.fits").content))
        rows = [row for row in release.read("atlas").to_pylist() if row["band"] == band.name]
        ra, dec = ([row[axis] for row in rows] for axis in ("ra", "dec"))
        assert moc.contains_lonlat(Longitude(ra, "deg"), Latitude(dec, "deg")).all()
        assert 0.9 < moc.sky_fraction / _fraction(rows) < 1.3


def _fraction(rows):
    """Part of the sky that images cover that do not overlap."""
    return sum(row["naxis1"] * row["naxis2"] * np.radians(row["pixel_scale"] / 3600) ** 2 for row in rows) / 4 / np.pi


@pytest.mark.parametrize("name", NAMES)
def test_the_hips_checker_of_aladin_finds_it_valid(server, release, name):
    if not shutil.which("java"):
        pytest.fail("Aladin is not installed: run 'make setup-tests'")
    folder = next((server.place.inputs / "hips").iterdir()) / name
    command = ["java", "-Djava.awt.headless=true", f"-Duser.home={server.folder}", "-jar", ALADIN, "-hipsgen",
               f"out={folder}", "LINT"]  # fmt: skip
    said = subprocess.run(command, capture_output=True, text=True, cwd=server.folder).stdout
    assert "is fully IVOA HiPS 1.0 compatible" in said, said
    assert "*WARN*" not in said and "*ERROR*" not in said, said


def test_a_release_of_the_same_images_shares_the_hips(server, release):
    links = {path.resolve() for path in (server.place.inputs / "releases").glob("*/hips")}
    assert links == set((server.place.inputs / "hips").iterdir())


def test_hips_of_other_images_are_refused(server, release, tmp_path):
    (tmp_path / "hips.json").write_text("{}")
    done = server.twomass("publish", release.path, "--hips", tmp_path, check=False)
    assert done.returncode == 1 and "expected the finished HiPS of release first" in done.stderr
