"""Have DaCHS switch to another release (processing.publish.switch), and bring the descriptors to the running server."""

import hashlib
import time

from processing.errors import SurveyError
from processing.publish import server
from processing.publish.dachs import deploy_package
from processing.publish.front import deploy_front
from processing.publish.site import CHECKOUT, as_account
from processing.publish.switch import NOT_REGISTERED, TRY_AGAIN

RESOURCES = CHECKOUT / "resources"
MADE_OF = ("resources/*.rd", "processing/schema/*.*", "processing/publish/rd_columns.py",
           "processing/publish/switch.py", "processing/publish/links.py",
           "processing/publish/cutouts.py", "processing/publish/sky_services.py", "etc/survey.yaml")
"""The files that decide what the services look like."""

SWITCH = ["/usr/bin/python3", "-m", "processing.publish.switch"]

LOCK_SECONDS, ATTEMPTS, PAUSE = 5, 24, 5.0
"""A switch waits so long for running queries (new ones wait behind it), so often, with a pause in between."""


def exchange(place, now, store):
    """Publish ``store`` unless ``now`` (see publication.published) says that it is, with the services of this checkout.

    A running server goes on: it is told to read its descriptors again, of which some ask the database for examples.
    """
    mark = services_mark()
    if (now.get("store"), now.get("mark")) != (store, mark) or not _deployed(place):
        previous = now.get("store") if now.get("store") != store else now.get("previous")
        done = _run_switch(place, [store, previous or "-", mark, LOCK_SECONDS])
        _copy_resources(place, place.inputs)
        server.reload(place)
        _check_registered(done)
    elif not now.get("registered"):
        _check_registered(_run_switch(place, ["register"]))
    deploy_front(place)


def services_mark():
    """Stands for all that the services are made of besides the release."""
    digest = hashlib.sha256()
    for path in (path for pattern in MADE_OF for path in sorted(CHECKOUT.glob(pattern))):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _run_switch(place, words):
    """Run the switch on the descriptors of this checkout; SurveyError unless the release is published.

    Tries again while a query holds the tables. Returns the CompletedProcess.
    """
    deploy_package(place)
    _copy_resources(place, place.gavo / "staging")
    environment = {**place.environment, "GAVO_INPUTSDIR": str(place.gavo / "staging")}
    for attempt in range(ATTEMPTS):
        done = as_account([*SWITCH, *words], place, check=False, env=environment)
        if done.returncode in (0, NOT_REGISTERED):
            return done
        if done.returncode != TRY_AGAIN:
            raise SurveyError(f"the switch failed, the old release stays published:\n{_last_lines(done)}")
        print("a running query holds the tables; trying again")
        time.sleep(PAUSE)
    raise SurveyError("queries held the tables all the time, so the old release stays published; the new one is "
                      "loaded: run this again when they have ended")


def _check_registered(done):
    if done.returncode == NOT_REGISTERED:
        raise SurveyError("the release is published, but DaCHS did not renew its list of services (run this again):\n"
                          + _last_lines(done))


def _last_lines(done):
    return "\n".join(done.stdout.strip().splitlines()[-12:])


def _copy_resources(place, inputs):
    """Put the descriptors into DaCHS's folder, each of them whole at every moment."""
    folder = inputs / "twomass"
    as_account(["mkdir", "-p", folder], place)
    for path in RESOURCES.glob("*.rd"):
        as_account(["tee", folder / f".{path.name}.partial"], place, input=path.read_text())
        as_account(["mv", folder / f".{path.name}.partial", folder / path.name], place)


def _deployed(place):
    """Whether the running server has the descriptors of this checkout."""
    files = {path: place.inputs / "twomass" / path.name for path in RESOURCES.glob("*.rd")}
    return all(copy.exists() and copy.read_bytes() == path.read_bytes() for path, copy in files.items())
