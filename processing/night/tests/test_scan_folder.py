"""A whole scan in the working database against the sky and the night it was made of; and a release of two."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from processing.bandmerge.tests.scans import depth
from processing.errors import SurveyError
from processing.formats.atlas_field import read_field
from processing.formats.parquet import read_parquet
from processing.formats.raw_night import LETTERS
from processing.release.make import make_release
from processing.night.scan_folder import read_scan, write_failure, write_scan
from processing.schema import load_table
from processing.formats.work_record import IMAGE_COLUMNS, SCAN_COLUMNS

PSC = load_table("psc")
SAME = 1.0
"""arcsec: a source this near is the star."""

WINGS = (0.0, 0.06)
"""mag: share of the light beyond the curve of growth, which the true calibration counts and the photometry does not."""


class Rows:
    """The points of a scan with the true star nearest to each, and where that star was in the frames."""

    def __init__(self, raw_night, found, folder):
        self.table = read_parquet(folder / "points.parquet", PSC, "reduce")
        self.stars = raw_night.truth.stars(found.scan.sequence.tile)
        self.scale = np.cos(np.radians(np.mean(self["dec"])))
        distance, self.star = cKDTree(self.plane(self.stars)).query(self.plane(self.table))
        self.same = distance < SAME
        self.offset = self.plane(self.table) - self.plane(self.stars)[self.star]
        self.edge = np.minimum(self["dist_edge_ns"], self["dist_edge_ew"])

    def __getitem__(self, name):
        return self.table[name].to_numpy(zero_copy_only=False).astype(float)

    def plane(self, table):
        return np.column_stack([table["ra"].to_numpy() * self.scale, table["dec"].to_numpy()]) * 3600

    def flag(self, name, band, width=1):
        first = LETTERS.index(band) * width
        return np.array([text[first:first + width] for text in self.table[name].to_pylist()])

    def clean(self, band):
        """Lone profile fits of S/N above 30 that are not the fainter star of a pair."""
        good = (self.flag("rd_flg", band) == "2") & (self.flag("bl_flg", band) == "1") & self.same
        return good & (self.flag("cc_flg", band) == "0") & (self[f"{band}_snr"] > 30)

    def magnitude_error(self, band):
        return self[f"{band}_m"] - self.stars[band].to_numpy()[self.star]

    def seen(self, found, band):
        """Apparitions of the true stars: mean mjd and mean column by row of the stars, NaN where there is none."""
        x, y = found.solution.pixel(band, np.arange(len(found.scan.mjd))[:, None], self.stars["ra"].to_numpy()[None],
                                    self.stars["dec"].to_numpy()[None])  # fmt: skip
        on = (np.abs(x - 127.5) < 128) & (np.abs(y - 127.5) < 128)
        with np.errstate(invalid="ignore"):
            return tuple((on * v).sum(axis=0) / on.sum(axis=0) for v in (found.scan.mjd[:, None], x))


@pytest.fixture(scope="module")
def rows(raw_night, solved_scans, scan_folders):
    return [Rows(raw_night, found, folder) for found, folder in zip(solved_scans, scan_folders)]


def width(values):
    return 0.7413 * np.subtract(*np.percentile(values, [75, 25]))


def test_positions_scatter_as_their_errors_say(rows, solved_scans):
    """Each axis, in units of its error; the reference frame moves all of them alike, so that it is no scatter."""
    for found, scan in zip(rows, solved_scans):
        good = found.clean("j")
        error = np.hypot(found["err_maj"], found["err_min"])[good] / np.sqrt(2)
        frame = np.hypot(*np.median(scan.solution.error, axis=0))
        assert good.sum() > 300
        assert (np.abs(np.median(found.offset[good], axis=0)) < 3 * frame).all()
        for axis in (0, 1):
            assert 0.4 < width(found.offset[good, axis] / error) < 1.3


def test_magnitudes_are_those_of_the_sky_from_end_to_end_of_the_scan(rows):
    for found in rows:
        for band in LETTERS:
            good = found.clean(band)
            wrong, dec = found.magnitude_error(band)[good], found["dec"][good]
            south = dec < np.median(dec)
            assert good.sum() > 150
            assert WINGS[0] < np.median(wrong) < WINGS[1]
            assert abs(np.median(wrong[south]) - np.median(wrong[~south])) < 0.01
            assert width(wrong) < 0.03


def test_both_scans_have_the_same_magnitudes(rows):
    first, second = ({star: m for star, m, good in zip(found.stars["id"].to_numpy()[found.star], found["j_m"],
                                                       found.clean("j")) if good} for found in rows)  # fmt: skip
    both = [first[star] - second[star] for star in first.keys() & second.keys()]
    assert len(both) > 20 and abs(np.median(both)) < 0.01


def test_times_are_those_at_which_the_frames_saw_the_source(rows, solved_scans):
    for found, scan in zip(rows, solved_scans):
        inside = found.same & (found.edge > 0)
        late = (found["jdate"] - 2400000.5 - found.seen(scan, "j")[0][found.star])[inside] * 86400
        period = np.diff(scan.scan.mjd).mean() * 86400
        assert np.abs(late).max() < period and np.median(np.abs(late)) < 0.2 * period


def test_x_scan_is_where_the_source_crossed_the_arrays(rows, solved_scans):
    """Arrays of the three bands are beside each other: their mean counts."""
    for found, scan in zip(rows, solved_scans):
        inside = found.same & (found.edge > 0)
        column = np.mean([found.seen(scan, band)[1] for band in LETTERS], axis=0)[found.star]
        wrong = (found["x_scan"] - 2.0 * (column - 127.5))[inside]
        assert np.abs(np.median(wrong)) < 0.5 and np.abs(wrong).max() < 2.5


def test_inside_the_edges_every_band_is_six_deep(rows, solved_scans):
    """The sides are the innermost of all frames, which a rotated array has up to 4.5 arcsec inside the others."""
    for found, scan in zip(rows, solved_scans):
        deep = depth(scan.solution, found["ra"], found["dec"]).min(axis=0)
        assert (deep[found.edge >= 1] >= 6).all() and (deep[found.edge <= -6] < 6).all()
        assert (found.edge <= -6).sum() > 100


def test_ndet_counts_the_frames_that_hold_the_source_and_see_it(rows, solved_scans):
    for found, scan in zip(rows, solved_scans):
        for k, band in enumerate(LETTERS):
            counts = np.array([list(map(int, text)) for text in found.flag("ndet", band, 2)])
            fitted = np.isin(found.flag("rd_flg", band), ["2"]) & (found.edge > 30)
            deep = depth(scan.solution, found["ra"], found["dec"])[k]
            assert (counts[:, 0] <= counts[:, 1]).all()
            assert (counts[fitted, 1] <= deep[fitted]).all()
            assert np.median((deep - counts[:, 1])[fitted]) <= 1
            bright = fitted & found.clean(band) & (found[f"{band}_snr"] > 60)
            assert (counts[bright, 0] == counts[bright, 1]).mean() > 0.9
            missed = np.isin(found.flag("rd_flg", band), ["0", "6"])
            assert (counts[missed] == 0).all() and missed.any()


def test_every_source_names_an_image_that_holds_it(rows, scan_folders):
    for found, folder in zip(rows, scan_folders):
        coadd = found["coadd"].astype(int)
        for number in np.unique(coadd):
            image = read_field([folder / f"atlas/ji{number:02d}.fits"]).first
            inside = (coadd == number) & (found.edge > 40)
            x, y = image.wcs.wcs_world2pix(found["ra"][inside], found["dec"][inside], 0)
            ny, nx = image.data.shape
            assert inside.any() and (np.abs(x - nx / 2) < nx / 2).all() and (np.abs(y - ny / 2) < ny / 2).all()


def test_the_record_says_what_there_is_and_how_good_it_is(rows, solved_scans, scan_folders, raw_night):
    for found, scan, folder in zip(rows, solved_scans, scan_folders):
        record = read_scan(folder)
        assert record["rows"] == found.table.num_rows and record["type"] == "sci" and record["missing"] == {}
        assert set(record["scan"]) == set(SCAN_COLUMNS) and set(record["images"][0]) == set(IMAGE_COLUMNS)
        assert {image["file"] for image in record["images"]} == {f"atlas/{p.name}" for p in folder.glob("atlas/*.fits")}
        assert [entry["file"] for entry in record["inputs"]] == [scan.scan.sequence.file_name(b) for b in LETTERS]
        quality = record["quality"]
        assert sum(quality["ph_qual"]["j"].values()) == record["rows"]
        assert quality["score"] in range(11) and quality["astrometry"]["reference_stars"] > 3
        for band in LETTERS:
            true = raw_night.truth.frames(raw_night.night.name, "sci", scan.scan.sequence.seq, band)
            seen = quality["bands"][band]
            assert np.mean(seen["background"]) == pytest.approx(true["sky"].to_numpy().mean() / 4, rel=0.05)
            assert 2.3 < np.mean(seen["seeing"]) < 4.0 and seen["lost_frames"] == 0
            assert record["scan"][f"{band}_limit"] == seen["limit"]
            unit = 2.5 * np.log10(true["unit"].to_numpy()).mean()
            assert quality["zero_points"][band]["value"] == pytest.approx(unit, abs=0.02)


def test_the_record_tells_how_the_arrays_are_turned_and_how_far_a_frame_goes(scan_folders, raw_night):
    """The second scan goes south."""
    name = raw_night.night.name
    for folder, sign in zip(scan_folders, (1.0, -1.0)):
        found = read_scan(folder)["quality"]["astrometry"]
        assert found["frame_step"] == pytest.approx(sign * 82.4, abs=0.1)
        true = {band: np.degrees(raw_night.truth.optics(name, band).rotation) for band in LETTERS}
        assert found["rotation"] == pytest.approx(true, abs=0.03)


def test_a_scan_without_a_band_is_the_two_others(solved_scans, true_calibration, tmp_path):
    """H could not be used: null in every row, no image, and a reason in the record."""
    found, reason = solved_scans[0], "990706s scan 011 band h: the file is missing"
    parts = ({band: part[band] for band in "jk"} for part in (found.scan.frames, found.usable, found.sources))
    frames, usable, sources = parts
    scan = replace(found.scan, frames=frames)
    record = write_scan(tmp_path / "s", scan, found.solution, usable, sources, true_calibration, [], {"h": reason})
    table = read_parquet(tmp_path / "s/points.parquet", PSC, "reduce")
    assert record["missing"] == {"h": reason} and record["scan"]["h_limit"] is None
    assert {image["band"] for image in record["images"]} == {"J", "Ks"}
    assert table["h_m"].null_count == table.num_rows == record["rows"]
    assert {text[1] for text in table["ph_qual"].to_pylist()} == {"X"}
    assert {text[2:4] for text in table["ndet"].to_pylist()} == {"00"}
    assert set(record["quality"]["bands"]) == {"j", "k"}


def test_a_failed_scan_is_a_record_with_its_reason(raw_night, tmp_path):
    row = raw_night.night.of_type("sci")[0]
    write_failure(tmp_path / "s011", "the file sci011_j.fits is missing", raw_night.night.name, row)
    record = read_scan(tmp_path / "s011")
    assert record["failed"] == "the file sci011_j.fits is missing" and record["id"]["scan"] == row.seq
    assert [path.name for path in (tmp_path / "s011").iterdir()] == ["scan.json"]


def test_a_folder_of_something_else_is_not_replaced(raw_night, tmp_path):
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(SurveyError, match="no scan.json"):
        write_failure(tmp_path, "reason", raw_night.night.name, raw_night.night.sequences[0])
    assert (tmp_path / "letters.txt").read_text() == "mine"


@pytest.fixture(scope="module")
def release(scan_folders, raw_night, tmp_path_factory):
    """A release of the two scans, beside which one failed."""
    root = tmp_path_factory.mktemp("release")
    failed = root / "s099"
    write_failure(failed, "no stars", raw_night.night.name, raw_night.night.of_type("sci")[0])
    return make_release([*scan_folders, failed], root / "r")


def test_a_release_of_two_scans_lists_every_source_once(release):
    data = release.read("psc")
    ra, dec, scan = (data[name].to_numpy() for name in ("ra", "dec", "scan"))
    plane = np.column_stack([ra * np.cos(np.radians(12)), dec]) * 3600
    pairs = cKDTree(plane).query_pairs(2.0, output_type="ndarray")
    assert (scan[pairs[:, 0]] == scan[pairs[:, 1]]).all()
    assert release.rows["scans"] == 2 and release.rows["psc"] > 2000
    assert (data["dist_edge_ew"].to_numpy() > 10).all() and (data["dist_edge_ns"].to_numpy() > 10).all()


def test_stars_in_the_overlap_were_seen_twice_and_the_deeper_apparition_stays(release):
    """All bands overlap by about 42 arcsec: what lies 23 to 29 inside one scan lies 13 to 19 inside the other."""
    data, middles = release.read("psc"), release.read("scans")["ra"].to_numpy()
    ra, use, dup, edge = (data[name].to_numpy() for name in ("ra", "use_src", "dup_src", "dist_edge_ew"))
    assert (dup > 0).sum() > 40 and (edge[dup > 0] < 40).all() and (edge[dup > 0] > 18).all()
    assert set(use[dup > 0].tolist()) == {1}
    between = (ra > middles.min()) & (ra < middles.max()) & (edge >= 23) & (edge <= 29)
    clean = between & (data["j_snr"].to_numpy(zero_copy_only=False).astype(float) > 30)
    assert clean.sum() > 20 and (dup[clean] > 0).mean() > 0.9


def test_close_pairs_of_a_scan_stay_and_what_is_left_out_is_named(release, raw_night):
    steps = {step["step"]: step.get("rejected") for step in release.rows_by_step}
    assert steps["image overlap"] == 0 and steps["tile overlap"] > 40 and steps["border"] > 100
    assert {rule["rule"] for rule in release.rules_skipped} == {"profile", "clean-up"}
    name, seq = raw_night.night.name, raw_night.night.of_type("sci")[0].seq
    assert release.left_out == [{"work": "s099", "scan": f"{name} scan {seq:03d}", "why": "no stars", "type": "sci"}]
    release.verify()


def test_calibration_scans_are_left_out_unless_asked_for(scan_folders, tmp_path):
    work = tmp_path / "work"
    for folder in scan_folders:
        shutil.copytree(folder, work / folder.name)
    record = work / scan_folders[1].name / "scan.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"type": "cal"}))
    science = make_release([work], tmp_path / "science")
    assert science.rows["scans"] == 1 and [entry["why"] for entry in science.left_out] == ["type cal"]
    assert make_release([work], tmp_path / "all", types=("sci", "cal")).rows["scans"] == 2
    with pytest.raises(SurveyError, match="nothing to release"):
        make_release([work / scan_folders[1].name], tmp_path / "none")
