"""STILTS, the command-line side of TOPCAT, gets what it asks for from each protocol."""

import shutil
import subprocess

import numpy as np
import pytest


@pytest.fixture(scope="module")
def stilts(server, release):
    if not shutil.which("stilts"):
        pytest.fail("STILTS is not installed: run 'make setup'")
    folder = server.folder / "stilts"
    folder.mkdir()

    def run(*words):
        """Run a command that writes a table; returns it as astropy's."""
        from astropy.table import Table

        out = folder / "out.fits"
        out.unlink(missing_ok=True)
        done = subprocess.run(["stilts", *words, f"out={out}", "ofmt=fits-basic"], capture_output=True, text=True)
        assert done.returncode == 0 and out.exists(), done.stdout + done.stderr
        return Table.read(out)

    return run


@pytest.fixture(scope="module")
def mine(server, release):
    """A file with every twentieth source, a tenth of an arcsecond off, and its key."""
    from astropy.table import Table

    points = release.read("psc").take(list(range(0, release.rows["psc"], 20)))
    table = Table({"number": points["pts_key"].to_numpy(), "alpha": points["ra"].to_numpy(),
                   "delta": points["dec"].to_numpy() + 0.1 / 3600})
    path = server.folder / "mine.fits"
    table.write(path)
    return path, table


def test_tapquery_uploads_a_table_and_gets_its_matches(server, stilts, mine):
    path, table = mine
    found = stilts("tapquery", f"tapurl={server.url}/tap", "nupload=1", f"upload1={path}", "upname1=mine",
                   "adql=SELECT m.number, p.pts_key, p.j_m FROM TAP_UPLOAD.mine AS m JOIN twomass.psc AS p "
                   "ON 1=CONTAINS(POINT('ICRS', p.ra, p.dec), CIRCLE('ICRS', m.alpha, m.delta, 0.0001))")
    assert sorted(found["number"]) == sorted(table["number"]) and (found["number"] == found["pts_key"]).all()


def test_tapskymatch_finds_the_nearest_source_of_each_row(server, stilts, mine):
    path, table = mine
    found = stilts("tapskymatch", f"tapurl={server.url}/tap", "taptable=twomass.psc", f"in={path}", "inlon=alpha",
                   "inlat=delta", "taplon=ra", "taplat=dec", "tapcols=pts_key,designation,k_m", "sr=0.0003",
                   "find=best")
    assert len(found) == len(table) and (found["number"] == found["pts_key"]).all()


def test_coneskymatch_asks_the_cone_search_row_by_row(server, stilts, mine):
    path, table = mine
    found = stilts("coneskymatch", f"serviceurl={server.url}/twomass/q/cone/scs.xml?", f"in={path}", "icmd=head 5",
                   "ra=alpha", "dec=delta", "sr=0.0003", "find=best", "verb=3")
    assert len(found) == 5 and list(found["number"]) == list(found["pts_key"])


def test_the_images_of_a_place_come_by_sia(server, stilts, release, mine):
    row = release.read("atlas").to_pylist()[0]
    path = server.folder / "place.csv"
    path.write_text(f"alpha,delta\n{row['ra']},{row['dec']}\n")
    found = stilts("coneskymatch", "servicetype=sia", f"serviceurl={server.url}/twomass/q/sia/siap.xml?", f"in={path}",
                   "ifmt=csv", "ra=alpha", "dec=delta", "sr=0.001", "find=all")
    assert len(found) == 3 and np.allclose(found["centerAlpha"], row["ra"])
