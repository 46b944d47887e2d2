"""The search for garbage: what is in use is left out until the next whole search, and garbage is found all the same."""

import gc
import weakref

import pytest

from processing.answer.garbage import EVERY, Search


class Thing:
    """Refers to itself, so that only a search finds that nobody else does."""

    def __init__(self):
        self.me = self


@pytest.fixture
def search():
    now = [0.0]
    yield Search(lambda: now[0]), now
    gc.unfreeze()


def test_what_is_in_use_is_left_out_until_the_next_whole_search(search):
    search, now = search
    search.collect()
    assert gc.get_freeze_count() > 1000
    held = Thing()
    seen = weakref.ref(held)
    now[0] += EVERY
    search.collect()
    del held
    search.collect()
    assert seen() is not None
    now[0] += EVERY
    search.collect()
    assert seen() is None


def test_new_garbage_is_found_at_once(search):
    search, _ = search
    search.collect()
    seen = weakref.ref(Thing())
    search.collect()
    assert seen() is None
