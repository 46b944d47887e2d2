"""A table of DaCHS's without its rows: what DaCHS is given to write, where the rows are written by us."""


def empty_table(table):
    """A table with the columns and the metadata of ``table``, and no rows."""
    from gavo import rsc

    empty = rsc.TableForDef(table.tableDef)
    empty.meta_, empty.votCasts = table.meta_, table.votCasts
    return empty
