"""A small simulated night, read with plain astropy and numpy as the format's page says, and compared with its truth."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from processing.cli import main
from processing.config import survey
from processing.errors import SurveyError
from processing.formats.raw_night import read_night, read_sequence
from processing.formats.raw_reference import read_astrometric, read_standards
from processing.simulate.night_plan import Settings, plan
from processing.simulate.nights import simulate_nights
from processing.simulate.pointing import track
from processing.simulate.truth import Truth, star_image

SMALL = Settings(290.0, 30.0, scans=2, seed=4, frames=12, cal_frames=12, still_frames=12, limit=15.0, real=False)
NIGHT = "990712n"


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    root = tmp_path_factory.mktemp("nights") / "raw"
    simulate_nights(root, SMALL)
    return root


@pytest.fixture(scope="module")
def truth(raw):
    return Truth(raw / "truth")


def load(raw, name):
    """READ1 and READ2 as float, and FRAMES."""
    with fits.open(raw / NIGHT / name) as hdus:
        return hdus["READ1"].data.astype(float), hdus["READ2"].data.astype(float), Table(hdus["FRAMES"].data)


def charge(raw, name, band):
    """The 1.3 s image of each frame with plain steps: dark taken off both reads, then the header's non-linearity."""
    header = fits.getheader(raw / NIGHT / name)
    first, second, _ = load(raw, name)
    darks = [load(raw, f"dark{seq:03d}_{band}.fits")[:2] for seq in (1, 2)]
    reads = [r - np.median(np.concatenate([d[i] for d in darks]), axis=0) for i, r in enumerate((first, second))]
    first, second = ((1 - np.sqrt(1 - 4 * header["NONLIN"] * np.minimum(r, 6e4))) / 2 / header["NONLIN"] for r in reads)
    return second - first


def test_files_are_as_the_format_says(raw):
    log = Table.read(raw / NIGHT / "night.ecsv")
    assert list(log["seq"]) == list(range(1, 19)) and list(log["type"][:5]) == ["dark", "dark", "flat", "flat", "cal"]
    files = {path.name for path in (raw / NIGHT).iterdir()}
    assert files == {"night.ecsv"} | {f"{r['type']}{r['seq']:03d}_{b}.fits" for r in log for b in "jhk"}
    for row in log:
        tile = "" if row["tile"] is np.ma.masked else row["tile"]
        for band in "jhk":
            with fits.open(raw / NIGHT / f"{row['type']}{row['seq']:03d}_{band}.fits") as hdus:
                said = [hdus[0].header[k] for k in ("DATE-OBS", "BAND", "HEMIS", "SCANNO", "SCANDIR", "TYPE", "TILE")]
                assert said == [row["start"], band, "n", row["seq"], row["direction"], row["type"], tile]
                assert [hdus[0].header[k] for k in ("TEXP1", "TEXP2", "SATURATE")] == [0.051, 1.351, 29000.0]
                for name in ("READ1", "READ2"):
                    assert hdus[name].shape == (12, 256, 256) and hdus[name].data.dtype == np.uint16
                frames = hdus["FRAMES"].data
                assert np.array_equal(frames["frame"], np.arange(1, 13))
                assert np.all(np.isnan(frames["ra"])) == (row["direction"] == "-")
    first = log[log["type"] == "sci"][0]
    frames = load(raw, f"sci{first['seq']:03d}_k.fits")[2]
    assert [first[k] for k in ("ra", "dec", "airmass")] == [frames[k][0] for k in ("ra", "dec", "airmass")]


def test_our_reader_takes_every_sequence(raw):
    night = read_night(raw / NIGHT)
    for row in night.sequences:
        assert set(read_sequence(night, row.seq)) == set("jhk")


def test_times_are_the_middle_between_the_reads(raw):
    log = Table.read(raw / NIGHT / "night.ecsv")
    for row in log:
        frames = load(raw, f"{row['type']}{row['seq']:03d}_h.fits")[2]
        start = np.datetime64(row["start"]) - np.datetime64("1858-11-17")
        days = start / np.timedelta64(1, "ms") / 86400e3
        assert (frames["mjd"][0] - days) * 86400 == pytest.approx(0.701, abs=2e-5)
        assert np.diff(frames["mjd"]) * 86400 == pytest.approx(1.4855, abs=1e-4)


def test_calibration_fields_are_seen_six_times_each_further_east(raw):
    log = Table.read(raw / NIGHT / "night.ecsv")
    cal = log[log["type"] == "cal"]
    for visit in (cal[:6], cal[6:]):
        assert len(set(visit["tile"])) == 1 and list(visit["direction"]) == ["n", "s"] * 3
    planned = [p for p in plan(SMALL)[0].sequences if p.type == "cal"][:6]
    east = np.diff([p.ra for p in planned]) * np.cos(np.radians(planned[0].dec)) * 3600
    assert east == pytest.approx(5.0)


def test_frames_step_along_a_meridian_and_are_reported_with_their_error():
    settings = Settings(290.0, 30.0, scans=20, seed=7)
    night = plan(settings)[0]
    constants, jitter = [], []
    for planned in (p for p in night.sequences if p.type == "sci"):
        t = track(settings.seed, night, planned)
        step = np.diff(t.dec) * 3600 * (1 if planned.direction == "n" else -1)
        assert 80 < step.min() and step.max() < 85 and step.mean() == pytest.approx(82.4, abs=0.1)
        assert np.abs((t.ra - planned.ra) * np.cos(np.radians(t.dec)) * 3600).max() < 2.01
        errors = np.array([(t.reported_ra - t.ra) * np.cos(np.radians(t.dec)), t.reported_dec - t.dec]) * 3600
        constants.append(errors.mean(axis=1))
        jitter.append(np.diff(errors, axis=1).std() / np.sqrt(2))
        assert np.ptp(t.airmass) > 0.001
    assert np.abs(constants).max() < 6.5 and np.std(constants) == pytest.approx(2.5, rel=0.3)
    assert np.mean(jitter) == pytest.approx(0.5, rel=0.05)


def test_airmass_on_the_meridian_is_the_secant():
    settings = Settings(290.0, 10.0, scans=24, seed=7)
    night = plan(settings)[0]
    lowest = min(track(7, night, p).airmass.min() for p in night.sequences if p.type == "sci")
    assert lowest == pytest.approx(1 / np.cos(np.radians(6.887 + 30.165)), rel=0.002)
    assert night.name.endswith("s")


def test_neighbouring_tiles_overlap_and_nights_share_one():
    settings = Settings(200.0, 30.0, scans=3, nights=2)
    first, second = ([p for p in n.sequences if p.type == "sci"] for n in plan(settings))
    assert [p.tile for p in second][0] == first[-1].tile and len({p.tile for p in (*first, *second)}) == 5
    lowest = 30.0 - 273 * 82.4 / 7200
    apart = (first[1].ra - first[0].ra) * np.cos(np.radians(lowest)) * 3600
    assert 512 - apart == pytest.approx(52, abs=0.5)


def test_a_longer_night_begins_like_a_shorter_one():
    short, long = (plan(Settings(290.0, 30.0, scans=n))[0].sequences for n in (7, 12))
    same = len(short) - 6
    # As text, because the positions of darks and flats are NaN.
    assert list(map(repr, short[:same])) == list(map(repr, long[:same]))
    assert short[same].type == "cal" and long[same].type == "sci"


def test_darks_hold_dark_and_glow(raw, truth):
    for band in "jk":
        array = truth.detector("n", band)
        first, second, _ = load(raw, f"dark001_{band}.fits")
        good = array["bad"] == 0
        expected = 1.3 * array["dark"] + array["glow"]
        found = np.mean(second - first, axis=0)
        assert np.median((found - expected)[good]) == pytest.approx(0, abs=0.6)
        assert np.polyfit(expected[good], found[good], 1)[0] == pytest.approx(1, abs=0.05)
        assert np.median((np.median(first, axis=0) - array["bias"] - array["glow"])[good]) == pytest.approx(0, abs=1.0)


def test_flats_span_a_factor_of_four_and_give_the_responsivity(raw, truth):
    for band in "jh":
        array = truth.detector("n", band)
        images = np.concatenate([charge(raw, f"flat{seq:03d}_{band}.fits", band) for seq in (3, 4)])
        good = array["bad"] == 0
        level = np.median(images[:, good], axis=1)
        assert len(level) >= 20 and level.max() / level.min() > 4
        assert np.any(np.diff(level) > 0)
        response = np.einsum("i,ijk->jk", level, images) / np.sum(level**2)
        residual = (response / array["response"])[good]
        assert np.median(residual) == pytest.approx(1, abs=0.01)
        assert np.std(residual[np.abs(residual - 1) < 0.02] / np.median(residual)) < 0.004
        assert np.std(array["response"][good]) > 0.01


def isolated(truth, tile, band, low, high, apart=14.0):
    """Stars between two magnitudes without a neighbour that matters."""
    stars = truth.stars(tile)
    ra, dec, mag = (stars[name].to_numpy() for name in ("ra", "dec", band))
    keep = []
    for row in np.flatnonzero((mag > low) & (mag < high)):
        near = np.hypot((ra - ra[row]) * np.cos(np.radians(dec[row])), dec - dec[row]) * 3600 < apart
        keep += [row] if np.sum(near & (mag < mag[row] + 5)) == 1 else []
    return stars.take(keep)


BACKGROUND = 1 + 0.5 * np.pi * np.pi * 3.5**2 / (np.pi * (11**2 - 6**2))
"""Variance of a sum within 3.5 pixels by sky and reads, over that without the error of the local background: the median
of a ring (its variance is pi / 2 times that of the mean), which all pixels of the sum share."""


def measure(plane, x, y):
    """Sum within 7 arcsec above the local background, and the centroid within 5 arcsec."""
    rows, columns = np.indices((256, 256))
    r = np.hypot(columns - x, rows - y)
    plane = plane - np.median(plane[(r > 6) & (r < 11)])
    core = plane * (r < 2.5)
    return plane[r < 3.5].sum(), np.sum(core * columns) / core.sum(), np.sum(core * rows) / core.sum()


def compared(raw, truth, kind, seq, band):
    """For each isolated star in each frame: found minus expected over its noise, their ratio, the centroids' shift."""
    name = f"{kind}{seq:03d}_{band}.fits"
    header = fits.getheader(raw / NIGHT / name)
    array, geometry = truth.detector("n", band), truth.optics(NIGHT, band)
    image = charge(raw, name, band) / array["response"]
    frames = truth.frames(NIGHT, kind, seq, band).to_pylist()
    stars = isolated(truth, header["TILE"], band, 9.8, 11.3)
    for star in truth.apparitions(NIGHT, kind, seq, band, stars).to_pandas().itertuples():
        box = slice(int(star.y) - 5, int(star.y) + 6), slice(int(star.x) - 5, int(star.x) + 6)
        if min(star.x, star.y, 255 - star.x, 255 - star.y) < 12 or array["bad"][box].any():
            continue
        row = frames[star.frame - 1]
        found, *place = measure(image[star.frame - 1], star.x, star.y)
        expected, *model = measure(star_image(geometry, row, star.x, star.y, star.dn), star.x, star.y)
        empty = 38.5 * row["sky"] / header["GAIN"] + 77 * (header["RDNOISE"] / header["GAIN"]) ** 2
        noise = expected / header["GAIN"] + BACKGROUND * empty
        yield (found - expected) / np.sqrt(noise), found / expected, *np.subtract(place, model)


@pytest.mark.parametrize("band", ["j", "h", "k"])
def test_stars_have_their_light_at_their_place(raw, truth, band):
    """Apertures on READ2 - READ1 against those on the noiseless star: the same within photon and read noise."""
    scans = ("cal", 5), ("cal", 8), ("sci", 11), ("sci", 12), ("cal", 13)
    pulls, ratios, *shifts = np.transpose([row for kind, seq in scans for row in compared(raw, truth, kind, seq, band)])
    assert len(pulls) > 80
    assert np.median(ratios) == pytest.approx(1, abs=0.006)
    low, high = np.percentile(pulls, [15.865, 84.135])
    assert 0.8 < (high - low) / 2 < 1.25
    assert np.median(shifts, axis=1) == pytest.approx([0, 0], abs=0.01)


def test_truth_places_stars_as_a_tangential_wcs_does(raw, truth):
    """All but the distortion, which is a tenth of a pixel in the corners."""
    geometry, tile = truth.optics(NIGHT, "k"), fits.getheader(raw / NIGHT / "sci012_k.fits")["TILE"]
    row = truth.frames(NIGHT, "sci", 12, "k").to_pylist()[4]
    stars = truth.stars(tile)
    listed = truth.apparitions(NIGHT, "sci", 12, "k", stars).to_pandas().query("frame == 5").merge(stars.to_pandas())
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [row["ra"], row["dec"]]
    cos, sin = (f(geometry.rotation) * geometry.scale / 3600 for f in (np.cos, np.sin))
    wcs.wcs.cd = [[-cos, sin], [sin, cos]]
    wcs.wcs.crpix = 128.5 - np.linalg.solve(wcs.wcs.cd, np.array([geometry.east, geometry.north]) / 3600)
    x, y = wcs.wcs_world2pix(listed["ra"], listed["dec"], 0)
    shift, radius = np.hypot(x - listed["x"], y - listed["y"]), np.hypot(x - 127.5, y - 127.5)
    assert len(listed) > 50 and shift.max() < 0.14 and shift[radius < 40].max() < 0.01


def test_rotation_of_the_camera_dithers_across_the_scan(truth):
    geometry = truth.optics(NIGHT, "j")
    stars = truth.stars(Table.read(truth.folder.parent / NIGHT / "night.ecsv")["tile"][10])
    seen = truth.apparitions(NIGHT, "sci", 11, "j", stars).to_pandas().sort_values(["id", "frame"])
    pairs = seen[["id", "x", "y", "frame"]].diff()
    pairs = pairs[(pairs["id"] == 0) & (pairs["frame"] == 1)]
    assert np.median(pairs["y"]) == pytest.approx(-82.4 / geometry.scale, abs=0.2)
    assert np.median(pairs["x"]) == pytest.approx(-82.4 * np.sin(geometry.rotation) / geometry.scale, abs=0.05)
    assert 0.05 < abs(np.median(pairs["x"])) < 0.4
    assert seen.groupby("id").size().max() in (6, 7)


def test_units_follow_zero_point_and_airmass(truth):
    for band, nominal in zip("jhk", survey().simulate.magzp):
        extinction = truth.night(NIGHT)["bands"][band]["extinction"]
        frames = truth.frames(NIGHT, "cal", 15, band).to_pandas()
        mag = frames["zero_point"] - extinction * (frames["airmass"] - 1)
        assert np.allclose(2.5 * np.log10(frames["unit"]), mag)
        assert abs(frames["zero_point"] - nominal).max() < 0.25 and np.ptp(frames["airmass"]) > 0
        assert extinction == pytest.approx(survey().atmosphere.extinction["jhk".index(band)], rel=0.2)


def test_sky_is_at_its_level_and_the_noise_is_that_of_photons_and_reads(raw, truth):
    for band in "jk":
        header = fits.getheader(raw / NIGHT / f"sci011_{band}.fits")
        array = truth.detector("n", band)
        image = charge(raw, f"sci011_{band}.fits", band) / array["response"]
        sky = truth.frames(NIGHT, "sci", 11, band)["sky"].to_numpy()
        good = array["bad"] == 0
        assert np.median(image[:, good], axis=1) == pytest.approx(sky, rel=0.03, abs=12)
        difference = (image[0] - image[1])[good]
        low, high = np.percentile(difference, [15.865, 84.135])
        noise = np.sqrt(sky[0] / header["GAIN"] + 2 * (header["RDNOISE"] / header["GAIN"]) ** 2)
        assert noise < (high - low) / 2 / np.sqrt(2) < 1.12 * noise


def test_cosmic_rays_are_where_the_truth_says(raw, truth):
    first, second, _ = load(raw, "dark001_h.fits")
    rays = truth.rays(NIGHT, "dark", 1, "h").to_pandas()
    gain = fits.getheader(raw / NIGHT / "dark001_h.fits")["GAIN"]
    median = np.median(second - first, axis=0)
    for ray in rays[(rays["read"] == 2) & (rays["charge"] > 1500)].itertuples():
        found = (second - first)[ray.frame - 1, ray.y, ray.x] - median[ray.y, ray.x]
        assert found > 0.6 * ray.charge / gain


def test_reference_stars_have_the_errors_of_a_catalog(raw, truth):
    found, settings = read_astrometric(raw), survey().simulated_night
    tiles = [path.parent.name for path in truth.folder.glob("*/stars.parquet")]
    stars = np.concatenate([truth.stars(t).select(["ra", "dec", "vt"]).to_pandas().to_numpy() for t in tiles])
    errors = []
    for ra, dec, vt in zip(*(found[c] for c in ("ra", "dec", "vt_mag"))):
        same = stars[np.abs(stars[:, 2] - vt) < 1e-4]
        offsets = (same[:, :2] - [ra, dec]) * [np.cos(np.radians(dec)) * 3600, 3600]
        errors.append(offsets[np.argmin(np.hypot(*offsets.T))])
    assert len(errors) > 15 and found["vt_mag"].max() <= settings.astrometric_limit
    assert np.std(errors) == pytest.approx(0.06, rel=0.4) and np.abs(errors).max() < 0.3


def test_standards_lie_in_the_fields_with_their_errors(raw, truth):
    found = read_standards(raw)
    assert set(found["field"]) == {"cal18+30", "cal20+00"} and len(found["field"]) > 6
    pulls = []
    for field in set(found["field"]):
        stars = truth.stars(field).to_pandas()
        for row in np.flatnonzero(found["field"] == field):
            star = stars.iloc[np.argmin(np.hypot(stars["ra"] - found["ra"][row], stars["dec"] - found["dec"][row]))]
            pulls += [(found[b][row] - star[b]) / found[f"{b}_err"][row] for b in "jhk"]
    assert np.std(pulls) == pytest.approx(1, rel=0.4) and np.abs(pulls).max() < 4.5


def contents(root, pattern):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.glob(pattern))}


def test_an_interrupted_run_goes_on_and_fewer_scans_are_the_same_bytes(raw, tmp_path):
    settings = Settings(**{**SMALL.__dict__, "scans": 1})
    root, seen = tmp_path / "raw", []

    def interrupt(frames, total):
        seen.append(total)
        if len(seen) == 250:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_nights(root, settings, interrupt)
    night = root / NIGHT
    before = {path.name: path.stat().st_mtime_ns for path in night.glob("*.fits")}
    assert 3 < len(before) < 51 and not (night / "night.ecsv").exists()
    assert not list(root.rglob("*partial*"))
    leftover = night / ".sci011_j.fits.partial-99999999"
    leftover.write_bytes(b"half a file of a killed process")
    simulate_nights(root, settings, workers=1)
    assert not leftover.exists()
    assert all(before[name] == (night / name).stat().st_mtime_ns for name in before)
    assert len(list(night.glob("*.fits"))) == 51 and seen[0] == 51 * 12
    for pattern in ("*/dark*", "*/flat*", "*/cal00*", "*/sci011*", "truth/detector*", f"truth/{NIGHT}/sci011*"):
        ours, theirs = contents(root, pattern), contents(raw, pattern)
        assert ours and ours == theirs


def test_another_simulation_is_not_mixed_in(raw, tmp_path):
    with pytest.raises(SurveyError, match="holds a simulation with another seed; choose another folder"):
        simulate_nights(raw, Settings(**{**SMALL.__dict__, "seed": 5}))
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(SurveyError, match="expected a new or empty folder or the same simulation"):
        simulate_nights(tmp_path, SMALL)
    with pytest.raises(SurveyError, match="expected the truth of a simulation"):
        Truth(tmp_path)


@pytest.mark.parametrize(
    "extra, message",
    [(["--scans", "0"], "--scans: expected at least 1"), (["--scans", "1", "--frames", "11"], "--frames: expected"),
     (["--scans", "1", "--bands", "j"], "--bands: raw nights have all three bands"),
     (["--scans", "1", "--dec", "79"], "scans: expected declinations up to 80"),
     (["--scans", "200"], "of the night: expected an airmass of at most 2.5")],
)  # fmt: skip
def test_nonsense_is_one_sentence_and_leaves_nothing(tmp_path, capsys, extra, message):
    assert main(["simulate", "--out", str(tmp_path / "x"), *extra]) == 1
    error = capsys.readouterr().err
    assert message in error and len(error.strip().splitlines()) == 1
    assert not any(Path(tmp_path).iterdir())


def test_the_command_goes_on_where_it_was(raw, capsys):
    options = ["--ra", "290", "--dec", "30", "--scans", "2", "--seed", "4", "--frames", "12", "--cal-frames", "12",
               "--still-frames", "12", "--limit", "15", "--model-only"]  # fmt: skip
    assert main(["simulate", "--out", str(raw), *options]) == 0
    assert f"{NIGHT}: 2 sci, 12 cal, 2 dark, 2 flat sequences, 54 files" in capsys.readouterr().out
    assert pq.read_table(raw / "truth" / "cal18+30" / "stars.parquet").num_rows > 50
