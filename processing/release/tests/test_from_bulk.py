"""A release of bulk files: rows as they are, in any order of files and blocks, in bounded pieces; what is refused."""

import gzip
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy import units

from processing.config import survey
from processing.errors import SurveyError
from processing.formats.bulk_ascii import bulk_lines, read_bulk_ascii, write_bulk_ascii
from processing.formats.fits_table import read_fits_table
from processing.formats.tests.real_rows import native_row, real_points
from processing.release.catalogs import hats_catalog
from processing.release.published import from_bulk, units as bulk_units
from processing.release.published.from_bulk import release_from_bulk
from processing.release.published.scan_rows import ScanSums, scan_rows
from processing.release.tests.bulk_maker import PSC, bulk_release, changed, joined, scan_of_rows
from processing.release.tests.field_maker import corners
from processing.sphere import separation


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return bulk_release(tmp_path_factory.mktemp("bulk"), "real", real_points(), parts=3, kinds=("ascii", "fits"))


def by_key(table):
    return table.sort_by([("pts_key", "ascending")])


def test_every_row_is_taken_as_it_is(release):
    release.verify()
    assert by_key(release.read("psc")).equals(by_key(real_points()))
    assert release.rows == {"psc": 683, "scans": 0, "atlas": 0}
    assert [entry["rows"] for entry in release.inputs] == [228, 228, 227]
    assert release.rows_by_step == [{"step": "read", "rows": 683}, {"step": "written", "rows": 683}]


def test_the_catalog_is_valid_hats(release):
    from hats.io.validation import is_valid_catalog

    assert is_valid_catalog(release.path / "psc", strict=True)


def test_the_coverage_holds_every_source_and_no_pixel_without(release):
    from mocpy import MOC

    moc, data = MOC.from_fits(str(release.path / "coverage.fits")), real_points()
    assert moc.contains_lonlat(data["ra"].to_numpy() * units.deg, data["dec"].to_numpy() * units.deg).all()
    assert moc.max_order == 9
    diagonal = np.sqrt(2 * 41253 / (12 * 4**9))  # degrees, of a pixel: those on the rim of the circle count whole
    assert np.pi * 0.235**2 < moc.sky_fraction * 41253 < np.pi * (0.235 + diagonal) ** 2


def test_the_products_hold_the_rows_of_their_partition(release):
    partition, = release.parquet_files("psc")
    name = partition.relative_to(release.path).as_posix()
    order, pixel = (name.split(word)[1].split("/")[0].split(".")[0] for word in ("Norder=", "Npix="))
    for table in (read_bulk_ascii(release.path / f"ascii/psc_{order}_{pixel}.gz", PSC),
                  read_fits_table(release.path / f"fits/psc_{order}_{pixel}.fits", PSC)):
        assert table.equals(release.read("psc").combine_chunks())


def test_the_published_row_comes_out_as_it_went_in(tmp_path):
    (tmp_path / "psc_aaa").write_bytes(native_row())
    release = release_from_bulk([tmp_path / "psc_aaa"], tmp_path / "r", kinds=("ascii",))
    file, = (release.path / "ascii").iterdir()
    assert gzip.decompress(file.read_bytes()) == native_row()


def small_pieces(monkeypatch, rows):
    small = replace(survey(), release=replace(survey().release, partition_rows=rows),
                    bulk=replace(survey().bulk, run_rows=rows // 2))
    for module in (from_bulk, bulk_units, hats_catalog):
        monkeypatch.setattr(module, "survey", lambda: small)


def test_other_files_and_smaller_pieces_hold_the_same_rows_in_the_same_places(release, tmp_path, monkeypatch):
    small_pieces(monkeypatch, 240)
    shuffled = real_points().take(np.random.default_rng(2).permutation(683))
    other = bulk_release(tmp_path, "other", shuffled, parts=2)
    counts = [pq.read_metadata(file).num_rows for file in other.parquet_files("psc")]
    assert len(counts) >= 3 and max(counts) <= 240 and sum(counts) == 683
    assert by_key(other.read("psc")).equals(by_key(real_points()))
    assert not (other.path / "units").exists()


def test_the_order_of_the_files_changes_no_byte(release, tmp_path):
    files = [release.path.parent / f"real_{n}.gz" for n in (2, 0, 1)]
    again = release_from_bulk(files, tmp_path / "real", kinds=("ascii", "fits"))
    assert again.files == release.files


def test_whole_scans_get_their_rows_with_corners_direction_and_counts():
    boxes = [np.array([(box[f"ra_{n}"], box[f"dec_{n}"]) for n in range(1, 5)]) for box in
             (corners(50.0, 50.14, -41.0, -39.0), corners(50.12, 50.26, -41.0, -39.0))]
    sums, parts = ScanSums(), ScanSums()
    sums.add(scan_of_rows(boxes[0], 1500, 12, 34))
    parts.add(scan_of_rows(boxes[1], 1500, 13, 35, southward=True, seed=1))
    sums.merge(parts)
    sums.add(real_points())
    table, unknown = scan_rows(sums)
    assert unknown == 4 and table["scan_key"].to_pylist() == [12, 13] and table["scan"].to_pylist() == [34, 35]
    assert table["points"].to_pylist() == [1500, 1500] and table["direction"].to_pylist() == ["n", "s"]
    for row, box in zip(table.to_pylist(), boxes):
        found = np.array([(row[f"ra_{n}"], row[f"dec_{n}"]) for n in range(1, 5)])
        assert separation(found[:, 0], found[:, 1], box[:, 0], box[:, 1]).max() < 1.0
        assert separation(row["ra"], row["dec"], box[:, 0].mean(), -40.0) < 10.0


def test_the_time_of_a_release_is_that_of_its_files_or_of_its_newest_source(release, tmp_path):
    assert release.created == "2000-01-30T04:24:57+00:00"
    (tmp_path / "dated.gz").write_bytes(gzip.compress(bulk_lines(real_points(), PSC), mtime=1_050_000_000))
    assert release_from_bulk([tmp_path / "dated.gz"], tmp_path / "r").created == "2003-04-10T18:40:00+00:00"


def spoilt(line):
    def write(folder):
        lines = bulk_lines(real_points(), PSC).splitlines(keepends=True)
        lines[400] = line(lines[400])
        (folder / "psc_b.gz").write_bytes(gzip.compress(b"".join(lines)))
    return write


WRONG = {
    "a bad line": (spoilt(lambda line: line.replace(b"|", b"", 1)), "psc_b.gz: .*line 401"),
    "a cut file": (lambda folder: (folder / "psc_b.gz").write_bytes((folder / "psc_a.gz").read_bytes()[:9000]),
                   "psc_b.gz: .*Truncated"),
    "twice": (lambda folder: (folder / "psc_b.gz").write_bytes((folder / "psc_a.gz").read_bytes()),
              "psc_a.gz and psc_b.gz: the same content comes 2 times"),
    "the same rows": (lambda folder: write_bulk_ascii(folder / "psc_b.gz", real_points().slice(3, 5), PSC),
                      "comes twice in the files"),
    "two names for a key": (lambda folder: write_bulk_ascii(
        folder / "psc_b.gz", changed(real_points().slice(0, 5), np.arange(5), scan=lambda n: n + 1), PSC),
        "scan_key .* stands for two scans"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_file_is_refused_by_name_and_nothing_is_left(what, tmp_path):
    spoil, words = WRONG[what]
    write_bulk_ascii(tmp_path / "psc_a.gz", real_points(), PSC)
    spoil(tmp_path)
    with pytest.raises(SurveyError, match=words):
        release_from_bulk(sorted(tmp_path.glob("*.gz")), tmp_path / "r")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["psc_a.gz", "psc_b.gz"]


def test_a_missing_file_and_an_empty_one_are_refused(tmp_path):
    with pytest.raises(SurveyError, match="psc_zzz.gz: no such file"):
        release_from_bulk([tmp_path / "psc_zzz.gz"], tmp_path / "r")
    (tmp_path / "empty.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(SurveyError, match="no point sources in these files"):
        release_from_bulk([tmp_path / "empty.gz"], tmp_path / "r")


def test_rows_of_whole_scans_make_a_release_with_a_table_of_scans(tmp_path):
    box = np.array([(10.14, 20.0), (10.0, 20.0), (10.0, 22.0), (10.14, 22.0)])
    data = joined(scan_of_rows(box, 900, 3, 7), real_points())
    release = bulk_release(tmp_path, "r", data, parts=2)
    release.verify()
    assert release.rows == {"psc": 1583, "scans": 1, "atlas": 0}
    assert [rule["rows"] for rule in release.rules_skipped if rule["rule"] == "scans"] == [4]
