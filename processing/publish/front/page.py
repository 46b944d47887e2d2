"""The front page and the release notes as HTML, from what a release says of itself."""

import json
from functools import cache
from pathlib import Path

from processing.publish.front.commands import commands
from processing.schema.extended_flags import APERTURE, EXTENDED_FLAGS
from processing.schema.flags import FLAGS

HERE = Path(__file__).parent

SERVICES = (
    {"name": "TAP", "what": "all tables by ADQL, with upload of yours", "address": "/tap", "page_name": "query form",
     "page": "/__system__/adql/query/form"},
    {"name": "Examples", "what": "of queries, to start from", "page": "/tap/examples", "page_name": "look"},
    {"name": "SCS", "what": "point sources around a place", "address": "/twomass/q/cone/scs.xml", "page_name": "form",
     "page": "/twomass/q/cone/form"},
    {"name": "SIA 2", "what": "images by place, band and time", "address": "/twomass/q/sia2/siap2.xml"},
    {"name": "SIA 1", "what": "the same for older clients", "address": "/twomass/q/sia/siap.xml", "page_name": "form",
     "page": "/twomass/q/sia/form"},
    {"name": "ObsTAP", "what": "the images as ivoa.obscore at the TAP service", "page": "/tableinfo/ivoa.obscore",
     "page_name": "columns"},
)
EXTENDED_SERVICE = {"name": "SCS, extended", "what": "extended sources around a place", "page_name": "form",
                    "address": "/twomass/q/galaxies/scs.xml", "page": "/twomass/q/galaxies/form"}  # fmt: skip
HIPS_SERVICE = {"name": "HiPS", "what": "the sky in J, H, Ks and colours, to zoom in; as a list of HiPS for Aladin",
                "address": "/hipslist"}  # fmt: skip
TABLES = ("psc", "scans", "atlas", "data", "level1")


def front_page(site, url, release):
    """The front page.

    ``site``: name, description, contact; ``release``: see ``processing.publish.front.release_of``, None when nothing is
    published.
    """
    known = {} if release is None else {
        "services": [*SERVICES, *([EXTENDED_SERVICE] if release["rows"].get("xsc") else []),
                     *([HIPS_SERVICE] if release["hips"] else [])], "survey": survey(release),
        "tables": [f"twomass.{table}" for table in (*TABLES, *(["xsc"] if release["rows"].get("xsc") else []))],
        "commands": list(commands(url, release["place"], bool(release["hips"])))}  # fmt: skip
    return _template("index.html").render(**site, url=url, release=release, **{"survey": {"flags": {}}, **known})


def survey(release):
    """What the page's scripts want to know."""
    return {"hips": {layer["name"]: layer["address"] for layer in release["hips"]}, "place": release["place"],
            "first": release["hips"][0]["name"] if release["hips"] else None, "fov": release["fov"],
            "extended": bool(release["rows"].get("xsc")),
            "flags": {"psc": [told(flag) for flag in FLAGS.values()], "xsc": extended_flags()}}  # fmt: skip


def told(flag):
    """A flag in words, for the page's scripts."""
    return {"name": flag.name, "description": flag.description, "perBand": flag.per_band,
            "values": {value.character: value.meaning for value in flag.values}}


def extended_flags():
    """The flags of an extended source in words: of the source, and of its magnitude in each band."""
    whole = [told(flag) for name, flag in EXTENDED_FLAGS.items() if flag is not APERTURE]
    return [*whole, {**told(APERTURE), "name": f"{{band}}_{APERTURE.name}", "perBand": True}]


def notes(content, level1):
    """The notes of a release; ``content``: of its release.json, ``level1``: of its level1.json or None."""
    left_out = {}
    for entry in content.get("left_out", []):
        left_out.setdefault(entry["why"], []).append(entry["scan"])
    settings = json.dumps(content["settings"], indent=1)
    return _template("notes.html").render(release=content, level1=level1, left_out=left_out, settings=settings)


@cache
def _template(name):
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    environment.filters |= {"grouped": lambda number: f"{number:,}".replace(",", "\N{NO-BREAK SPACE}"), "size": _size}
    return environment.get_template(name)


def _size(number):
    """Bytes for a reader."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"
