"""Who does the units of work of a release: this process, or the workers of a Dask cluster. The result is the same.

A unit reads and writes files and returns little. One whose worker dies is done again by another.
"""

from contextlib import contextmanager

from processing.errors import SurveyError

SMALL = 200_000
"""Releases of fewer rows are made in this process: that takes less time than to start workers."""

DEATHS = 3
"""Workers that may die of one unit before it is given up."""


@contextmanager
def crew(scratch, rows, scheduler=None, count=None):
    """A function ``each(work, tasks, what)`` that yields ``work(*task)`` of each of the ``tasks``, in their order.

    ``scheduler``: address of a Dask cluster that runs already; ``count``: worker processes on this machine, 0 for none
    (default: none for a release of few ``rows``, else as many as there are cores); ``scratch``: folder for what they
    need.
    """
    if count == 0 or (count is None and scheduler is None and rows < SMALL):
        yield _here
        return
    from processing.engine.workers import workers

    with workers(scratch, scheduler, count, DEATHS) as client:
        yield lambda work, tasks, what: _by_workers(client, work, tasks, what)


def _here(work, tasks, what):
    for task in _bar(tasks, what):
        yield work(*task)


def _by_workers(client, work, tasks, what):
    """Results in the order of ``tasks``; the first that fails ends all."""
    from dask.distributed import KilledWorker

    futures = [client.submit(work, *task, pure=False, retries=0) for task in tasks]
    try:
        for number in _bar(range(len(futures)), what):
            yield futures[number].result()
            futures[number] = None
    except KilledWorker as error:
        raise SurveyError(f"{what}: {DEATHS + 1} workers died of the same piece of work, "
                          "stopped from outside or for want of memory") from error
    finally:
        client.cancel([future for future in futures if future is not None])


def _bar(items, what):
    from tqdm import tqdm

    return tqdm(items, desc=what, unit="", disable=None, delay=2)
