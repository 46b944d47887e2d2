"""Places for servers of the tests: a state folder that the account can reach, and a port of its own."""

import shutil
import socket
import tempfile
from pathlib import Path

import pytest

from processing.publish import cluster, server
from processing.publish.site import Site


@pytest.fixture(scope="module")
def place():
    """A site with nothing in it; whatever was started there is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="twomass-test-"))
    folder.chmod(0o755)  # root's servers run as another account
    made = Site(folder / "state", free_port())
    yield made
    server.stop(made)
    cluster.stop(made)
    shutil.rmtree(folder)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
