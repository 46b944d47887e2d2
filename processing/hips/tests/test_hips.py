"""A known sky in images of different zero points and skies, and what its HiPS hold of it."""

import json
import shutil

import numpy as np
import pytest
from astropy.io import fits

from processing.config import survey
from processing.errors import SurveyError
from processing.hips.levels import compare, pairs, solve
from processing.hips.make import ACCOUNT, make_hips, mark
from processing.hips.properties import Publisher
from processing.hips.sources import pixels, sources
from processing.hips.tests.made_sky import CENTRE, FWHM, NOISE, STAR, STEP, make_sky
from processing.hips.tiles import DEPTH, WIDTH, halved, joined, places, read_tile, tile_path
from processing.schema import BANDS
from processing.sphere import separation

IMAGES = ((20.9, 100.0, 100.0), (20.6, 250.0, 251.0))
"""Zero point, sky, and the sky that the table tells: wrong by a noise level in the second."""

ORDER = survey().hips.order


def alone(work, tasks, what):
    """``each`` in this process."""
    return [work(*task) for task in tasks]


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return make_sky(tmp_path_factory.mktemp("release"), IMAGES)


@pytest.fixture(scope="module")
def lone(tmp_path_factory):
    """The same sky in J alone."""
    return make_sky(tmp_path_factory.mktemp("lone"), IMAGES[:1], BANDS[:1])


@pytest.fixture(scope="module")
def hips(release, tmp_path_factory):
    """The folder of all HiPS, and what was counted."""
    folder = tmp_path_factory.mktemp("hips") / "all"
    return folder, make_hips(release, folder, alone, Publisher("org.test", "Test", "http://host/hips/{name}"))


@pytest.fixture(scope="module")
def deepest(hips):
    """Right ascension, declination and brightness of all pixels of the deepest J tiles that were seen."""
    parts = []
    for path in sorted((hips[0] / "j" / f"Norder{ORDER}").rglob("*.fits")):
        tile = int(path.stem.removeprefix("Npix"))
        image = read_tile(hips[0] / "j", ORDER, tile)
        seen = np.isfinite(image)
        parts.append([axis[seen] for axis in (*places(ORDER, tile), image)])
    return [np.concatenate(axis) for axis in zip(*parts)]


def test_the_pixels_of_a_tile_lie_as_the_standard_says():
    """The eastern corner is below on the left, columns grow to the northern one, rows to the southern one."""
    from cdshealpix.nested import vertices

    ra, dec = places(3, 200)
    lon, lat = vertices(np.array([200], np.uint64), 3, num_threads=1)
    corners = {side: (lon.deg[0][n], lat.deg[0][n]) for n, side in enumerate("SENW")}
    for side, (row, column) in {"E": (0, 0), "N": (0, -1), "W": (-1, -1), "S": (-1, 0)}.items():
        assert separation(ra[row, column], dec[row, column], *corners[side]) < 2 * 3600 * 58.6 / 2 ** (3 + DEPTH)


@pytest.mark.parametrize("tile", [0, 700, 3 * 4**4 + 11])
def test_a_tile_is_the_mean_of_its_children_at_their_places(tile):
    """A slope on the sky is still the same slope one order up; what is missing is not counted."""
    children = [sum(places(5, 4 * tile + child)) for child in range(4)]
    ra, dec = places(4, tile)
    assert joined(children) == pytest.approx(ra + dec, abs=0.02)
    part = joined([children[0], None, None, None])
    assert np.isfinite(part).sum() == WIDTH**2 / 4
    assert halved(np.array([[1, np.nan], [3, np.nan]])) == 2 and np.isnan(halved(np.full((2, 2), np.nan)))


def test_the_star_has_its_flux_and_place(deepest):
    ra, dec, brightness = deepest
    apart = separation(ra, dec, *CENTRE)
    near, around = apart < 3 * FWHM, (apart > 20) & (apart < 50)
    brightness = brightness - np.median(brightness[around])  # half of what the table tells wrongly
    pixel = 4 * np.pi / 12 / 4 ** (ORDER + DEPTH)
    flux = brightness[near].sum() * 1e6 * pixel
    assert flux == pytest.approx(STAR, rel=0.01)
    weight = np.maximum(brightness[near], 0)
    middle = [(axis[near] * weight).sum() / weight.sum() for axis in (ra, dec)]
    assert separation(*middle, *CENTRE) < 0.2


def test_what_was_seen_is_what_the_images_show(deepest):
    area = deepest[0].size * 4 * np.pi / 12 / 4 ** (ORDER + DEPTH) * np.degrees(1) ** 2 * 3600**2
    assert area == pytest.approx(159 * (159 + STEP), rel=0.01)


def test_the_levels_of_neighbours_agree_to_a_small_part_of_the_noise(release):
    found = sources(release)
    rows = [row for n, others in enumerate(pairs(found)) for row in compare(n, found[n], {m: found[m] for m in others})]
    assert len(rows) == 3 and {found[a].band == found[b].band for a, b, *_ in rows} == {True}
    levels = solve(len(found), rows)
    for one, other, step, cells in rows:
        unit = found[one].scale * NOISE
        assert step / unit == pytest.approx(1.0 * found[other].scale / unit, abs=0.1)  # 1 DN of the second image
        assert abs(step - (levels[one] - levels[other])) < 0.05 * unit


def test_there_is_no_step_where_one_image_ends(deepest):
    """East and west of the overlap the sky is the same to a tenth of the noise; told were skies 1 DN apart."""
    ra, dec, brightness = deepest
    east = (ra - CENTRE[0]) * np.cos(np.radians(CENTRE[1])) * 3600
    noise = brightness[np.abs(east) > 40].std()
    sides = [np.median(brightness[(sign * east > 30) & (sign * east < 130)]) for sign in (-1, 1)]
    assert abs(sides[0] - sides[1]) < 0.1 * noise


def test_images_that_touch_nothing_keep_their_own_sky():
    assert solve(3, []) == pytest.approx(0)
    levels = solve(3, [(0, 1, 4.0, 50)])
    assert levels == pytest.approx([2, -2, 0], abs=0.01)


def test_all_is_counted(hips, release):
    folder, account = hips
    for name in ("j", "h", "k"):
        assert account["hips"][name]["images"] == len(IMAGES)
    assert account["hips"]["colour"]["images"] == release.rows["atlas"]
    for name, own in account["hips"].items():
        assert list(own["tiles"]) == [str(order) for order in range(ORDER + 1)]
        for order, number in own["tiles"].items():
            assert len(list((folder / name / f"Norder{order}").rglob("Npix*.png"))) == number
    assert not (folder / "units").exists()


def test_the_coverage_map_is_what_was_seen(hips):
    from astropy.coordinates import Latitude, Longitude
    from mocpy import MOC

    moc = MOC.from_fits(str(hips[0] / "j" / "Moc.fits"))
    area = moc.sky_fraction * 4 * np.pi * np.degrees(1) ** 2 * 3600**2
    assert 159 * (159 + STEP) < area < 1.4 * 159 * (159 + STEP)
    assert moc.contains_lonlat(Longitude([CENTRE[0]], "deg"), Latitude([CENTRE[1]], "deg"))[0]


def test_allsky_shows_the_tiles_of_order_three_at_their_places(hips):
    from PIL import Image

    picture = np.asarray(Image.open(hips[0] / "colour" / "Norder3" / "Allsky.png"))
    image = fits.getdata(hips[0] / "j" / "Norder3" / "Allsky.fits")
    assert picture.shape == (29 * 64, 27 * 64, 4) and image.shape == picture.shape[:2]
    tiles = {int(path.stem[4:]) for path in (hips[0] / "j" / "Norder3").rglob("Npix*.png")}
    for found in (picture[..., 3] > 0, np.isfinite(image)[::-1]):
        lines, columns = np.nonzero(found)
        assert set(lines // 64 * 27 + columns // 64) == tiles


def test_the_properties_have_what_the_standard_asks_for(hips):
    for name in ("j", "h", "k", "colour"):
        lines = (hips[0] / name / "properties").read_text().splitlines()
        pairs = dict(map(str.strip, line.split("=", 1)) for line in lines)
        assert {"creator_did", "obs_title", "dataproduct_type", "hips_version", "hips_release_date", "hips_status",
                "hips_tile_format", "hips_order", "hips_frame", "hips_tile_width", "obs_description"} <= set(pairs)
        assert pairs["hips_service_url"] == f"http://host/hips/{name}" and pairs["hips_frame"] == "equatorial"
    records = (hips[0] / "hipslist").read_text().split("\n\n")
    assert len(records) == 4 and all("creator_did" in record for record in records)


def test_the_picture_of_a_band_shows_the_star_and_is_clear_where_nothing_was_seen(hips):
    from PIL import Image

    for path in (hips[0] / "j" / f"Norder{ORDER}").rglob("*.png"):
        picture = np.asarray(Image.open(path))
        image = read_tile(hips[0] / "j", ORDER, int(path.stem[4:]))[::-1]
        assert ((picture[..., 1] == 255) == np.isfinite(image)).all()
        assert picture[..., 0][np.isfinite(image)].min() < 60


def test_an_interrupted_run_goes_on_to_the_same_bytes(lone, tmp_path):
    def interrupted(work, tasks, what):
        for task in tasks:
            if what.startswith("tiles of order 6"):
                raise KeyboardInterrupt
            yield work(*task)

    with pytest.raises(KeyboardInterrupt):
        make_hips(lone, tmp_path / "all", interrupted)
    tip = next((tmp_path / "all" / "j").rglob(f"Norder{ORDER}/*/*.fits"))
    written = tip.stat().st_mtime_ns
    assert not (tmp_path / "all" / ACCOUNT).exists()
    make_hips(lone, tmp_path / "all", alone)
    assert tip.stat().st_mtime_ns == written
    make_hips(lone, tmp_path / "at once", alone)
    assert _bytes_of(tmp_path / "all") == _bytes_of(tmp_path / "at once")


def _bytes_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_there_is_not_made_again_but_of_other_images_is(release, lone, hips, tmp_path):
    folder = tmp_path / "all"
    shutil.copytree(hips[0], folder)
    elsewhere = Publisher("org.test", "Test", "http://elsewhere/{name}")
    assert make_hips(release, folder, None, elsewhere) == _account(folder)
    assert "http://elsewhere/j" in (folder / "hipslist").read_text()
    assert mark(lone) != mark(release)
    account = make_hips(lone, folder, alone)
    assert list(account["hips"]) == ["j"] and not (folder / "colour").exists()


def _account(folder):
    return json.loads((folder / ACCOUNT).read_text())


def test_a_folder_of_something_else_is_refused(release, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(SurveyError, match="no folder of HiPS"):
        make_hips(release, tmp_path, alone)


def test_an_image_that_is_not_there_is_named(tmp_path):
    release = make_sky(tmp_path / "release", IMAGES[:1], BANDS[:1])
    gone = next((tmp_path / "release").rglob("ji01.fits"))
    gone.unlink()
    with pytest.raises(SurveyError, match="ji01.fits"):
        make_hips(release, tmp_path / "all", alone)


def test_a_tile_that_is_lost_on_the_way_is_missed(lone, tmp_path):
    def losing(work, tasks, what):
        results = [work(*task) for task in tasks]
        if what.startswith(f"tiles of order {ORDER}"):
            next((tmp_path / "all" / "j" / f"Norder{ORDER}").rglob("*.png")).unlink()
        return results

    with pytest.raises(SurveyError, match="tiles of order 9 were written"):
        make_hips(lone, tmp_path / "all", losing)


def test_a_sky_that_nobody_has_told_is_measured(tmp_path):
    release = make_sky(tmp_path / "release", ((20.9, 100.0, None),), BANDS[:1])
    image, _ = pixels(sources(release)[0])
    assert abs(np.median(image)) < 0.1 * NOISE * sources(release)[0].scale
