"""The memory of what is made once: bounded, and DaCHS may empty it at any time."""

import threading

from processing.answer.kept import Known, for_shape
from processing.answer.question import Question


def test_what_is_kept_is_bounded_and_the_one_used_last_stays():
    known = Known(3)
    for key in "abc":
        known.put(key, key)
    known.get("a")
    known.put("d", "d")
    assert sorted(known) == ["a", "c", "d"]


def test_dachs_can_empty_it_while_others_use_it():
    known, failed = Known(50), []

    def use():
        try:
            for number in range(3000):
                known.put(number % 100, number)
                known.get(number % 70)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(200):  # as gavo.base.caches.clearall does
        for key in list(known.keys()):
            del known[key]
    for thread in threads:
        thread.join()
    for key in list(known.keys()):
        del known[key]
    assert not failed and len(known) == 0
    known.put("a", 1)
    assert known.get("a") == 1


def test_what_is_made_for_a_shape_is_made_once_and_without_a_shape_each_time():
    made = []
    for shape in ("a shape", "a shape", None, None):
        question = Question("SELECT 1", len(made), 1, shape=shape)
        assert for_shape(question, "columns", lambda table: made.append(table) or [table]) == [made[-1]]
    assert made == [0, 1, 2]
