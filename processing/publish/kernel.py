"""The compiled part of the answers, processing/answer/rows.c: compiled on the machine that it runs on."""

import shutil

from processing.errors import SurveyError
from processing.publish.site import as_account

OPTIONS = ["-O2", "-std=gnu11", "-Wall", "-Wextra", "-fno-math-errno", "-shared", "-fPIC"]
LIBRARIES = ["-l:libpq.so.5", "-lm"]
"""psycopg2's own libpq, of which no headers are needed."""


def compile_kernel(place):
    """Make rows.so beside the rows.c that was deployed; a server that has the old one goes on with it."""
    folder = place.python / "processing" / "answer"
    partial = folder / "rows.so.partial"
    if not shutil.which("gcc"):
        raise SurveyError("the C compiler is not installed (no gcc on the path): run 'make setup'")
    as_account(command(folder / "rows.c", partial), place)
    as_account(["mv", partial, folder / "rows.so"], place)


def command(source, target):
    """The words that compile the kernel."""
    return ["gcc", *OPTIONS, "-o", str(target), str(source), *LIBRARIES]
