"""Jobs of which nobody works any more are ended, and the queue goes on without anybody asking for it.

DaCHS 2.11 counts jobs in phase EXECUTING, also those whose process or whose whole server was killed, and starts no
other while there are as many as it may run; a queue that stands is looked at when somebody starts a job. Here, at the
start and every SECONDS, such jobs get the phase ERROR and the queue is looked at.
"""

import os

SECONDS = 20.0

LOCK = 2_306_115
"""Key of an advisory lock in the database."""

GRACE = 60.0
"""Seconds beyond its time that a synchronous job, whose thread may be another server's, is believed to be alive."""

LOST = "the server was stopped or restarted while this job ran; please start it again"

RUNNING = ("SELECT jobId, pid, coalesce(startTime, creationTime) < now() AT TIME ZONE 'utc' - %(old)s * "
           "interval '1 second' FROM tap_schema.tapjobs WHERE phase = 'EXECUTING'")


def use_in_server():
    from gavo.base import cron
    from gavo.protocols import tap
    from twisted.internet import reactor, task

    from processing.answer import abandoned

    tap.TAPUWS._processQueue = _one_at_a_time(tap.TAPUWS._processQueue)
    jobs = tap.WORKER_SYSTEM
    cron.runEvery(-jobs.queueCheckInterval, f"UWS {jobs} timed queue processor", jobs._processQueue)  # by its name
    reactor.callWhenRunning(lambda: task.LoopingCall(lambda: abandoned.quickly(_look_quietly)).start(SECONDS))


def _one_at_a_time(process_queue):
    """Let only one of several servers take jobs from the queue at a time: two that take the same one break it."""
    def process(jobs):
        from gavo import base

        with base.getTableConn() as connection:
            got, = next(connection.query("SELECT pg_try_advisory_lock(%(key)s)", {"key": LOCK}))
            if not got:
                return  # the other one is at it, and everybody looks again in a moment
            try:
                process_queue(jobs)
            finally:
                connection.execute("SELECT pg_advisory_unlock(%(key)s)", {"key": LOCK})

    return process


def _look_quietly():
    """``look`` again and again: a database that is away is no reason to stop."""
    from gavo import base

    try:
        look()
    except Exception as failure:
        base.ui.notifyWarning(f"Looking for lost jobs failed: {failure}")


def look():
    """End what is lost, and start what waits."""
    from gavo import base
    from gavo.protocols import tap, uws
    from twisted.internet import reactor, threads

    oldest = base.getConfig("async", "defaultExecTimeSync") + GRACE
    with base.getTableConn() as connection:
        running = list(connection.query(RUNNING, {"old": oldest}))
    for job, pid, old in running:
        if is_lost(pid, old):
            tap.WORKER_SYSTEM.changeToPhase(job, uws.ERROR, uws.UWSError(LOST, job))
    threads.blockingCallFromThread(reactor, tap.WORKER_SYSTEM._processQueue)  # starts processes: not from a thread


def is_lost(pid, old):
    """Whether a job has nobody who works for it; one of a thread (pid -1) or of nobody when it is ``old``."""
    if pid is None or pid < 2:
        return bool(old)
    return not is_job(pid)


def is_job(pid):
    """Whether a process runs a job; its number may be another program's by now, or that of one that has ended."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"taprun" in file.read() or os.getpid() == pid
    except OSError:
        return False
