"""Who runs this site, as registries and users are told; it must be set before others than this machine are served.

It stands in etc/gavo.rc and etc/defaultmeta.txt, where, as they come, every line that a site has to write itself says
"example". That will do to try the server on one's own machine. Shown to the world, the records of nobody would get into
every registry of the VO, under addresses that lead nowhere and a name that is not one's own.
"""

import ipaddress
import re
from urllib.parse import urlsplit

from processing.errors import SurveyError
from processing.publish.site import ETC

SETTINGS = (("general", "maintainerAddress"), ("web", "serverURL"), ("ivoa", "authority"))
META = ("publisher", "publisherID", "contact.name", "contact.address", "contact.email", "authority.title",
        "authority.managingOrg", "authority.referenceURL")

UNSET = "example"


def check_identity(place):
    """SurveyError when the server is to be reached from elsewhere and not all that names the site is set."""
    settings = place.settings
    missing = [] if is_local(settings) else unset(settings, read_meta((ETC / "defaultmeta.txt").read_text()))
    if missing:
        reached = settings.get("web", "serverURL", fallback="") or settings.get("web", "bindAddress", fallback="")
        raise SurveyError(f"the settings let others reach this server ({reached or 'every address'}), but do not say "
                          f"whose it is; set {'; '.join(missing)}")


def is_local(settings):
    """Whether only this machine reaches the server: it listens here and names no address that leads elsewhere."""
    bound = settings.get("web", "bindAddress", fallback="127.0.0.1")
    address = settings.get("web", "serverURL", fallback="http://localhost")
    return _is_loopback(bound) and _is_loopback(urlsplit(address).hostname)


def unset(settings, meta):
    """What is missing or still says "example", each as a text with its file."""
    values = {f"[{section}] {key} in etc/gavo.rc": settings.get(section, key, fallback="") for section, key in SETTINGS}
    values |= {f"{key} in etc/defaultmeta.txt": meta.get(key, "") for key in META}
    return [name for name, value in values.items() if not value.strip() or UNSET in value.lower()]


def read_meta(text):
    """Keys and values of a file of DaCHS's metadata: ``key: value`` a line, continued after a backslash; # comments."""
    joined = re.sub(r"\\\r?\n[ \t]*", "", text).splitlines()
    lines = (line.strip().split(":", 1) for line in joined if ":" in line and not line.strip().startswith("#"))
    return {key.strip().lstrip("!"): value.strip() for key, value in lines}


def _is_loopback(host):
    try:
        return host == "localhost" or ipaddress.ip_address(host or "0.0.0.0").is_loopback
    except ValueError:
        return False
