"""``/health``: whether this server is worth sending requests to, for a load balancer.

Status 200 and ``ok`` when a release can be read through the connections and the threads that queries use; else 503
and the reason. It answers within seconds whatever the database does. While the file MAINT is in DaCHS's state folder
(``touch state/gavo/state/MAINT``), the answer is 503, as for all other addresses: so a server is taken out of use.
"""

from processing.answer import abandoned

SECONDS = 4.0
"""How long the database, or the threads that ask it, may take to say anything."""

QUESTION = "SELECT EXISTS (SELECT FROM twomass.psc)"


def use_in_dachs():
    from gavo.web import root

    root.ArchiveService.addStatic("health", page())


def page():
    """The resource for Twisted; requests that come while the database is being asked get the same answer."""
    from twisted.internet import reactor
    from twisted.web import resource, server

    class Health(resource.Resource):
        isLeaf = True
        waiting = None

        def render_GET(self, request):
            if self.waiting is None:
                self.waiting = []
                asked = abandoned.quickly(ask)
                asked.addTimeout(SECONDS, reactor)
                asked.addBoth(self.answer)
            self.waiting.append(request)
            return server.NOT_DONE_YET

        def answer(self, said):
            waiting, self.waiting = self.waiting, None
            status, text = verdict(said)
            for request in waiting:
                if not request._disconnected:
                    request.setResponseCode(status)
                    request.setHeader(b"content-type", b"text/plain; charset=utf-8")
                    request.setHeader(b"cache-control", b"no-store")
                    request.write(text.encode())
                    request.finish()

    return Health()


def ask():
    """What the database says to QUESTION, through the connections that the services use."""
    from gavo import base

    with base.getTableConn() as connection:
        return next(connection.query(QUESTION))


def verdict(said):
    """Status and text of an answer: a row, or the failure (of Twisted) to get one."""
    failed = getattr(said, "value", None)
    if failed is None:
        return 200, "ok\n"
    if type(failed).__name__ == "UndefinedTable":
        return 503, "no release is published\n"
    if type(failed).__name__ in ("TimeoutError", "CancelledError"):
        return 503, f"the database did not answer within {SECONDS:.0f} s\n"
    return 503, f"the database does not answer ({type(failed).__name__})\n"
