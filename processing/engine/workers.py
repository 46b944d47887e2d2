"""Who does the work: a Dask cluster on the cores of this machine, or one that runs already."""

import logging
import os
from contextlib import contextmanager

from processing import __version__
from processing.errors import SurveyError
from processing.formats.whole import throwaway_folder

MEMORY = 3.0
"""GB that a worker may use; one that needs more is stopped and its unit fails."""

PATIENCE = 30
"""Seconds to wait for a cluster elsewhere."""


@contextmanager
def workers(scratch, address=None, count=None, deaths=1):
    """A Dask client: of the cluster at ``address``, else of a local one with ``count`` processes (default: cores).

    ``scratch``: folder in which those of a local cluster may keep a little; ``deaths``: how many of the workers of a
    local one may die of one unit before it is given up.
    """
    import dask
    import dask.distributed  # its own settings first: those below are taken back in the end

    # One thread a worker and no sharing of data between them: nothing to spill, and sums in a fixed order.
    quiet = {"distributed.worker.memory.target": False, "distributed.worker.memory.spill": False,
             "distributed.worker.memory.pause": False, "distributed.worker.memory.terminate": 0.99,
             "distributed.comm.timeouts.connect": f"{PATIENCE}s",
             "distributed.scheduler.allowed-failures": deaths}  # fmt: skip
    for name in ("distributed", "distributed.worker", "distributed.scheduler", "distributed.nanny"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set(quiet), (
            _elsewhere(address) if address else _here(scratch, count or default_count())) as client:  # fmt: skip
        yield client


def default_count():
    """As many workers as this process may use cores, if there is memory for them."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return max(1, min(len(os.sched_getaffinity(0)), int(memory / MEMORY)))


@contextmanager
def _here(scratch, count):
    import dask
    from dask.distributed import Client, LocalCluster

    with throwaway_folder(scratch / ".workers") as folder, dask.config.set({"temporary-directory": str(folder)}):
        anywhere = {"dashboard_address": "127.0.0.1:0", "worker_dashboard_address": "127.0.0.1:0"}
        cluster = LocalCluster(n_workers=count, threads_per_worker=1, processes=True, memory_limit=f"{MEMORY}GB",
                               host="127.0.0.1", silence_logs=logging.CRITICAL, **anywhere)  # fmt: skip
        with cluster, Client(cluster) as client:
            yield client


@contextmanager
def _elsewhere(address):
    from dask.distributed import Client

    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, TimeoutError, ValueError) as error:
        raise SurveyError(f"--scheduler: no Dask scheduler answers at {address}: {error}") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            raise SurveyError(f"--scheduler: expected workers at {address}, found none in {PATIENCE} s") from error
        _check_versions(client, address)
        yield client


def _check_versions(client, address):
    """Every worker has this package in this version."""
    for worker, version in client.run(_version, on_error="return").items():
        if version != __version__:
            found = f"without twomass ({version!r})" if isinstance(version, Exception) else f"with twomass {version}"
            raise SurveyError(f"--scheduler: expected twomass {__version__} at {address}, found {worker} {found}")


def _version():
    from processing import __version__ as version

    return version
