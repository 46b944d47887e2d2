"""twomass validate of a release with extended sources: every row measured from repeats and the truth, in files."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from processing.cli import main
from processing.release.make import make_release
from processing.release.tests.galaxy_folders import add_galaxies
from processing.release.tests.scan_folders import CORNER, STEP, make_scan
from processing.schema import BANDS
from processing.validate.galaxies.tests.made_galaxies import COLOUR, noise

SIZE = 10.0


@pytest.fixture(scope="module")
def survey_folder(tmp_path_factory):
    """Two scans of each of two tiles, the second ones spare, with the same galaxies measured with errors."""
    root = tmp_path_factory.mktemp("survey")
    rng = np.random.default_rng(8)
    ra = CORNER[0] + rng.integers(0, 2, 400) * STEP + rng.uniform(0.01, STEP - 0.01, 400)
    dec = CORNER[1] + rng.uniform(0.1, 5.9, 400)
    k = rng.uniform(11.5, 14.0, 400)
    for column in (0, 1):
        for sight in (0, 1):
            folder = make_scan(root / "work", 0, column, 200, night=sight, errors=sight, tile=7 + column,
                               quality={"score": 10 - sight})  # fmt: skip
            west = CORNER[0] + column * STEP
            here = (ra > west) & (ra < west + STEP)
            rng = np.random.default_rng((column, sight))
            light = k[here] + noise(k[here]) * rng.standard_normal(here.sum())
            measured = {}
            for letter in (band.letter for band in BANDS):
                for name in ("7", "k20fe"):
                    measured[f"{letter}_m_{name}"] = light + COLOUR[letter]
                    measured[f"{letter}_msig_{name}"] = noise(k[here])
            add_galaxies(folder, ra[here], dec[here], k=light, size=SIZE, **measured)
    write_truth(root / "truth", ra, dec, k)
    return root


def write_truth(folder, ra, dec, k):
    """As the simulation does, all on one tile; the points' truth is empty."""
    (folder / "tile").mkdir(parents=True)
    (folder / "simulation.json").write_text(json.dumps({"settings": {}}))
    number = np.arange(len(ra))
    light = {band.letter: k + COLOUR[band.letter] for band in BANDS}
    isophotes = {f"{band}_{name}": values for band, values in light.items() for name in ("k20", "7")}
    sizes = {"r_k20": np.full(len(ra), SIZE), "ba_k20": np.full(len(ra), 0.6)}
    pq.write_table(pa.table({"id": number, "ra": ra, "dec": dec, **light, **isophotes, **sizes}),
                   folder / "tile" / "extended.parquet")
    pq.write_table(pa.table({"id": number, "ra": ra, "dec": dec, **light, "reff": np.full(len(ra), 4.0)}),
                   folder / "tile" / "galaxies.parquet")
    nothing = {name: np.empty(0) for name in ("ra", "dec", "j", "h", "k")}
    pq.write_table(pa.table({"id": number[:0], **nothing}), folder / "tile" / "stars.parquet")


@pytest.fixture(scope="module")
def content(survey_folder):
    from unittest import mock

    release = make_release([survey_folder / "work"], survey_folder / "release", workers=0)
    assert release.content["extended"]["apparitions"]["spare"] > 500
    with mock.patch("processing.validate.evidence._refuse_other_sky", lambda *_: None):  # no true stars at all
        assert main(["validate", str(release.path), "--truth", str(survey_folder / "truth")]) == 0
    return json.loads((release.path / "level1.json").read_text())


def rows(content, item, basis):
    return [row for row in content["figures"] if row["item"] == item and row["basis"] == basis]


def test_precision_and_sensitivity_are_those_of_the_errors_from_both_sides(content):
    for basis in ("repeats", "truth"):
        h, = (row for row in rows(content, "extended_precision", basis)
              if row["band"] == "H" and "K20" in row["quantity"])  # fmt: skip
        assert noise(13.0) < h["measured"] < noise(13.5) and h["verdict"] == "met"
        ks, = (row for row in rows(content, "extended_sensitivity", basis)
               if row["band"] == "Ks" and "circle" in row["quantity"])  # fmt: skip
        assert ks["measured"] == pytest.approx(13.6, abs=max(4 * ks["error"], 0.05))


def test_completeness_and_reliability_are_whole_where_nothing_is_lost_or_false(content):
    for basis in ("repeats", "truth"):
        found = [row for row in rows(content, "extended_completeness", basis) if row["threshold"]]
        assert len(found) == 3 and all(row["measured"] > 0.97 for row in found)
    told = rows(content, "extended_reliability", "truth")
    reliable = [row for row in told if row["threshold"] and row["measured"] is not None]
    assert reliable and all(row["measured"] > 0.99 for row in reliable)


def test_every_requirement_of_the_extended_sources_was_measured(content):
    for asked in content["requirements"]:
        if asked["item"].startswith("extended"):
            assert asked["verdict"] in ("met", "not met", "too few"), asked


def test_the_area_in_extended_sources_is_less_than_that_in_point_sources(content):
    share = {row["measure"]: row["measured"] for row in rows(content, "coverage", "geometry")}
    assert 0.8 < share["extended"] < share["points"] <= share["imaged"]


def test_the_page_has_a_section_for_each(content, survey_folder):
    text = (survey_folder / "release" / "level1.html").read_text()
    for item in ("sensitivity", "precision", "uniformity", "completeness", "reliability"):
        assert f'<section id="extended_{item}">' in text
