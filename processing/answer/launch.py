"""DaCHS's server with room for more requests at a time; runs in the system's Python with the words of ``dachs``.

Twisted answers with ten threads. Ten slow queries, or ten whose clients have left, and the whole server waits with
them: not even /availability answers. A waiting thread costs next to nothing.

The asynchronous jobs that the server starts run by this module, too, so that all answer alike (row_limits,
parquet_format, dialect).
"""

import sys


def main():
    from gavo.user import cli

    from processing.answer import dialect, guard, health, media_types, parquet_format, request_log, row_limits, writers
    from processing.answer.limits import limits

    for what in (row_limits, parquet_format, dialect, media_types, guard, writers):
        what.use_in_dachs()
    if "serve" in sys.argv:
        from twisted.internet import reactor

        reactor.suggestThreadPoolSize(limits().work.threads)
        guard.use_in_server()
        request_log.use_in_dachs()
        health.use_in_dachs()
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
