"""What is the same for all questions of a shape (question.py), made once: descriptions of columns, headers."""

from collections import OrderedDict
from threading import Lock

MOST = 500
"""Shapes and formats for which it is kept, some tens of kilobytes each."""

_kept, _lock = OrderedDict(), Lock()


def for_shape(question, what, make):
    """``make(question.table)``, or what it gave for a question of the same shape; ``what`` is a name for it."""
    if question.shape is None:
        return make(question.table)
    key = question.shape, what
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    made = make(question.table)
    with _lock:
        _kept[key] = made
        if len(_kept) > MOST:
            _kept.popitem(last=False)
    return made
