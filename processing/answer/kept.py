"""What is made once: a bounded memory, and in it what is the same for all questions of a shape (question.py)."""

from collections import OrderedDict
from threading import Lock

MOST = 500
"""Shapes and formats for which descriptions of columns and headers are kept, some tens of kilobytes each."""


class Known(dict):
    """A bounded dict, the entry used last kept longest; DaCHS deletes its keys when it forgets its descriptors."""

    def __init__(self, most):
        super().__init__()
        self.most, self._order, self._lock = most, OrderedDict(), Lock()

    def get(self, key):
        with self._lock:
            if key in self:
                self._order.move_to_end(key)
            return super().get(key)

    def put(self, key, value):
        with self._lock:
            self[key] = value
            self._order[key] = None
            self._order.move_to_end(key)
            while len(self) > self.most:
                super().__delitem__(self._order.popitem(last=False)[0])

    def __delitem__(self, key):
        with self._lock:
            self.pop(key, None)
            self._order.pop(key, None)


_kept = Known(MOST)


def for_shape(question, what, make):
    """``make(question.table)``, or what it gave for a question of the same shape; ``what`` is a name for it."""
    if question.shape is None:
        return make(question.table)
    key = question.shape, what
    made = _kept.get(key)
    if made is None:
        made = make(question.table)
        _kept.put(key, made)
    return made
