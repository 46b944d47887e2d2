"""The HiPS of a release where DaCHS can serve them: below its folder of inputs, shared by releases of the same images.

A release's folder has a link to them. It is made first, so that a half-made HiPS is known to be wanted and goes on.
"""

import os
import shutil
from pathlib import Path

from processing.errors import SurveyError
from processing.publish.images import FOLDER, give_to

HIPS = "hips"
"""Name of the folder of all HiPS below the folder of inputs, and of the link in a release's folder."""


def place_hips(place, store, release, ready=None):
    """Make the HiPS of ``release`` and link them into the folder of ``store``; what was counted, None without images.

    ``ready``: folder in which twomass hips has made them already; SurveyError when they are of other images.
    """
    from processing.hips.command import IMAGE
    from processing.hips.make import make_hips, mark
    from processing.release.crew import crew

    if not release.rows["atlas"]:
        return None
    folder = Path(ready).resolve() if ready else place.inputs / HIPS / mark(release)
    if ready:
        _check(folder, release)
    _link(place.inputs / FOLDER / store / HIPS, folder)
    with crew(folder.parent, IMAGE * release.rows["atlas"]) as each:
        account = make_hips(release, folder, each, _publisher(place))
    if not ready:
        give_to(folder.parent, place.account)
    return account


def _check(folder, release):
    from processing.hips.make import is_finished

    if not is_finished(release, folder):
        raise SurveyError(f"{folder}: expected the finished HiPS of release {release.name}; "
                          "make them with twomass hips")


def _publisher(place):
    """Who publishes them at which addresses (resources/sky.rd)."""
    from processing.hips.properties import Publisher

    settings = place.settings
    url = settings.get("web", "serverURL", fallback=place.url).rstrip("/")
    address = url + "/twomass/sky/{name}/hips"
    return Publisher(settings.get("ivoa", "authority"), settings.get("web", "sitename"), address)


def _link(link, folder):
    """A relative link where that is possible, so that the state folder can be moved."""
    target = os.path.relpath(folder, link.parent) if link.parents[2] in folder.parents else folder
    partial = link.with_name(f".{link.name}.partial-{os.getpid()}")
    partial.unlink(missing_ok=True)
    partial.symlink_to(target)
    os.replace(partial, link)


def drop_unused_hips(place):
    """Remove the HiPS to which no release has a link."""
    used = {link.resolve() for link in (place.inputs / FOLDER).glob(f"*/{HIPS}")}
    folder = place.inputs / HIPS
    for path in folder.iterdir() if folder.exists() else ():
        if path.resolve() not in used:
            shutil.rmtree(path, ignore_errors=True)
