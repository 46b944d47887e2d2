"""Noise alone, all the way: three whole Atlas Images without a star through extract and the rules of a release."""

import pytest
from astropy.io import fits

from processing.cli import main
from processing.config import survey
from processing.formats.parquet import read_parquet
from processing.release.scans.points import Points
from processing.release.scans.selection import AFTER_DUPLICATES
from processing.schema import load_table
from processing.simulate.atlas import simulate_atlas


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """The folder of a field without sources, with airglow."""
    folder = tmp_path_factory.mktemp("empty")
    paths = [folder / f"{band}.fits" for band in "jhk"]
    for path, image in zip(paths, simulate_atlas(None, None, (200.0, 30.0), seed=41).values()):
        fits.PrimaryHDU(image.data, image.header).writeto(path)
    assert main(["extract", *map(str, paths), "--out", str(folder / "work")]) in (0, None)
    return folder / "work"


@pytest.fixture(scope="module")
def noise(empty):
    return read_parquet(empty / "points.parquet", load_table("psc"), stage="extract")


def test_empty_sky_has_no_good_source(noise):
    """1.5 million pixels are about 100,000 independent places: one in 300,000 passes 4.5 sigma, none S/N 10."""
    flags = "".join(noise["ph_qual"].to_pylist())
    assert noise.num_rows < 20 and "A" not in flags and flags.count("B") <= 1


def test_release_of_empty_sky_lists_hardly_anything(noise):
    points = Points(noise)
    for rule in AFTER_DUPLICATES:
        points = points[rule.keeps(points)]
    assert len(points) <= 1


def test_empty_sky_has_no_galaxy(empty):
    """None that a release would list by score and brightness: reliability is asked for to Ks 13.5."""
    rows = read_parquet(empty / "extended.parquet", load_table("xsc"), stage="extract").to_pylist()
    listed = [row for row in rows if max(row["e_score"], row["g_score"]) <= survey().extended_release.score]
    assert not [row for row in listed if (row["k_m_k20fe"] or 99) < 13.5 or (row["j_m_j21fe"] or 99) < 15.0]
