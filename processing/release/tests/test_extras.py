"""What a release has on request: optical stars, minor planets, the catalog in other formats."""

import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from processing.cli import main
from processing.errors import SurveyError
from processing.formats.bulk_ascii import read_bulk_ascii, write_bulk_ascii
from processing.formats.fits_table import read_fits_table
from processing.formats.tests.real_rows import real_points
from processing.release import read_release
from processing.release.extras import Extras
from processing.release.make import make_release
from processing.release.tests.field_maker import PSC, as_extracted, real_scan, scan_corners, write_field


def field(folder):
    """A field of the 133 sources of scan 59; extract knows nothing of optical stars or minor planets."""
    columns = {name: real_scan(59)[name] for name in PSC.names}
    names = ("a", "dist_opt", "phi_opt", "b_m_opt", "vr_m_opt", "nopt_mchs", "mp_flg")
    unknown = {name: pa.nulls(133) for name in names}
    return write_field(folder, as_extracted(columns | unknown), scan_corners(59))


def optical_file(path, rows):
    """A star an arcsec north of each of the real ``rows``."""
    ra, dec = (rows[name].to_numpy() for name in ("ra", "dec"))
    pq.write_table(pa.table({"ra": ra, "dec": dec + 1 / 3600, "vt_mag": np.full(len(ra), 10.0, "f4")}), path)
    return path


def ephemeris_file(path, row):
    """Something that stands still where and when the real ``row`` was seen."""
    columns = {name: [row[name].as_py()] for name in ("ra", "dec")}
    Table({"name": ["(4) Vesta"], "jd": [row["jdate"].as_py()], "rate_ra": [0.0], "rate_dec": [0.0], **columns}).write(
        path, format="ascii.ecsv")
    return path


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    root, real = tmp_path_factory.mktemp("extras"), real_scan(59)
    row = {name: real[name][7] for name in ("ra", "dec", "jdate")}
    extras = Extras(optical_file(root / "tycho.parquet", real.slice(0, 5)), ephemeris_file(root / "mp.ecsv", row),
                    ("ascii", "fits"))
    return make_release([field(root / "work")], root / "r", extras=extras)


def row_of(release, n):
    name = real_scan(59)["designation"][n].as_py()
    return release.read("psc").filter(pa.compute.field("designation") == name).to_pylist()[0]


def test_sources_get_their_optical_stars_and_minor_planets(release):
    data = release.read("psc")
    assert sorted(data["a"].to_pylist()) == ["0"] * 128 + ["T"] * 5
    found = row_of(release, 3)
    assert (found["dist_opt"], found["phi_opt"], found["nopt_mchs"], found["vr_m_opt"]) == (1.0, 180, 1, 10.0)
    assert found["b_m_opt"] is None and found["mp_flg"] == 0
    assert row_of(release, 7)["mp_flg"] == 1 and sum(data["mp_flg"].to_pylist()) == 1


def test_the_products_are_the_catalog_and_are_in_the_manifest(release):
    release.verify()
    products = {name for name in release.files if name.startswith(("ascii/", "fits/"))}
    assert len(products) == 2
    for name in products:
        read = read_bulk_ascii if name.startswith("ascii") else read_fits_table
        assert read(release.path / name, PSC).equals(release.read("psc").combine_chunks())


def test_the_manifest_says_which_files_were_used_and_how(release):
    content = json.loads((release.path / "release.json").read_text())
    assert content["associations"]["file"] == "tycho.parquet" and len(content["associations"]["sha256"]) == 64
    assert content["associations"]["settings"]["radius"] == 5.0
    assert content["minor_planets"]["file"] == "mp.ecsv"


def test_without_files_the_columns_are_null_and_there_are_no_products(tmp_path):
    release = make_release([field(tmp_path / "work")], tmp_path / "r")
    data = release.read("psc")
    assert {data[name].null_count for name in ("a", "dist_opt", "nopt_mchs", "mp_flg")} == {133}
    assert not any(name.startswith(("ascii/", "fits/")) for name in release.files)
    assert not {"associations", "minor_planets"} & set(release.content)


def test_a_listed_star_that_no_scan_holds_takes_its_false_stars_away(tmp_path):
    """Ks 0, 400 arcsec east of a source of Ks 15: on its west arm, and fainter than a false star there."""
    real = real_scan(59)
    row = next(row for row in real.to_pylist() if row["k_m"] > 14.8 and row["j_m"] > 15.5 and row["rd_flg"] == "222"
               and row["dist_edge_ns"] > 30 and row["dist_edge_ew"] > 30)  # fmt: skip
    ra = row["ra"] + 400 / 3600 / np.cos(np.radians(row["dec"]))
    Table({"ra": [ra], "dec": [row["dec"]], "j_m": [0.6], "h_m": [0.1], "k_m": [0.0]}).write(tmp_path / "bright.ecsv")
    work = field(tmp_path / "work")
    without, known = (make_release([work], tmp_path / name, extras=Extras(bright=bright)) for name, bright in (
        ("without", None), ("known", tmp_path / "bright.ecsv")))  # fmt: skip
    lost = {*without.read("psc")["designation"].to_pylist()} - {*known.read("psc")["designation"].to_pylist()}
    assert row["designation"] in lost and len(lost) < 20
    assert known.content["bright_stars"]["file"] == "bright.ecsv" and "bright_stars" not in without.content


def test_a_file_that_cannot_be_used_is_refused_before_any_work(tmp_path):
    with pytest.raises(SurveyError, match="nothing.parquet: cannot be read"):
        make_release([tmp_path / "no work"], tmp_path / "r", extras=Extras(optical=tmp_path / "nothing.parquet"))


def test_the_command_makes_the_published_files_a_release_and_gives_them_back(tmp_path, capsys):
    for n, rows in enumerate((real_points().slice(0, 400), real_points().slice(400))):
        write_bulk_ascii(tmp_path / f"psc_{n}.gz", rows, PSC)
    files = [str(tmp_path / f"psc_{n}.gz") for n in (1, 0)]
    assert main(["release", "--from-ascii", *files, "--out", str(tmp_path / "r"), "--name", "allsky", "--ascii"]) == 0
    assert "release allsky with 683 point sources, 0 scans, 0 images" in capsys.readouterr().out
    back, = (tmp_path / "r" / "ascii").iterdir()
    whole = b"".join(gzip.decompress((tmp_path / f"psc_{n}.gz").read_bytes()) for n in (0, 1))
    assert sorted(gzip.decompress(back.read_bytes()).splitlines()) == sorted(whole.splitlines())
    assert read_release(tmp_path / "r").name == "allsky"


@pytest.mark.parametrize("options, words", [
    ([], "found neither"), (["work", "--from-ascii", "psc.gz"], "found both"),
    (["--from-ascii", "psc.gz", "--optical", "t.parquet"], "--optical: not with --from-ascii"),
    (["--from-ascii", "psc.gz", "--minor-planets", "m.ecsv"], "--minor-planets: not with --from-ascii"),
    (["--from-ascii", "psc.gz", "--cal"], "--cal: not with --from-ascii"),
])
def test_options_that_contradict_each_other_are_refused(options, words, capsys):
    assert main(["release", *options, "--out", "nowhere"]) == 1
    assert words in capsys.readouterr().err
