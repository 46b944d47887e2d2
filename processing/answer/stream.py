"""Bytes to a client as fast as it takes them: a thread makes them, but not far ahead of what has been sent.

While the client reads slowly, no thread waits for it. When it hangs up, the query ends within a second or two.
"""

from processing.answer.writers import chunks

__all__ = ["chunks", "deliver"]

LONGEST_PAUSE = 120.0
"""Seconds in which a client has to take something; then it is left, as its connection to the database is needed."""


def deliver(request, media_type, make_chunks, cancel=None):
    """Answer a request of Twisted's with the chunks of bytes from the iterator that ``make_chunks()`` gives.

    ``cancel()`` is called when the client leaves or is left before the last of them, in a thread, while no chunk is
    being made; the iterator's own ``close()``, if it has one, is called at any rate. Before the first chunk an error
    becomes DaCHS's, as DALI wants it; later, the connection breaks off, that nobody takes what was sent for all.
    """
    from twisted.web import server

    request.setHeader("content-type", media_type)
    Delivery(request, make_chunks, cancel).begin()
    return server.NOT_DONE_YET


class Delivery:
    """A push producer of Twisted's. At any time there is one chunk being made, or one that waits for the client."""

    def __init__(self, request, make_chunks, cancel):
        self.request, self.make_chunks, self.cancel = request, make_chunks, cancel
        self.chunks = self.ready = self.alarm = None
        self.making = self.paused = self.left = self.begun = False

    def begin(self):
        self.request.notifyFinish().addErrback(lambda _: self.leave())
        self.request.registerProducer(self, True)
        self.make()

    def pauseProducing(self):
        from twisted.internet import reactor

        self.paused = True
        if not self.alarm:
            self.alarm = reactor.callLater(LONGEST_PAUSE, self.break_off)

    def resumeProducing(self):
        self.paused = False
        self._calm()
        if self.ready is not None and not self.left:
            ready, self.ready = self.ready, None
            self.send(ready)

    def stopProducing(self):
        self.leave()

    def make(self):
        """Have a thread make the next chunk."""
        from twisted.internet import threads

        self.making = True
        threads.deferToThread(self._next).addCallbacks(self.made, self.failed)

    def _next(self):
        if self.chunks is None:
            self.chunks = iter(self.make_chunks())
        return next(self.chunks, None)

    def made(self, chunk):
        self.making = False
        if self.left:
            self._close()
        elif chunk is None:
            self._finish()
        elif self.paused and chunk:
            self.ready = chunk
        else:
            self.send(chunk)

    def send(self, chunk):
        if chunk:
            self.begun = True
            self.request.write(chunk)
        if not self.left:
            self.make()

    def failed(self, failure):
        from gavo import base
        from gavo.protocols import dali

        self.making = False
        if self.left:
            self._close()
            return
        base.ui.notifyFailure(failure)
        if self.begun:
            self.break_off()
            return
        self.leave()
        self.request.unregisterProducer()
        dali.serveDALIError(self.request, failure.value)

    def break_off(self):
        """Leave the client without the end of the answer, so that it notices."""
        self.alarm = None
        self.leave()
        self.request.transport.abortConnection()

    def leave(self):
        if not self.left:
            self.left = True
            self._calm()
            if not self.making:
                self._close()

    def _finish(self):
        self.left = True
        self._calm()
        self.request.unregisterProducer()
        self.request.finish()

    def _calm(self):
        if self.alarm:
            self.alarm.cancel()
            self.alarm = None

    def _close(self):
        from twisted.internet import threads

        self.ready = None
        threads.deferToThread(self._end).addErrback(lambda failure: failure.trap(ValueError))

    def _end(self):
        if hasattr(self.chunks, "close"):
            self.chunks.close()
        if self.cancel:
            self.cancel()
