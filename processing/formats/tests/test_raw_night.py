"""The raw night, written here with plain astropy as the format's page says, and damaged in every way we thought of."""

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table

from processing.config import survey
from processing.errors import SurveyError
from processing.formats.raw_night import Sequence, read_night, read_sequence
from processing.formats.raw_reference import read_astrometric, read_standards
from processing.formats.raw_writer import write_night_log, write_raw_file

N = 12
START = "1997-06-11T03:04:05.250"
NUMBERS = {"TEXP1": 0.051, "TEXP2": 1.351, "GAIN": 8.5, "RDNOISE": 38.0, "SATURATE": 31000.0, "NONLIN": 2e-6}


def reads(band):
    rng = np.random.default_rng("jhk".index(band))
    first = rng.integers(0, 65536, (N, 256, 256)).astype(np.uint16)
    return first, np.minimum(first.astype(int) + 400, 65535).astype(np.uint16)


def log(**changes):
    columns = {
        "seq": [7, 45], "type": ["dark", "sci"], "tile": ["", "4711"], "direction": ["-", "n"],
        "start": ["1997-06-11T02:04:05.250", START], "ra": [np.nan, 359.99], "dec": [np.nan, 12.5],
        "airmass": [np.nan, 1.2], "nframes": [N, N],
    }  # fmt: skip
    return Table({**columns, **changes})


def frames(**changes):
    columns = {
        "frame": np.arange(1, N + 1, dtype=np.int32), "mjd": 50610.127 + np.arange(N) * 1.5 / 86400,
        "ra": (359.99 + np.arange(N) * 1e-5) % 360, "dec": 12.5 + np.arange(N) * 83 / 3600,
        "airmass": np.linspace(1.2, 1.19, N),
    }  # fmt: skip
    return Table({**columns, **changes})


def write_band(folder, band, compress=False, table=None, shapes=(N, N), drop=(), **header):
    cards = {"DATE-OBS": START, "BAND": band, "HEMIS": "n", "SCANNO": 45, "SCANDIR": "n", "TYPE": "sci", "TILE": "4711"}
    primary = fits.PrimaryHDU(header=fits.Header({**cards, **NUMBERS, **header}))
    for key in drop:
        del primary.header[key]
    kind = (lambda d, name: fits.CompImageHDU(d, name=name, compression_type="RICE_1", tile_shape=(1, 256, 256))) \
        if compress else (lambda d, name: fits.ImageHDU(d, name=name))  # fmt: skip
    images = [kind(data[:n], f"READ{i}") for i, (n, data) in enumerate(zip(shapes, reads(band)), 1)]
    listed = fits.BinTableHDU(frames() if table is None else table, name="FRAMES")
    fits.HDUList([primary, *images, listed]).writeto(folder / f"sci045_{band}.fits", overwrite=True)
    return folder / f"sci045_{band}.fits"


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw") / "970611n"
    folder.mkdir()
    log().write(folder / "night.ecsv", format="ascii.ecsv")
    for band in "jhk":
        write_band(folder, band)
    return folder


@pytest.fixture
def folder(sound, tmp_path):
    """A night of its own for each test: the sound files are shared by links."""
    night = tmp_path / "970611n"
    night.mkdir()
    for path in sound.iterdir():
        os.link(path, night / path.name)
    return night


def damaged(folder, band="j", **how):
    (folder / f"sci045_{band}.fits").unlink()
    return write_band(folder, band, **how)


def relog(folder, **changes):
    (folder / "night.ecsv").unlink()
    log(**changes).write(folder / "night.ecsv", format="ascii.ecsv")


def test_the_log_is_read_with_empty_tiles_and_numeric_names(folder):
    night = read_night(folder)
    assert (night.name, night.hemisphere, night.date) == ("970611n", "n", "1997-06-11")
    dark, scan = night.sequences
    assert (dark.tile, dark.direction, scan.tile, scan.nframes, scan.start) == ("", "-", "4711", N, START)
    assert np.isnan(dark.ra) and scan.ra == 359.99
    assert [row.seq for row in night.of_type("sci")] == [45]


@pytest.mark.parametrize("compress", [False, True])
def test_every_pixel_and_number_comes_through(folder, compress):
    if compress:
        for band in "jhk":
            damaged(folder, band, compress=True)
    files = read_sequence(read_night(folder), 45)
    for band in "jhk":
        file, (first, second) = files[band], reads(band)
        assert file.read1.shape == (N, 256, 256) and file.read1[:].dtype == np.uint16
        assert np.array_equal(file.read1[:], first) and np.array_equal(np.asarray(file.read2), second)
        assert np.array_equal(file.read2[3], second[3]) and np.array_equal(file.read2[2:5, 100], second[2:5, 100])
        assert [getattr(file, n) for n in ("texp1", "texp2", "gain", "read_noise", "saturate", "nonlinearity")] \
            == list(NUMBERS.values())  # fmt: skip
        assert np.array_equal(file.frames["dec"], frames()["dec"]) and file.frames["frame"].dtype == np.int32


def test_missing_numbers_come_from_the_survey_file(folder):
    damaged(folder, drop=list(NUMBERS))
    file = read_sequence(read_night(folder), 45, "j")["j"]
    detector = survey().detector
    found = file.texp1, file.texp2, file.gain, file.read_noise, file.saturate, file.nonlinearity
    assert found == (detector.read1, detector.read2, survey().instrument.gain, detector.read_noise, detector.saturate,
                     detector.nonlinearity)  # fmt: skip


def test_one_damaged_band_fails_that_scan_alone(folder):
    damaged(folder, "k", shapes=(N, N // 2))
    night = read_night(folder)
    assert set(read_sequence(night, 45, "jh")) == {"j", "h"}
    with pytest.raises(SurveyError, match=r"^970611n scan 045 band k: READ2 has 6 frames, FRAMES lists 12$"):
        read_sequence(night, 45)


HEADERS = [
    ({"BAND": "h"}, "header BAND is 'h', expected 'j'"),
    ({"HEMIS": "s"}, "header HEMIS is 's', expected 'n'"),
    ({"SCANNO": 44}, "header SCANNO is 44, expected 45"),
    ({"SCANDIR": "s"}, "header SCANDIR is 's', expected 'n'"),
    ({"TYPE": "cal"}, "header TYPE is 'cal', expected 'sci'"),
    ({"TILE": "12"}, "header TILE is '12', expected '4711'"),
    ({"DATE-OBS": "1997-06-12T03:04:05.250"}, "the night log has '1997-06-11T03:04:05.250'"),
    ({"DATE-OBS": "yesterday"}, "header DATE-OBS is 'yesterday'"),
    ({"GAIN": 0.0}, "header GAIN is 0.0, expected a positive number"),
    ({"RDNOISE": "low"}, "header RDNOISE is 'low'"),
    ({"SATURATE": -1.0}, "header SATURATE is -1.0"),
    ({"TEXP1": 2.0}, "header TEXP1 is 2.0 s, expected less than TEXP2"),
]


@pytest.mark.parametrize("cards, message", HEADERS, ids=lambda v: next(iter(v)) if isinstance(v, dict) else "")
def test_a_header_that_contradicts_the_log(folder, cards, message):
    damaged(folder, "j", **cards)
    with pytest.raises(SurveyError, match="970611n scan 045 band j: ") as caught:
        read_sequence(read_night(folder), 45)
    assert message in str(caught.value)


TABLES = [
    ({"frame": np.arange(N, dtype=np.int32)}, "FRAMES column frame is not 1 to 12"),
    ({"mjd": np.full(N, 50610.0)}, "FRAMES column mjd does not grow"),
    ({"ra": np.where(np.arange(N) == 4, np.nan, 359.99)}, "FRAMES column ra has no value for frame 5"),
    ({"dec": np.linspace(12.5, 12.2, N)}, "declination goes s in FRAMES, direction is n"),
    ({"ra": np.full(N, 350.0)}, "first frame at 350.0000 +12.5000, the night log has 359.9900 +12.5000"),
    ({"dec": np.linspace(12.5, 12.8, N).astype(np.float32)}, "FRAMES column dec has type float32, expected float64"),
]  # fmt: skip


@pytest.mark.parametrize("columns, message", TABLES, ids=["frame", "mjd", "nan", "direction", "field", "type"])
def test_a_table_of_frames_that_cannot_be(folder, columns, message):
    damaged(folder, table=frames(**columns))
    with pytest.raises(SurveyError, match="970611n scan 045 band j: ") as caught:
        read_sequence(read_night(folder), 45)
    assert message in str(caught.value)


def test_a_column_of_frames_is_missing(folder):
    table = frames()
    del table["airmass"]
    damaged(folder, table=table)
    with pytest.raises(SurveyError, match="band j: FRAMES has no column airmass"):
        read_sequence(read_night(folder), 45)


def test_bands_must_list_the_same_frames(folder):
    damaged(folder, "h", table=frames(airmass=np.full(N, 1.3)))
    with pytest.raises(SurveyError, match="scan 045 band h: FRAMES column airmass differs from band j's"):
        read_sequence(read_night(folder), 45)


def test_frames_missing_everywhere_contradict_the_log(folder):
    relog(folder, nframes=[N, 20])
    with pytest.raises(SurveyError, match="band j: FRAMES lists 12 frames, the night log 20"):
        read_sequence(read_night(folder), 45)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("share, message", [(0.0, "not a readable FITS file"), (0.3, "truncated in READ1"),
                                            (0.8, "truncated in READ2"), (0.9995, "FRAMES")])  # fmt: skip
def test_a_truncated_file_is_named(folder, share, message, compress):
    path = damaged(folder, "h", compress=compress)
    os.truncate(path, int(share * path.stat().st_size) if share < 0.99 else path.stat().st_size - 2880)
    with pytest.raises(SurveyError, match=f"970611n scan 045 band h: .*{message}"):
        read_sequence(read_night(folder), 45)


def test_an_absent_band_is_named(folder):
    (folder / "sci045_h.fits").unlink()
    with pytest.raises(SurveyError, match="970611n scan 045 band h: the file sci045_h.fits is missing"):
        read_sequence(read_night(folder), 45)


def test_noise_instead_of_a_file(folder):
    (folder / "sci045_k.fits").unlink()
    (folder / "sci045_k.fits").write_bytes(np.random.default_rng(1).bytes(10000))
    with pytest.raises(SurveyError, match="band k: sci045_k.fits is not a readable FITS file"):
        read_sequence(read_night(folder), 45)


def test_a_file_cut_after_it_was_opened_is_an_error_when_read(folder):
    path = damaged(folder)
    file = read_sequence(read_night(folder), 45, "j")["j"]
    os.truncate(path, 20000)
    with pytest.raises(SurveyError, match="970611n scan 045 band j: READ1 cannot be read"):
        file.read1[5]


def replaced(folder, name, hdu):
    path = folder / "sci045_j.fits"
    with fits.open(path) as hdus:
        kept = fits.HDUList([h.copy() for h in hdus if h.name != name] + ([hdu] if hdu else []))
    path.unlink()
    kept.writeto(path)


WRONG = [
    (fits.ImageHDU(np.zeros((N, 128, 256), np.uint16), name="READ2"), "READ2 has shape 12 x 128 x 256, expected"),
    (fits.ImageHDU(np.zeros((256, 256), np.uint16), name="READ2"), "READ2 has shape 256 x 256, expected frames"),
    (fits.ImageHDU(np.zeros((N, 256, 256), np.float32), name="READ2"), "READ2 has BITPIX, BZERO, BSCALE (-32, 0, 1)"),
    (fits.ImageHDU(np.zeros((N, 256, 256), np.int16), name="READ2"), "READ2 has BITPIX, BZERO, BSCALE (16, 0, 1)"),
    (fits.BinTableHDU(frames(), name="READ2"), "READ2 is not an image"),
    (None, "sci045_j.fits has no extension READ2; it has PRIMARY, READ1, FRAMES"),
]  # fmt: skip


@pytest.mark.parametrize("hdu, message", WRONG, ids=["rows", "plane", "float", "signed", "table", "none"])
def test_a_cube_of_another_kind(folder, hdu, message):
    replaced(folder, "READ2", hdu)
    with pytest.raises(SurveyError, match="970611n scan 045 band j: ") as caught:
        read_sequence(read_night(folder), 45)
    assert message in str(caught.value)


ROWS = [
    ({"type": ["dark", "test"]}, "type 'test' in night.ecsv, expected sci, cal, dark, flat"),
    ({"direction": ["-", "-"]}, "direction '-' of type sci in night.ecsv, expected n or s"),
    ({"nframes": [N, 11]}, "11 frames in night.ecsv, expected at least 12"),
    ({"ra": [np.nan, np.nan]}, "ra nan, dec 12.5, airmass 1.2 in night.ecsv, expected numbers"),
    ({"start": ["", "tonight"]}, "start 'tonight' in night.ecsv, expected an ISO 8601 time"),
    ({"tile": ["", ""]}, "no tile in night.ecsv"),
]


@pytest.mark.parametrize("columns, message", ROWS, ids=lambda v: next(iter(v)) if isinstance(v, dict) else "")
def test_a_row_of_the_log_that_cannot_be_fails_its_scan(folder, columns, message):
    relog(folder, **columns)
    night = read_night(folder)
    with pytest.raises(SurveyError, match="970611n scan 045: ") as caught:
        read_sequence(night, 45)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "columns, message",
    [({"seq": [45, 45]}, "lists scan 45 more than once"),
     ({"seq": [7.0, 45.0]}, "seq has type float64, expected int64"),
     ({"tile": [1, 2]}, "tile has type int64, expected string")], ids=["twice", "float", "number"],
)  # fmt: skip
def test_a_log_that_cannot_be_fails_the_night(folder, columns, message):
    relog(folder, **columns)
    with pytest.raises(SurveyError, match="^970611n: night.ecsv") as caught:
        read_night(folder)
    assert message in str(caught.value)


def test_no_log_half_a_log_and_another_folder(folder, tmp_path):
    text = (folder / "night.ecsv").read_text()
    (folder / "night.ecsv").unlink()
    with pytest.raises(SurveyError, match="970611n: night.ecsv is missing"):
        read_night(folder)
    (folder / "night.ecsv").write_text(text[: len(text) // 3])
    with pytest.raises(SurveyError, match="970611n: night.ecsv cannot be read"):
        read_night(folder)
    for name in ("holidays", "971311n", "970611x"):
        with pytest.raises(SurveyError, match=f"{name}: expected a night's name"):
            read_night(tmp_path / name)
    with pytest.raises(SurveyError, match="970611n: the night log has no scan 46"):
        read_night(_with_log(folder, text)).sequence(46)


def _with_log(folder, text):
    (folder / "night.ecsv").write_text(text)
    return folder


@pytest.mark.parametrize("compress", [False, True])
def test_the_writer_writes_what_plain_astropy_reads(tmp_path, compress):
    row = Sequence(3, "cal", "cal16+30", "s", START, 240.0, 30.0, 1.1, N)
    first, second = reads("h")
    table = {"frame": np.arange(1, N + 1), "mjd": np.arange(N) + 50610.0, "ra": np.full(N, 240.0),
             "dec": np.linspace(30, 29.8, N), "airmass": np.full(N, 1.1)}  # fmt: skip
    write_raw_file(tmp_path, row, "h", "s", (first, second), table, NUMBERS, compress)
    with fits.open(tmp_path / "cal003_h.fits", disable_image_compression=True) as hdus:
        header = hdus["READ1"].header
        assert (header["ZCMPTYPE"], header["ZTILE1"], header["ZTILE2"], header["ZTILE3"]) == ("RICE_1", 256, 256, 1) \
            if compress else (header["BITPIX"], header["BZERO"], header["NAXIS3"]) == (16, 32768, N)  # fmt: skip
    with fits.open(tmp_path / "cal003_h.fits") as hdus:
        assert np.array_equal(hdus["READ1"].data, first) and np.array_equal(hdus["READ2"].data, second)
        assert hdus["READ2"].data.dtype == np.uint16
        assert dict(hdus[0].header)["TILE"] == "cal16+30" and hdus[0].header["SCANNO"] == 3
        assert hdus["FRAMES"].columns["frame"].format == "J" and hdus["FRAMES"].columns["ra"].format == "D"
        assert np.array_equal(hdus["FRAMES"].data["dec"], table["dec"])


def test_the_written_log_has_the_types_of_the_format(tmp_path):
    dark = Sequence(1, "dark", "", "-", START, np.nan, np.nan, np.nan, N)
    write_night_log(tmp_path, [dark, Sequence(2, "sci", "12", "s", START, 1.0, -2.0, 1.5, 273)])
    text = (tmp_path / "night.ecsv").read_text()
    for name, kind in (("seq", "int64"), ("tile", "string"), ("ra", "float64"), ("nframes", "int64")):
        assert f"{{name: {name}, datatype: {kind}}}" in text
    assert [row for row in text.splitlines() if not row.startswith("#")][1].split()[:4] == ["1", "dark", '""', "-"]


def test_reference_catalogs(tmp_path):
    (tmp_path / "reference").mkdir()
    stars = {"ra": [1.0, 2.0], "dec": [3.0, 4.0], "vt_mag": np.array([9.5, 10.5], np.float32)}
    pq.write_table(pa.table(stars), tmp_path / "reference" / "astrometric.parquet")
    columns = {name: [10.0] for name in ("ra", "dec", "j", "j_err", "h", "h_err", "k", "k_err")}
    Table({"field": ["90021"], **columns}).write(tmp_path / "reference" / "standards.ecsv", format="ascii.ecsv")
    assert read_astrometric(tmp_path)["vt_mag"].tolist() == [9.5, 10.5]
    standards = read_standards(tmp_path)
    assert standards["field"].tolist() == ["90021"] and standards["k_err"].tolist() == [10.0]


def test_reference_catalogs_missing_or_of_another_kind(tmp_path):
    (tmp_path / "reference").mkdir()
    for read, name in ((read_astrometric, "astrometric.parquet"), (read_standards, "standards.ecsv")):
        with pytest.raises(SurveyError, match=f"reference/{name}"):
            read(tmp_path)
    pq.write_table(pa.table({"ra": [1.0]}), tmp_path / "reference" / "astrometric.parquet")
    with pytest.raises(SurveyError, match="has no column dec, vt_mag"):
        read_astrometric(tmp_path)
    Table({"field": ["a"], "ra": [1.0]}).write(tmp_path / "reference" / "standards.ecsv", format="ascii.ecsv")
    with pytest.raises(SurveyError, match="has no column dec, j, j_err"):
        read_standards(tmp_path)
