"""TOPCAT, on a screen that nobody sees, loads the catalog from the query service, asked to by SAMP."""

import os
import shutil
import subprocess
from urllib.parse import urlencode

import numpy as np
import pytest

from processing.publish.processes import wait_until
from vo_tests.screen import picture, virtual_screen

SECONDS = 90

SHOWN = 10_000
"""Pixels that change when a table is there: its properties, and buttons that can be pressed then; 26,000 were seen."""


@pytest.fixture
def topcat(server, monkeypatch):
    """A running TOPCAT: the display it is on, and a function to have it do something by SAMP (the answer is a dict)."""
    from pyvo.samp import SAMPIntegratedClient

    if not shutil.which("topcat"):
        pytest.fail("TOPCAT is not installed: run 'make setup-tests'")
    home = server.folder / "topcat"
    home.mkdir()
    monkeypatch.setenv("SAMP_HUB", f"std-lockurl:file://{home}/.samp")
    with virtual_screen() as display:
        process = subprocess.Popen(["topcat", f"-Duser.home={home}", "-Xmx500m", "-hub"], start_new_session=True,
                                   env={**os.environ, "DISPLAY": display, "HOME": str(home)},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = SAMPIntegratedClient(name="tests")
        try:
            assert wait_until((home / ".samp").exists, SECONDS)
            client.connect()
            assert wait_until(lambda: _who_loads_tables(client), SECONDS)
            who = _who_loads_tables(client)[0]
            yield display, lambda what, **how: client.call_and_wait(
                who, {"samp.mtype": what, "samp.params": how}, str(SECONDS))
            client.disconnect()
        finally:
            process.kill()
            process.wait()


def _who_loads_tables(client):
    return [who for who in client.get_registered_clients()
            if client.get_metadata(who).get("samp.name") == "topcat"
            and "table.load.votable" in client.get_subscriptions(who)]


def changed(before, after):
    """How many pixels of two pictures differ by more than a shade."""
    difference = np.asarray(before.convert("RGB"), int) - np.asarray(after.convert("RGB"), int)
    return int((np.abs(difference).sum(axis=2) > 30).sum())


def test_topcat_loads_the_catalog_and_shows_it(server, release, topcat):
    display, ask = topcat
    empty = picture(display, "topcat.png")
    query = urlencode({"LANG": "ADQL", "QUERY": "SELECT * FROM twomass.psc"})
    url = f"{server.url}/tap/sync?{query}"
    assert ask("table.load.votable", url=url, name="twomass.psc", **{"table-id": "psc"})["samp.status"] == "samp.ok"

    def has_row(number):
        return ask("table.highlight.row", url=url, row=str(number), **{"table-id": "psc"})["samp.status"] == "samp.ok"

    assert wait_until(lambda: has_row(release.rows["psc"] - 1), SECONDS)
    assert wait_until(lambda: changed(empty, picture(display, "topcat.png")) > SHOWN, SECONDS, pause=1.0)
