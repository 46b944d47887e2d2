"""Run by the system's Python as DaCHS's account: the same answers by our writers and by DaCHS's, as files side by side.

    /usr/bin/python3 both_writers.py FOLDER < cases

A case is a JSON object: ``name``, ``key`` of the format, and a query: ``adql`` with ``maxrec``, or ``sql`` with
``columns`` (name, type, null literal) and ``limit``; ``settings`` are for ours alone. Written are ``<name>.ours`` and ``<name>.stock``; the last line
printed is a JSON object of the names and how each went: "", or the errors.
"""

import contextlib
import dataclasses
import json
import sys
from pathlib import Path


def main(folder):
    from gavo import api, rscdesc  # noqa: F401: they register what is in descriptors
    from gavo.formats import fitstable  # noqa: F401

    from processing.answer import parquet_format, row_limits

    row_limits.use_in_dachs()
    parquet_format.use_in_dachs()
    went = {case["name"]: write(case, Path(folder)) for case in json.load(sys.stdin)}
    print("\n" + json.dumps(went))


def write(case, folder):
    """Both files of a case; how each went."""
    return [_tried(how, case, folder / f"{case['name']}.{how.__name__}") for how in (ours, stock)]


def _tried(how, case, path):
    with _connection() as connection, open(path, "wb") as file:
        try:
            table = _table(case, connection)
            table.settings = case.get("settings", ())
            how(table, case["key"], file)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return "" if connection.get_transaction_status() in (0, 2) else "the connection is not as it was"


def ours(table, key, file):
    from processing.answer import writers

    question = dataclasses.replace(writers.question_of(table), settings=table.settings)
    for block in writers.chunks(question, table.connection, key):
        file.write(block)


def stock(table, key, file):
    from gavo.protocols import taprunner

    taprunner.writeResultTo(key, taprunner._makeDataFor(table), file)


@contextlib.contextmanager
def _connection():
    from gavo import base

    connection = base.getDBConnection("untrustedquery")
    try:
        yield connection
    finally:
        connection.close()


def _table(case, connection):
    from gavo import base, rsc, rscdef
    from gavo.protocols import adqlglue

    from processing.answer.row_limits import Limit

    if "adql" in case:
        return adqlglue.runTAPQuery(case["adql"], 30, connection, [], case.get("maxrec", 100000), autoClose=False)
    columns = [base.makeStruct(rscdef.Column, name=name, type=kind, values=base.makeStruct(
        rscdef.Values, nullLiteral=null)) for name, kind, null in case["columns"]]  # fmt: skip
    table = rsc.QueryTable.fromColumns(columns, case["sql"], connection)
    table.tableDef.id, table.tableDef.overflowLimit = "made", Limit(case.get("limit", 1000000))
    return table


if __name__ == "__main__":
    main(sys.argv[1])
