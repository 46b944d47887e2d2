"""Stay with the two servers, as systemd and containers expect of a service: ``twomass serve --foreground``."""

import signal
import threading
from contextlib import contextmanager

from processing.errors import SurveyError
from processing.publish import cluster, server

PAUSE = 2.0
"""Seconds between two looks."""


@contextmanager
def ending_together(place, starting):
    """Whatever ends the block, both servers are stopped then; gives an Event, set when the command is told to end.

    That is by SIGTERM (``systemctl stop``, ``podman stop``) or SIGINT (ctrl-C). ``starting`` is serve.starting.
    """
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    try:
        yield told
    finally:
        with starting(place):
            server.stop(place)
            cluster.stop(place)


def stay(place, told, starting, pause=PAUSE):
    """Until ``told``; SurveyError when one of the servers ends by itself. Another command's restart is waited for."""
    while not told.wait(pause):
        with starting(place):
            ended = [name for name, module in (("database", cluster), ("server", server)) if not module.pid(place)]
        if ended:
            raise SurveyError(f"the {' and the '.join(ended)} ended without being told to; see {place.log}")
