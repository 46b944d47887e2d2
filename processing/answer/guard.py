"""Everything that closes a weakness of the stock server, in the order in which it is put to use (launch.py)."""

from processing.answer import (abandoned, error_texts, fetch, gate, long_queries, lost_jobs, pools, request_bounds,
                               told_limits, upload_time)  # fmt: skip


def use_in_dachs():
    """In every process of the server, those of asynchronous jobs too."""
    for what in (pools, fetch, error_texts, long_queries, request_bounds):
        what.use_in_dachs()


def use_in_server():
    """In the process that answers requests."""
    for what in (abandoned, lost_jobs, gate, error_texts, request_bounds, told_limits, upload_time):
        what.use_in_server()
