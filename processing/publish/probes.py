"""Ask every service of the site a small question that it must be able to answer, through the protocol it speaks."""

import time
import urllib.error
import urllib.request
from urllib.parse import urlencode

from processing.publish.addresses import service_lines
from processing.publish.cluster import connect

SECONDS = 20.0
"""How long an answer may take."""

QUESTIONS = {
    "TAP": ("/sync", {"LANG": "ADQL", "FORMAT": "votable/td", "QUERY": "SELECT TOP 1 * FROM tap_schema.tables"}),
    "cone": ("", {"RA": "{ra}", "DEC": "{dec}", "SR": "0.001"}),
    "SIA 1": ("", {"POS": "{ra},{dec}", "SIZE": "0.001"}),
    "SIA 2": ("", {"POS": "CIRCLE {ra} {dec} 0.001", "MAXREC": "1"}),
}
"""By the name of the way in (addresses.PROTOCOLS): what is added to the address, and the parameters. Others: a page."""

GOOD = (b'value="OK"', b'value="OVERFLOW"')
"""What a VOTable says of its query when that went well."""


def probe_services(place):
    """For each service a dict: ``name``, ``url``, ``answers``, ``seconds``, and ``says``, a text for a reader."""
    ra, dec = _place_to_ask(place)
    return [_probe(name, url, ra, dec) for name, url in service_lines(place)]


def _probe(name, url, ra, dec):
    more, parameters = QUESTIONS.get(name, ("", {}))
    asked = urlencode({key: value.format(ra=ra, dec=dec) for key, value in parameters.items()})
    begin = time.monotonic()
    said = _ask(f"{url.rstrip('?')}{more}?{asked}" if asked else url, is_table=bool(asked))
    seconds = time.monotonic() - begin
    says = f"answers in {1000 * seconds:.0f} ms" if said is None else f"does not answer as it should: {said}"
    return {"name": name, "url": url, "answers": said is None, "seconds": round(seconds, 4), "says": says}


def _ask(url, is_table):
    """None when the answer is as it should be, else what is wrong with it."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=SECONDS) as response:
            answer = response.read()
    except urllib.error.HTTPError as error:
        return f"HTTP status {error.code}"
    except OSError as error:
        return str(error)
    return None if not is_table or any(good in answer for good in GOOD) else "no VOTable with a good status"


def _place_to_ask(place):
    """Where there is a source, degrees; anywhere when nothing is published."""
    with connect(place) as connection:
        if connection.execute("SELECT to_regclass('twomass.psc')").fetchone()[0] is None:
            return 0.0, 0.0
        return connection.execute("SELECT ra, dec FROM twomass.psc LIMIT 1").fetchone() or (0.0, 0.0)
