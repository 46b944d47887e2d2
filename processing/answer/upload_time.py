"""Tables uploaded with synchronous queries have as long to be read as a query has to run, and end with their client.

DaCHS 2.11 reads them row by row in Python: 20 MB take the better part of a minute, in which nobody can stop it.
"""

import time

from processing.answer import abandoned
from processing.answer.limits import limits


class Timely:
    """A binary file whose ``read`` fails after the moment ``until``, or when the client of this thread's work left."""

    def __init__(self, file, until):
        self.file, self.until = file, until

    def read(self, *size):
        from gavo import base

        abandoned.check()
        if time.monotonic() > self.until:
            raise base.ValidationError(f"it was not read within {limits().time.sync:g} s; larger tables belong in "
                                       "asynchronous jobs", "UPLOAD")
        return self.file.read(*size)

    def __getattr__(self, name):
        return getattr(self.file, name)


def use_in_server():
    from gavo.formats import votableread

    upload = votableread.uploadVOTable

    def upload_in_time(name, file, connection, *args, **options):
        return upload(name, Timely(file, time.monotonic() + limits().time.sync), connection, *args, **options)

    votableread.uploadVOTable = upload_in_time
