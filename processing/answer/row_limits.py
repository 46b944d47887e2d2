"""OVERFLOW told rightly by TAP: exactly when a query has more rows than were asked for, which DaCHS 2.11 only guesses.

DaCHS takes a result with as many rows as the limit for a cut one, and gives a row more than MAXREC when a query has a
larger TOP. Here one row more than the limit is asked of the database; if it comes, it is not given, and said.

``use_in_dachs`` puts this in the place of DaCHS's own; it is called in every process of the server (launch.py).
"""


class Limit(int):
    """The number of rows a result may have; ``exceeded`` once it is known that there were more.

    It is asked ``limit <= rows`` when a VOTable has been written and shall say whether it was cut, and ``limit ==
    rows`` by what would mark a whole result as cut.
    """

    exceeded = False

    def __le__(self, rows):
        return self.exceeded

    def __eq__(self, rows):
        return self.exceeded

    __hash__ = int.__hash__


def limit_query(query, maxrec):
    """Let a query (DaCHS's tree, with its TOP in ``setLimit``) ask for a row more than may be given; returns the Limit.

    A query whose TOP is within ``maxrec`` is not touched. MAXREC=0 asks for the columns alone, by DALI always an
    overflow.
    """
    top = None if query.setLimit is None else int(query.setLimit)
    limit = Limit(maxrec if top is None else min(top, maxrec))
    if top is None or top > maxrec:
        query.setLimit = maxrec + 1 if maxrec else 0
        limit.exceeded = not maxrec
    return limit


def at_most(rows, limit, tell):
    """The first ``limit`` of ``rows``; ``tell()`` when there are more."""
    given = 0
    for row in rows:
        if given == limit + 0:  # a plain number: a Limit does not compare
            limit.exceeded = True
            tell()
            return
        given += 1
        yield row


def use_in_dachs():
    """Replace what DaCHS has for this, and let its asynchronous jobs run with it, too."""
    from gavo import base
    from gavo.protocols import adqlglue, tap
    from gavo.rsc import qtable

    def limits(tree, maxrec, hard):
        wanted = base.getConfig("async", "defaultMAXREC") if maxrec is None else maxrec
        if wanted < 0:
            raise base.ValidationError("MAXREC is a number of rows, found %s" % wanted, "MAXREC")
        return limit_query(tree.query, min(wanted, hard or base.getConfig("async", "hardMAXREC")))

    adqlglue._updateMatchLimits = limits
    qtable.QueryTable.__iter__ = _limited(qtable.QueryTable.__iter__)
    tap.TAPTransitions.getCommandLine = _as_this_program(tap.TAPTransitions.getCommandLine)


def _limited(iterate):
    def limited(table):
        limit, rows = getattr(table.tableDef, "overflowLimit", None), iterate(table)
        if not isinstance(limit, Limit):
            yield from rows
            return
        try:
            yield from at_most(rows, limit, lambda: table.setMeta("_queryStatus", "OVERFLOW"))
        finally:
            rows.close()

    return limited


def _as_this_program(command_line):
    """DaCHS's command for a job, run by the module that runs the server instead of by /usr/bin/dachs."""
    import sys

    def changed(transitions, job):
        _, words = command_line(transitions, job)
        return sys.executable, [sys.executable, "-m", "processing.answer.launch", *words[1:]]

    return changed
