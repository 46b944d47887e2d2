"""Rooms are tested beside each other: with ``--dist loadgroup``, all tests of a folder run in one process.

They share what is made once for all of them: a night that is simulated and reduced, a server with a release.
"""

import pytest


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.xdist_group(str(item.path.parent)))
