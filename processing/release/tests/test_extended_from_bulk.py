"""The survey's files of extended sources beside those of the points: both catalogs, rows as they are."""

import gzip

import numpy as np
import pytest

from processing.errors import SurveyError
from processing.formats.bulk_ascii import bulk_lines, write_bulk_ascii
from processing.formats.tests.real_rows import real_points
from processing.formats.tests.test_extended_ascii import printed_galaxies
from processing.release.published.from_bulk import release_from_bulk
from processing.release.sky.keys import with_column
from processing.release.tests.bulk_maker import PSC, joined, scan_of_rows
from processing.schema import load_table

XSC = load_table("xsc")


def galaxies(scan_key=3):
    rows = with_column(printed_galaxies(), "ext_key", np.arange(40) + 1000)
    return with_column(rows, "scan_key", np.full(40, scan_key))


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    root = tmp_path_factory.mktemp("bulk")
    box = np.array([(10.14, 20.0), (10.0, 20.0), (10.0, 22.0), (10.14, 22.0)])
    write_bulk_ascii(root / "psc_aaa.gz", joined(scan_of_rows(box, 900, 3, 7), real_points()), PSC)
    write_bulk_ascii(root / "xsc_aaa.gz", galaxies().slice(0, 30), XSC)
    write_bulk_ascii(root / "xsc_baa.gz", galaxies().slice(30), XSC)
    return release_from_bulk(sorted(root.glob("*.gz")), root / "r", kinds=("ascii",))


def test_both_catalogs_hold_their_rows_as_they_are(release):
    release.verify()
    assert release.rows == {"psc": 1583, "xsc": 40, "scans": 1, "atlas": 0}
    assert release.read("xsc").sort_by("ext_key").equals(galaxies().combine_chunks())


def test_the_extended_catalog_is_valid_hats(release):
    from hats.io.validation import is_valid_catalog

    assert is_valid_catalog(release.path / "xsc", strict=True)


def test_lines_come_out_as_they_went_in(release):
    written = b"".join(gzip.decompress(file.read_bytes()) for file in (release.path / "ascii").glob("xsc_*"))
    assert sorted(written.splitlines()) == sorted(bulk_lines(galaxies(), XSC).splitlines())


def test_scans_count_their_extended_sources(release):
    assert release.read("scans")["extended"].to_pylist() == [40]


def test_the_same_key_twice_is_refused(tmp_path):
    write_bulk_ascii(tmp_path / "psc_a.gz", real_points(), PSC)
    write_bulk_ascii(tmp_path / "xsc_a.gz", galaxies(), XSC)
    write_bulk_ascii(tmp_path / "xsc_b.gz", galaxies().slice(3, 2), XSC)
    with pytest.raises(SurveyError, match="ext_key 100[34] comes twice in the files"):
        release_from_bulk(sorted(tmp_path.glob("*.gz")), tmp_path / "r")


def test_extended_sources_alone_are_refused(tmp_path):
    write_bulk_ascii(tmp_path / "xsc_a.gz", galaxies(), XSC)
    with pytest.raises(SurveyError, match="files of extended sources alone: no point sources"):
        release_from_bulk([tmp_path / "xsc_a.gz"], tmp_path / "r")
