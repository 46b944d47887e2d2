"""DaCHS's server with room for more requests at a time; runs in the system's Python with the words of ``dachs``.

Twisted answers with ten threads. Ten slow queries, or ten whose clients have left, and the whole server waits with
them: not even /availability answers. A waiting thread costs next to nothing.

The asynchronous jobs that the server starts run by this module, too, so that all answer alike (row_limits,
parquet_format, dialect). With TWOMASS_STOCK=1 in the environment all that makes the server fast and hard to break is
left out, to see what DaCHS itself does.
"""

import os
import sys


def main():
    from gavo.user import cli

    from processing.answer import dialect, health, media_types, parquet_format, request_log, row_limits

    serves, stock = "serve" in sys.argv, os.environ.get("TWOMASS_STOCK") == "1"
    for what in (row_limits, parquet_format, dialect, media_types):
        what.use_in_dachs()
    if not stock:
        _use_ours(serves)
    if serves:
        request_log.use_in_dachs()
        health.use_in_dachs()
    return cli.main()


def _use_ours(serves):
    from processing.answer import cone, garbage, guard, tap_sync, writers

    for what in (guard, writers):
        what.use_in_dachs()
    if serves:
        from twisted.internet import reactor

        from processing.answer.limits import limits

        reactor.suggestThreadPoolSize(limits().work.threads)
        for what in (guard, tap_sync, cone, garbage):
            what.use_in_server()


if __name__ == "__main__":
    sys.exit(main())
