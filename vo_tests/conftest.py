"""One real server for all tests of this folder, with its own state folder and port and a release published on it."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from processing.publish import cluster
from processing.publish.site import Site
from processing.release import read_release
from vo_tests.small_release import make_small_release


@dataclass(frozen=True)
class Server:
    """A running server: its address, the environment of commands for it, and a folder to work in."""

    url: str
    environment: dict
    folder: Path

    def twomass(self, *words, check=True):
        """Run one command of the project against this server; returns the CompletedProcess."""
        done = subprocess.run(self.command(*words), env=self.environment, capture_output=True, text=True)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def command(self, *words):
        return [sys.executable, "-m", "processing.cli", *map(str, words)]

    @property
    def place(self):
        """The site as the project's own functions know it."""
        return Site(Path(self.environment["TWOMASS_STATE"]), int(self.environment["TWOMASS_PORT"]))

    def connect(self):
        """A connection to the database as its superuser."""
        return cluster.connect(self.place, autocommit=True)


@pytest.fixture(scope="session")
def server():
    folder = Path(tempfile.mkdtemp(prefix="twomass-vo-"))
    folder.chmod(0o755)  # root's servers run as another account
    port = _free_port()
    environment = {**os.environ, "TWOMASS_STATE": str(folder / "state"), "TWOMASS_PORT": str(port)}
    running = Server(f"http://127.0.0.1:{port}", environment, folder)
    try:
        running.twomass("serve")
        yield running
    finally:
        running.twomass("stop", check=False)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def release(server):
    """The release that is published while the tests of the services run."""
    folder = server.folder / "first"
    make_small_release(folder, "first")
    server.twomass("publish", folder)
    return read_release(folder)


@pytest.fixture(scope="session")
def tap(server, release):
    import pyvo

    return pyvo.dal.TAPService(f"{server.url}/tap")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pytest_collection_modifyitems(items):
    """Connections that the clients keep open (pyvo, requests) end when Python collects them, in whatever test that is."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))
