"""Reading and writing: the thin layer between files and the arrays and tables that science works on.

A table is a pyarrow Table at every file boundary (``tables.make_table`` makes one from arrays); each format has
``write_<format>(path, data, table, stage)`` and ``read_<format>(path, table, stage)``, with ``table`` from
``processing.schema.load_table``.
"""
