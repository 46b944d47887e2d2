"""Rows on their way through a release: Arrow files on disk, sorted by HEALPix number, of which parts are read in place.

A file is one record batch without compression. It is mapped into memory, not read: only the columns and rows that are
asked for come from the disk.
"""

import numpy as np
import pyarrow as pa

from processing.formats.whole import whole_file


def write_rows(path, table):
    """Write a pyarrow Table to ``path``, whole or not at all."""
    table = table.combine_chunks()
    with whole_file(path) as partial, pa.ipc.new_file(str(partial), table.schema) as writer:
        writer.write_table(table)


def open_rows(path):
    """The pyarrow Table in ``path``, mapped into memory."""
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()


def values(table, column):
    """A column without nulls as numpy array, without a copy where it is one piece."""
    return table[column].to_numpy()


def take(tables, rows):
    """One Table of the ``rows`` (a list of index arrays) of each of the ``tables``, column by column.

    ``tables`` have the same schema; there is at least one.
    """
    picked = [table if _is_all(table, wanted) else table.take(pa.array(wanted)) for table, wanted in zip(tables, rows)]
    return pa.concat_tables(picked)


def reorder(table, order):
    """The Table with its rows in another order; a column at a time, so that little more memory is needed than for
    the result."""
    order = pa.array(order)
    columns = [column.combine_chunks().take(order) for column in table.itercolumns()]
    return pa.Table.from_arrays(columns, schema=table.schema)


def _is_all(table, rows):
    return len(rows) == table.num_rows and bool(np.array_equal(rows, np.arange(len(rows))))
