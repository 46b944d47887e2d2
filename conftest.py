"""Rooms are tested beside each other: with ``--numprocesses``, all tests of a folder run in one process, in order.

They share what is made once for all of them: a night that is simulated and reduced, a server with a release.
"""

import pytest


@pytest.hookimpl(optionalhook=True)  # without pytest-xdist nobody asks
def pytest_xdist_make_scheduler(config, log):
    """Not by ``--dist loadgroup``: its groups have no effect in pytest 9.2 (pytest-xdist 3.8 renames tests in vain)."""
    from xdist.scheduler import LoadScopeScheduling

    class Rooms(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            """Folder of a test, of which no two parts run at the same time."""
            return nodeid.partition("::")[0].rpartition("/")[0]

    return Rooms(config, log)
