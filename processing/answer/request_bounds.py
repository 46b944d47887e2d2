"""Numbers in requests that DaCHS takes as they come, held within etc/limits.yaml; and what SODA wants to be told.

In DaCHS 2.11 MAXREC of a cone, image or form search has no upper end, and the result is held in memory; _TIMEOUT sets
how long a query may take, EXECUTIONDURATION how long a job; jobs may wait in any number. A circle with NaN in it is
taken for no circle, and of several identifiers the last alone counts.
"""

import math

from processing.answer.limits import limits

HELD = ("json", "geojson", "txt", "html")
"""Formats, by DaCHS's names, that it makes of a result that it holds in memory."""

REGIONS = ("CIRCLE", "POLYGON", "POS", "BAND", "TIME")


def held(value, least, most):
    """A number between two others; ``most`` for what is none."""
    return most if math.isnan(value) else min(max(value, least), most)


def at_most(rows, key):
    """How many of ``rows`` an answer in a format (DaCHS's key) may have."""
    return min(rows, limits().rows.services_longest) if key in HELD else rows


def use_in_dachs():
    """In every process: a query whose answer is held in memory has an end there."""
    from gavo import formats
    from gavo.protocols import taprunner

    parse = taprunner._parseTAPParameters

    def parse_bounded(job, parameters):
        query, most = parse(job, parameters)
        named = parameters.get("responseformat") or parameters.get("format") or "votable"
        return query, at_most(most, formats.getKeyFor(named))

    taprunner._parseTAPParameters = parse_bounded


def use_in_server():
    from gavo.protocols import tap, uwsactions
    from gavo.svcs import common
    from gavo.web import vodal

    allowed = limits()
    fill = common.QueryMeta._fillDbOptions

    def fill_bounded(meta, args):
        fill(meta, args)
        if meta["dbLimit"] is not None:
            meta["dbLimit"] = held(meta["dbLimit"], 0, allowed.rows.services_longest)
        meta["timeout"] = held(meta["timeout"], 0.001, allowed.time.services)

    common.QueryMeta._fillDbOptions = fill_bounded
    uwsactions.ExecDAction.deserializeValue = staticmethod(
        lambda text: held(float(text), 1, allowed.time.job_longest))
    uwsactions.DestructionAction.deserializeValue = staticmethod(_not_too_late)
    tap.TAPUWS.getNewIdFromRequest = _while_few_wait(tap.TAPUWS.getNewIdFromRequest)
    vodal.DatalinkGetDataRenderer.render = _if_soda_is_right(vodal.DatalinkGetDataRenderer.render)


def _not_too_late(text):
    """A time at which a job and its result go, as UWS writes it; no later than is allowed."""
    import datetime

    from gavo import utils

    latest = datetime.datetime.utcnow() + datetime.timedelta(seconds=limits().time.job_kept_longest)
    return min(utils.parseISODT(text), latest)


def _while_few_wait(make):
    def made(jobs, request):
        from gavo import base

        with base.getTableConn() as connection:
            waiting, = next(connection.query("SELECT count(*) FROM tap_schema.tapjobs "
                                             "WHERE phase IN ('PENDING', 'QUEUED')"))
        if waiting >= limits().work.jobs_waiting:
            failure = base.Error(f"{waiting} jobs wait to be started here, no more are taken; please come back later")
            failure.httpCode = 429
            raise failure
        return make(jobs, request)

    return made


def wrong_in_soda(given):
    """What is wrong with the parameters of a cutout (names to lists of texts): a pair of parameter and sentence."""
    values = {name.upper(): texts for name, texts in given.items()}
    if len(values.get("ID", ())) > 1:
        return "ID", f"one identifier at a time, please; found {len(values['ID'])}"
    for name in REGIONS:
        for text in values.get(name, ()):
            if "nan" in str(text).lower().replace(",", " ").split():
                return name, "expected numbers, found NaN"
    return None


def _if_soda_is_right(render):
    def rendered(page, request):
        from gavo import base
        from twisted.python.failure import Failure

        wrong = wrong_in_soda(request.strargs)
        if wrong:
            kind = base.MultiplicityError if wrong[0] == "ID" else base.ValidationError
            return page._reportError(Failure(kind(wrong[1], wrong[0])), request)
        return render(page, request)

    return rendered
