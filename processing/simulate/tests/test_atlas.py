import numpy as np
import pytest
from astropy.wcs import WCS

from processing.errors import SurveyError
from processing.simulate.atlas import simulate_atlas

CENTRE = (150.0, 2.0)
DARK = {"sky": {"j": 0.0, "h": 0.0, "k": 0.0}, "airglow": {"j": 0.0, "h": 0.0, "k": 0.0}}
CLEAN = {**DARK, "noise": False}


def stars_at(offsets, mag):
    """Stars of one magnitude at offsets (east, north) in arcsec from CENTRE."""
    east, north = np.array(offsets, float).T / 3600
    ra = CENTRE[0] + east / np.cos(np.radians(CENTRE[1]))
    return {"ra": ra, "dec": CENTRE[1] + north, **{band: np.full(len(ra), mag) for band in "jhk"}}


def lattice(nx, ny, step):
    x, y = np.meshgrid(np.arange(nx) - (nx - 1) / 2, np.arange(ny) - (ny - 1) / 2)
    jitter = np.random.default_rng(5).uniform(-1, 1, (2, x.size))
    return np.column_stack([step * x.ravel(), step * y.ravel()]) + jitter.T


def moments(data, x, y, half=40):
    """Flux, mean column and mean row in a box around x, y."""
    rows, columns = (slice(int(c) - half, int(c) + half + 1) for c in (y, x))
    stamp = data[rows, columns].astype(float)
    r, c = np.indices(stamp.shape)
    return stamp.sum(), (stamp * c).sum() / stamp.sum() + columns.start, (stamp * r).sum() / stamp.sum() + rows.start


@pytest.mark.parametrize("seed", [1, 5, 8])
def test_flux_is_that_of_the_zero_point(seed):
    """Also where the edge of a frame runs through the star (seeds 5 and 8)."""
    image = simulate_atlas(stars_at([(0, 0)], 10.0), None, CENTRE, "j", seed, (300, 300), **CLEAN)["j"]
    assert np.nansum(image.data) == pytest.approx(10 ** (0.4 * (image.header["MAGZP"] - 10.0)), rel=2e-3)


@pytest.mark.parametrize("seed, offset", [(3, (0.3, 0.2)), (4, (-6.6, 5.1)), (5, (7.0, -3.9))])
def test_positions_are_those_of_the_header(seed, offset):
    """Along the scan 2" pixels undersample the star and six steps of 41.2 pixels leave 0.015 pixel of that."""
    stars = stars_at([offset], 10.0)
    image = simulate_atlas(stars, None, CENTRE, "h", seed, (256, 256), **CLEAN)["h"]
    x, y = (float(v[0]) for v in WCS(image.header).wcs_world2pix(stars["ra"], stars["dec"], 0))
    _, column, row = moments(np.nan_to_num(image.data), x, y, half=100)
    assert abs(column - x) < 0.01 and abs(row - y) < 0.02
    assert (image.stars["x"][0].as_py(), image.stars["y"][0].as_py()) == pytest.approx((x, y), abs=1e-6)


def test_east_is_left_and_north_is_up():
    image = simulate_atlas(stars_at([(40, 90)], 9.5), None, CENTRE, "k", 2, (256, 256), **CLEAN)["k"]
    row, column = np.unravel_index(np.nanargmax(image.data), image.data.shape)
    assert (column, row) == (pytest.approx(127.5 - 40, abs=1), pytest.approx(127.5 + 90, abs=1))


def test_photon_noise_is_that_of_six_frames():
    stars = stars_at(lattice(8, 12, 50), 9.6)
    shape = (640, 460)
    noisy, mean = (simulate_atlas(stars, None, CENTRE, "j", 4, shape, noise=n, **DARK)["j"] for n in (True, False))
    excess = noisy.data - mean.data
    rows, columns = np.indices(shape)
    x, y = noisy.stars["x"].to_numpy(), noisy.stars["y"].to_numpy()
    sums = [excess[np.hypot(columns - a, rows - b) < 7].sum() for a, b in zip(x, y)]
    light = noisy.stars["dn"][0].as_py() * 0.98
    readout = 58.0**2 / 10**2 * np.pi * 7**2 / 4
    expected = np.sqrt((light / 10 + readout) / 6)
    assert np.std(sums) == pytest.approx(expected, rel=0.25)
    assert abs(np.mean(sums)) < 4 * expected / np.sqrt(len(sums))


def test_same_seed_same_image_and_another_seed_another():
    first, again, other = (simulate_atlas(None, None, CENTRE, "k", seed, (64, 64))["k"].data for seed in (7, 7, 8))
    assert np.array_equal(first, again, equal_nan=True)
    assert not np.array_equal(first, other, equal_nan=True)


def test_a_band_does_not_depend_on_which_others_are_made():
    alone = simulate_atlas(None, None, CENTRE, "k", 7, (64, 64))["k"].data
    together = simulate_atlas(None, None, CENTRE, "jhk", 7, (64, 64))
    assert np.array_equal(alone, together["k"].data, equal_nan=True)
    residuals = [(i.data - np.nanmean(i.data))[:, 8:-8].ravel() for i in together.values()]
    assert abs(np.corrcoef(residuals)[0, 1]) < 0.1


def test_edge_columns_are_nan_and_differ_from_band_to_band():
    images = simulate_atlas(None, None, CENTRE, seed=2, shape=(200, 512))
    edges = []
    for image in images.values():
        empty = np.isnan(image.data).all(axis=0)
        assert np.isfinite(image.data[:, 8:-8]).all()
        edges.append((int(empty[:8].sum()), int(empty[-8:].sum())))
    assert all(2 <= left and 2 <= left + right <= 11 for left, right in edges)
    assert len(set(edges)) == 3


def test_bright_stars_are_clipped_and_the_brightest_are_holes():
    peaks = {}
    for mag in (10.0, 7.0, 2.0):
        image = simulate_atlas(stars_at([(0, 0)], mag), None, CENTRE, "j", 5, (200, 200))["j"]
        x, y = image.stars["x"][0].as_py(), image.stars["y"][0].as_py()
        centre = image.data[round(y), round(x)] - image.header["SKYVAL"]
        peaks[mag] = centre, np.nanmax(image.data), image.stars["dn"][0].as_py()
    assert peaks[10.0][0] / peaks[10.0][2] == pytest.approx(0.083, abs=0.015)
    assert peaks[7.0][0] / peaks[7.0][2] < 0.05 and peaks[7.0][1] < 12000
    assert peaks[2.0][0] < 0.2 * peaks[2.0][1]


def test_star_without_a_magnitude_is_not_in_that_band():
    stars = stars_at([(0, 0), (30, 0)], 12.0)
    stars["h"][1] = np.nan
    images = simulate_atlas(stars, None, CENTRE, "jh", 1, (128, 128))
    assert images["j"].stars["row"].to_pylist() == [0, 1] and images["h"].stars["row"].to_pylist() == [0]


def test_galaxy_has_its_flux_its_size_and_its_angle():
    galaxy = {"ra": [CENTRE[0]], "dec": [CENTRE[1]], "k": [9.0], "reff": [12.0], "sersic": [1.0], "axis_ratio": [0.3],
              "angle": [30.0]}  # fmt: skip
    image = simulate_atlas(None, galaxy, CENTRE, "k", 1, (400, 400), **CLEAN)["k"]
    data = np.nan_to_num(image.data.astype(float))
    rows, columns = np.indices(data.shape)
    dx, dy = columns - image.galaxies["x"][0].as_py(), rows - image.galaxies["y"][0].as_py()
    assert data.sum() == pytest.approx(image.galaxies["dn"][0].as_py(), rel=5e-3)
    assert data[np.hypot(dx, dy) < 12.0].sum() / data.sum() == pytest.approx(0.70, abs=0.08)
    xx, yy, xy = ((data * a * b).sum() for a, b in ((dx, dx), (dy, dy), (dx, dy)))
    assert np.degrees(0.5 * np.arctan2(2 * -xy, yy - xx)) == pytest.approx(30.0, abs=2)


def test_header_says_when_and_where_consistently():
    header = simulate_atlas(None, None, (133.2, -6.3), "h", 9, (64, 64))["h"].header
    assert (header["TELNAME"], header["FILTER"], header["TYPE"], header["EQUINOX"]) == ("CTIO", "h", "sci", 2000.0)
    frame = (-header["USYREF"] - 32) / -header["DYFS"]
    assert 0 <= frame < header["NUMFRMS"]
    bounds = sorted([header["AM_SOS"], header["AM_EOS"]])
    assert bounds[0] - 0.01 <= header["AMASS_FC"] <= bounds[1] + 0.01
    seconds = np.diff([np.dot([3600, 60, 1], [float(v) for v in header[k].split(":")]) for k in ("UT_SOS", "UT")])[0]
    assert seconds % 86400 == pytest.approx(0.743 + frame * 1.4855, abs=1)
    assert header["SKYSIG"] == pytest.approx(header["QT5000"] - header["QT1586"])
    assert "no telescope took this image" in str(header["HISTORY"])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"bands": "jx"}, "bands: expected some of j, h, k, found x"),
        ({"stars": {"ra": [1.0], "dec": [2.0]}}, "no column 'j'"),
        ({"stars": {"ra": [1.0], "dec": [2.0, 3.0], "j": [1.0]}}, "expected columns of one length"),
        ({"seeing": 1.0}, "seeing 1.00 arcsec"),
    ],
)
def test_nonsense_is_refused(arguments, message):
    with pytest.raises(SurveyError, match=message):
        simulate_atlas(**{"bands": "j", "shape": (64, 64), **arguments})
