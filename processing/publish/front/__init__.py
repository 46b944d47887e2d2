"""The front page of the server: the sky to zoom and pan in, search, links, commands, downloads.

  page, commands   what stands in it
  *.html, *.css    how it looks; *.mjs: what it does in a browser (it still shows all links without)

It is a plain file, written when another release is published and when the server starts. The sky view is Aladin Lite,
which the set-up fetches (etc/setup-sky.sh); a browser gets everything from this server and asks no other.
"""

import json
import subprocess
from pathlib import Path

from processing.publish.cluster import connect
from processing.publish.images import FOLDER
from processing.publish.site import CHECKOUT, ETC, as_account

HERE = Path(__file__).parent
ALADIN = CHECKOUT / ".aladin-lite" / "aladin.js"
ASSETS = ("*.css", "*.mjs")
STYLE = HERE.parents[1] / "quality" / "page.css"
"""The look that the pages of this program have in common."""

DESCRIPTORS = ("front.rd", "sky.rd")

WIDEST, LABELS = 4.0, {"colour": "Colours", "j": "J", "h": "H", "k": "Ks"}
"""Degrees of the first view at most; what the HiPS are called, in the order in which they are offered."""

NEAR = """SELECT ra, dec FROM {store}.psc WHERE q3c_radial_query(ra, dec, %s, %s, 0.1) ORDER BY k_m LIMIT 1"""
ANY = "SELECT ra, dec FROM {store}.psc LIMIT 1"


def deploy_front(place):
    """Write the page and what belongs to it where DaCHS serves it (resources/front.rd); the database must run."""
    from processing.publish.front.page import front_page

    folder = place.inputs / "front"
    for name in (folder, place.inputs / "twomass"):
        as_account(["mkdir", "-p", name], place)
    release = release_of(place)
    files = {path.name: path.read_text() for pattern in ASSETS for path in HERE.glob(pattern)}
    files["front.css"] = STYLE.read_text() + files["front.css"]
    files |= {"index.html": front_page(about(place), _url(place), release)}
    if ALADIN.is_file():
        files["aladin.mjs"] = ALADIN.read_text()
    for name, text in files.items():
        _write(place, folder / name, text)
    for name in DESCRIPTORS:
        _write(place, place.inputs / "twomass" / name, (CHECKOUT / "resources" / name).read_text())


def about(place):
    """Name, description and contact of the site, from etc/gavo.rc and etc/defaultmeta.txt."""
    lines = (ETC / "defaultmeta.txt").read_text().splitlines()
    known = dict(map(str.strip, line.split(":", 1)) for line in lines if ":" in line and not line.startswith("#"))
    return {"site": place.settings.get("web", "sitename", fallback="2MASS in a Box"),
            "description": known.get("site.description", ""), "contact": known.get("contact.email", "")}  # fmt: skip


def release_of(place):
    """What the page tells of the published release (dict); None when there is none, or none with its files beside it.

    Besides what release.json says: ``rows`` as published, ``area`` (square degrees), ``bytes`` of the catalog,
    ``hips`` (name, label, address), ``place`` (ra, dec, deg) where there is something to see, ``fov`` (deg).
    """
    from processing.publish.publication import published
    from processing.publish.store import stores

    with connect(place, autocommit=True) as connection:
        store = published(connection).get("store")
        folder = place.inputs / FOLDER / (store or "none")
        if not (folder / "files" / "release.json").is_file():
            return None
        shown = _shown(folder)
        return {**_told(folder / "files"), "rows": stores(connection)[store]["rows"], **shown,
                "place": _place(connection, store, shown["place"])}  # fmt: skip


def _told(folder):
    content = json.loads((folder / "release.json").read_text())
    whole = [mark["bytes"] for name, mark in content["files"].items() if not name.startswith("atlas/")]
    return {"name": content["name"], "version": content["version"], "created": content["created"],
            "supersedes": content["supersedes"], "inputs": len(content["inputs"]), "bytes": sum(whole),
            "area": _area(folder / "coverage.fits"), "level1": (folder / "level1.html").is_file()}  # fmt: skip


def _area(path):
    from mocpy import MOC

    return f"{MOC.from_fits(str(path)).sky_fraction * 41252.96:.2g}" if path.is_file() else "0"


def _shown(folder):
    """The HiPS of a release in the order in which they are offered, and where to look first."""
    try:
        account = json.loads((folder / "hips" / "hips.json").read_text())["hips"]
    except OSError:
        return {"hips": [], "place": None, "fov": 1.0}
    names = [name for name in LABELS if name in account]
    return {"hips": [{"name": name, "label": LABELS[name], "address": f"/twomass/sky/{name}/hips"} for name in names],
            "place": account[names[0]]["place"], "fov": min(account[names[0]]["fov"], WIDEST)}  # fmt: skip


def _place(connection, store, middle):
    """The brightest source within 0.1 degrees of the middle; else any source."""
    found = connection.execute(NEAR.format(store=store), middle).fetchone() if middle else None
    found = found or connection.execute(ANY.format(store=store)).fetchone()
    return list(found or middle or (0.0, 0.0))


def _url(place):
    return place.settings.get("web", "serverURL", fallback=place.url).rstrip("/")


def _write(place, path, text):
    """Each file is whole at every moment."""
    partial = path.with_name(f".{path.name}.partial")
    as_account(["tee", partial], place, input=text, stdout=subprocess.DEVNULL)
    as_account(["mv", partial, path], place)
