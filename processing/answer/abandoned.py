"""Queries of clients that hung up are cancelled; what says whether the server is well has threads of its own.

DaCHS 2.11 runs a query to its end though nobody waits for it, and ten such stall the whole server. Here each request
that goes to a thread is a Work, which knows the connections that the thread uses; when the client leaves, they are
cancelled, and again each second until the thread has noticed.
"""

import contextlib
import threading

QUICK_THREADS = 6
"""For /availability, /capabilities, /tables and /health, whatever the other threads do."""

AGAIN = 1.0
"""Seconds: a query may begin after the first attempt."""

_here = threading.local()


class ClientLeft(Exception):
    """What a work meets that has not begun when its client leaves."""


class Work:
    """What a thread does for one request; ``left`` once the client is gone, ``ended`` once the thread is free."""

    def __init__(self):
        self.left, self.ended = False, False
        self._connections, self._lock = [], threading.Lock()
        self._own = []

    def run(self, function, *args):
        """``function(*args)`` in this thread, the connections it takes being those of this work."""
        if self.left:
            self.ended = True
            raise ClientLeft("the client has left")
        _here.work = self
        try:
            return function(*args)
        finally:
            _here.work, self.ended = None, True
            for connection in self._own:
                connection.close()

    def owns(self, connection):
        """Use a connection, and close it at the end: DaCHS leaves that to the collection of garbage."""
        self._own.append(connection)
        self.uses(connection)

    def uses(self, connection):
        with self._lock:
            self._connections.append(connection)

    def is_done_with(self, connection):
        """From now on somebody else may use the connection."""
        with self._lock:
            self._connections.remove(connection)

    def cancel(self):
        """End the statements that the database is working on; returns at once when it does not answer at all."""
        with self._lock:
            for connection in self._connections:
                if not connection.closed:
                    with contextlib.suppress(Exception):  # closed meanwhile, or the database is going down itself
                        connection.cancel()


NOBODY = Work()
"""Of threads that work for no request."""


def note(connection):
    """A connection that the thread has for itself; returned."""
    work = getattr(_here, "work", None)
    if work:
        work.owns(connection)
    return connection


def check():
    """ClientLeft when nobody waits any more for what this thread does."""
    if (getattr(_here, "work", None) or NOBODY).left:
        raise ClientLeft("the client has left")


@contextlib.contextmanager
def may_cancel(connection):
    """While the block runs, this connection is cancelled when the client leaves; None: a short one for the books."""
    work = getattr(_here, "work", None) or NOBODY
    if connection is None or work is NOBODY:
        yield NOBODY
        return
    work.uses(connection)
    try:
        yield work
    finally:
        work.is_done_with(connection)


def run_for(request, function, *args):
    """A Deferred of ``function(*args)``, run in a thread; it never fires once the client of ``request`` has left."""
    from twisted.internet import threads

    work = Work()
    if request._disconnected:
        work.left = True
    else:
        request.notifyFinish().addErrback(lambda _: _leave(work))
    return threads.deferToThread(work.run, function, *args).addBoth(_unless_left, work)


def _leave(work):
    from twisted.internet import reactor

    work.left = True
    if not work.ended:
        quickly(work.cancel)
        reactor.callLater(AGAIN, _leave, work)


def _unless_left(result, work):
    from twisted.internet import defer

    if not work.left:
        return result
    for part in result if isinstance(result, tuple) else ():
        if hasattr(part, "close"):  # the file of a result
            part.close()
    return defer.Deferred()


def quickly(function, *args):
    """A Deferred of ``function(*args)``, run in one of the threads that queries do not get."""
    from twisted.internet import reactor, threads

    return threads.deferToThreadPool(reactor, _quick_threads(), function, *args)


def _quick_threads(made=[]):
    from twisted.internet import reactor
    from twisted.python.threadpool import ThreadPool

    if not made:
        made.append(ThreadPool(1, QUICK_THREADS, "quick"))
        made[0].start()
        reactor.addSystemEventTrigger("during", "shutdown", made[0].stop)
    return made[0]


def use_in_server():
    """Let DaCHS's services run their threads this way, and its descriptions of itself in threads of their own."""
    from gavo.web import grend, vosi

    begin = grend.ServiceBasedPage.__init__

    def begin_for(page, request, service):
        page.asked_by = request
        begin(page, request, service)

    grend.ServiceBasedPage.__init__ = begin_for
    grend.ServiceBasedPage.runAsync = lambda page, data: run_for(page.asked_by, page.runSync, data)
    vosi.threads = _Quick


class _Quick:
    """In the place of twisted.internet.threads, for a module that knows it by this name."""

    deferToThread = staticmethod(quickly)
