"""Files and folders that are either there whole or not at all: written to the side, then renamed."""

import ctypes
import glob
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from processing.errors import SurveyError

AT_FDCWD, RENAME_EXCHANGE = -100, 2
"""Of renameat2(2): paths are relative to the working directory; the two names change places in one step."""


@contextmanager
def whole_file(path):
    """A path beside ``path`` to write to; renamed to ``path`` on success, removed when the block raises."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(path)
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(path, marker=None):
    """A folder beside ``path`` to fill; takes the place of ``path`` on success, removed when the block raises.

    At every moment ``path`` is the old folder or the new one. Leftovers of killed processes are removed first.

    ``marker``: name of a file that tells a folder written here before from any other. A folder that is not empty is
    replaced only when it holds that file, never when ``marker`` is None: SurveyError otherwise, before anything is
    written and again before the folders change places. ``..`` and links in ``path`` are followed before it is judged.
    """
    path = Path(os.path.realpath(path))
    _check_replaceable(path, marker)
    with throwaway_folder(path) as partial:
        yield partial
        _check_replaceable(path, marker)
        _put_in_place(partial, path)


@contextmanager
def throwaway_folder(path):
    """A folder beside ``path`` that is there during the block only; those of killed processes are removed first."""
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    partial = _partial(path)
    partial.mkdir()
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check_replaceable(path, marker):
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if marker is None or not (path / marker).is_file():
        lacks = f" (no {marker} in it)" if marker else ""
        raise SurveyError(f"{path}: is there already and is not what would be written{lacks}; name another folder")


def is_partial(path):
    """Whether ``path`` lies in something unfinished that these functions write or left behind."""
    return any(part.startswith(".") and ".partial-" in part for part in Path(path).parts)


def _partial(path):
    return path.with_name(f".{path.name}.partial-{os.getpid()}")


def remove_leftovers(folder):
    """Remove what killed processes left unfinished anywhere in ``folder``."""
    for leftover in list(Path(folder).rglob(".*.partial-*")):
        if not Path("/proc", leftover.name.rpartition("-")[2]).exists():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)


def _remove_leftovers(path):
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.partial-*"):
        owner = leftover.name.rpartition("-")[2]
        if owner == str(os.getpid()) or not Path("/proc", owner).exists():
            shutil.rmtree(leftover, ignore_errors=True)


def _put_in_place(partial, path):
    """Rename ``partial`` to ``path``; an old ``path`` takes the name ``partial`` in the same step."""
    if not path.exists():
        os.replace(partial, path)
    elif not _exchange(partial, path):
        old = partial.with_name(f"{partial.name.rpartition('-')[0]}-old-{os.getpid()}")
        os.replace(path, old)
        os.replace(partial, path)
        shutil.rmtree(old)


def _exchange(one, other):
    """Swap two names in one step; False where the system or the file system cannot (not Linux, some networks)."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    return renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0
