"""Processes of this machine, as /proc tells: whether a pid is still the one we started, and who holds a port."""

import os
import signal
import time
from pathlib import Path

LISTENING = "0A"
"""State column of /proc/net/tcp."""


def command_line(pid):
    """The words of a process's command; empty when there is no such process or it is a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode(errors="replace").split("\0")
    except OSError:
        return []


def environment(pid):
    """The environment of a process; empty when it is gone or not ours to read."""
    try:
        entries = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return {}
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def pid_in(path):
    """The number in the first line of a pid file; None when there is none."""
    try:
        return int(Path(path).read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def listener(port):
    """The pid that listens on a TCP port, 0 when somebody does but may not be seen, None when the port is free."""
    inodes = set(_listening_inodes(port))
    if not inodes:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        if inodes & set(_socket_inodes(process)):
            return int(process.name)
    return 0


def _listening_inodes(port):
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            words = row.split()
            if words[3] == LISTENING and int(words[1].rsplit(":", 1)[1], 16) == port:
                yield words[9]


def _socket_inodes(process):
    try:
        for link in (process / "fd").iterdir():
            target = os.readlink(link)
            if target.startswith("socket:["):
                yield target[8:-1]
    except OSError:
        return


def end(pid, alive, patience=10.0):
    """Ask a process to end, wait ``patience`` seconds, then force it; ``alive()`` says whether it is still ours."""
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        if not alive():
            return
        os.kill(pid, number)
        if wait_until(lambda: not alive(), seconds):
            return


def wait_until(condition, seconds, pause=0.1):
    """Whether ``condition()`` became true within that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
