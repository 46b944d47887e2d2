"""Python's search for garbage without looking through all of DaCHS's descriptors each time.

DaCHS has it search at every tenth request, which takes 0.1 s for the some hundred thousand objects of its descriptors:
10 ms a request. Here the objects that a whole search has found in use are left out until the next whole search.
"""

import gc
import time

EVERY = 60.0
"""Seconds between whole searches, at least."""


class Search:
    """In the place of the module ``gc``, for a module that calls ``gc.collect()``."""

    def __init__(self, clock=time.monotonic):
        self.clock, self.last = clock, -EVERY

    def collect(self):
        if self.clock() - self.last < EVERY:
            gc.collect()
            return
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self.last = self.clock()


def use_in_server():
    from gavo.web import root

    root.gc = Search()
