"""The notebooks in examples/ do what they say on the release of the tests: all their cells, in order, unwarned.

Where they look is set after the cell with their parameters, since the cluster of the text is not in every release.
"""

import gc
import json

import matplotlib
import numpy as np
import pytest

from processing.publish.site import CHECKOUT
from vo_tests.compare import within
from vo_tests.screen import PICTURES

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""pyvo leaves connections to be closed."""

EXAMPLES = CHECKOUT / "examples"
FIELD = {"RA": 127.5, "DEC": 1.5}


def cells(name):
    notebook = json.loads((EXAMPLES / f"{name}.ipynb").read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    return notebook["cells"]


@pytest.fixture
def run(server, release, monkeypatch):
    """A function that runs a notebook with other parameters and gives the names that it has made."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    monkeypatch.setenv("TWOMASS_URL", server.url)

    def run(name, **parameters):
        made = {}
        for cell in cells(name):
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), f"{name}.ipynb", "exec"), made)
                if "parameters" in cell["metadata"].get("tags", ()):
                    assert set(parameters) <= set(made)
                    made.update(parameters)
        PICTURES.mkdir(parents=True, exist_ok=True)
        for number in pyplot.get_fignums():
            pyplot.figure(number).savefig(PICTURES / f"{name}_{number}.png")
        return made

    yield run
    pyplot.close("all")
    gc.collect()  # here, where what pyvo left open is no error


def test_notebooks_are_kept_without_what_they_gave():
    names = sorted(path.stem for path in EXAMPLES.glob("*.ipynb"))
    assert names == ["cluster", "crossmatch", "galaxy", "red_sources"]
    for cell in (cell for name in names for cell in cells(name)):
        assert cell["id"] and (cell["cell_type"] == "markdown" or not (cell["outputs"] or cell["execution_count"]))


def test_the_stars_of_a_cluster_and_of_its_field_are_those_of_the_release(run, release):
    made = run("cluster", **FIELD, RADIUS=0.12)
    circle, ring = ({row["designation"] for row in within(release.read("psc"), *FIELD.values(), radius).to_pylist()
                     if row["ph_qual"][::2] == "AA" and row["cc_flg"][::2] == "00" and row["use_src"] == 1}
                    for radius in (0.12, 0.12 * 2 ** 0.5))
    inside = made["inside"]
    assert set(made["stars"]["designation"][inside]) == circle and set(made["stars"]["designation"]) == ring
    assert 10 < inside.sum() < len(inside)


def test_ten_thousand_positions_find_the_sources_they_were_made_of(run, release):
    made = run("crossmatch", **FIELD)
    assert len(made["mine"]) == 10_000 and len(made["known"]) > 500
    assert made["right"] == len(made["known"])
    separation = made["nearest"]["separation"][made["of_known"]]
    assert np.allclose(separation, 0.3, atol=0.01)
    by_chance = (~made["of_known"]).sum()
    expected = made["others"] * len(made["known"]) * (made["MATCH"] / 3600 / made["RADIUS"]) ** 2
    assert by_chance < expected + 5 * max(1, np.sqrt(expected)) + 20  # the catalog of the tests is clumped


def test_the_cutouts_of_a_galaxy_are_the_pixels_of_its_images(run, release):
    from astropy.io import fits

    made = run("galaxy")
    assert list(made["cutouts"]) == ["J", "H", "Ks"] and made["colours"].shape[2] == 3
    for band, (pixels, wcs) in made["cutouts"].items():
        row, = (row for row in release.read("atlas").to_pylist() if row["coadd_key"] == 1 and row["band"] == band)
        whole = fits.getdata(release.path / row["file"])
        brightest = np.unravel_index(np.nanargmax(pixels), pixels.shape)
        assert pixels[brightest] in whole and pixels.shape[0] == pytest.approx(72, abs=2)
        assert (abs(wcs.wcs_world2pix([[made["RA"], made["DEC"]]], 0) - 36) < 2).all()


def test_red_sources_are_all_those_of_the_release(run, release):
    made = run("red_sources", COLOUR=0.9)
    expected = [row["designation"] for row in release.read("psc").to_pylist()
                if (row["ph_qual"], row["cc_flg"], row["gal_contam"]) == ("AAA", "000", 0)
                and row["j_m"] - row["k_m"] > 0.9]
    assert sorted(made["red"]["designation"]) == sorted(expected) and len(expected) > 5
    assert made["result"].query_status == "OK"
