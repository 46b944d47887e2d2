"""A Dask cluster that is not ours: a scheduler and two workers on loopback, each a program of its own."""

import json
import os
import subprocess
import sys
import time

PATIENCE = 600
"""Seconds: a busy machine that compiles everything for the first time is no failure."""


def wait_for(condition, process=None):
    """What ``condition`` returns as soon as that is true; meanwhile ``process`` has to be alive."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end and (process is None or process.poll() is None)
        time.sleep(0.05)
    return found


class Cluster:
    """Runs inside ``with``, which gives the address of its scheduler; writes nothing but into ``folder``."""

    def __init__(self, folder):
        self.file, self.processes = folder / "scheduler.json", []

    def __enter__(self):
        common = ("--host", "127.0.0.1", "--scheduler-file", str(self.file), "--no-dashboard")
        scheduler = self._start("distributed.cli.dask_scheduler", *common, "--port", "0")
        address = wait_for(self._address, scheduler)
        self._start("distributed.cli.dask_worker", *common, "--nworkers", "2", "--nthreads", "1")
        return address

    def _address(self):
        """As soon as the whole of it is written."""
        try:
            return json.loads(self.file.read_text())["address"]
        except (FileNotFoundError, ValueError):
            return None

    def _start(self, module, *arguments):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "DASK_TEMPORARY_DIRECTORY": str(self.file.parent)}
        self.processes.append(subprocess.Popen([sys.executable, "-m", module, *arguments], env=environment,
                                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))  # fmt: skip
        return self.processes[-1]

    def __exit__(self, *error):
        for process in reversed(self.processes):
            process.terminate()
            process.wait(30)
