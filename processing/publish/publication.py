"""The order of a publication: verify, load, place the images, switch, count, tidy up."""

import hashlib
import json
import os
import time
from contextlib import contextmanager

from processing.errors import SurveyError
from processing.publish import cluster, server
from processing.publish.dachs import deploy_package
from processing.publish.images import FOLDER, drop_images, place_images
from processing.publish.site import CHECKOUT, as_account
from processing.publish.store import TABLES, drop, load, store_name, stores
from processing.publish.switch import LOCK, NOT_REGISTERED, TRY_AGAIN

RESOURCES = CHECKOUT / "resources"
MADE_OF = ("resources/*.rd", "processing/schema/*.*", "processing/publish/rd_columns.py",
           "processing/publish/switch.py", "etc/survey.yaml")
PUBLISHING = 2_306_113
"""Key of the advisory lock that a running ``twomass publish`` holds."""

LONG_COUNT = 2_000_000
"""Rows that may take longer to count than a synchronous query lasts."""

SWITCH = ["/usr/bin/python3", "-m", "processing.publish.switch"]

LOCK_SECONDS, ATTEMPTS, PAUSE = 5, 24, 5.0
"""A switch waits so long for running queries (new ones wait behind it), so often, with a pause in between."""


def publish(place, release):
    """Publish ``release``; SurveyError says what is not as it should be, and which release is published then."""
    place = _as_running(place)
    print(f"verifying {release.path}: {len(release.files)} files")
    release.verify()
    with _publishing(place) as connection:
        _tidy(place, connection, keep=store_name(release))
        store = _load(connection, release)
        _place_images(place, store, release)
        _switch(place, connection, store)
        _tidy(place, connection)
    print(f"published {release.name}: {_sentence(release.rows)}; the same in the files, the database and through TAP")


def publish_previous(place):
    """Publish the release again that the current one replaced."""
    place = _as_running(place)
    with _publishing(place) as connection:
        store = published(connection).get("previous")
        if store not in stores(connection):
            raise SurveyError("no earlier release is kept: publish one by its folder")
        _switch(place, connection, store)
        note = stores(connection)[store]
        _tidy(place, connection)
    print(f"published {note['name']} again: {_sentence(note['rows'])}")


def published(connection):
    """What is published: ``store``, ``previous``, ``mark``, ``registered``; empty before the first time."""
    with connection.transaction():
        row = connection.execute("SELECT obj_description(to_regnamespace('published'))").fetchone()
    return json.loads(row[0]) if row[0] else {}


def _as_running(place):
    """The site with the port that the running server has; SurveyError when database or server does not run."""
    if not cluster.pid(place) or not server.pid(place):
        what = "server" if cluster.pid(place) else "database"
        raise SurveyError(f"the {what} does not run; start it with 'twomass serve'")
    return type(place)(place.state, server.port(place))


@contextmanager
def _publishing(place):
    """A connection that is the only one that publishes; one left behind by a killed program is waited for."""
    with cluster.connect(place, autocommit=True) as connection:
        connection.execute("SET client_connection_check_interval = '1s'")
        for attempt in range(10):
            if connection.execute("SELECT pg_try_advisory_lock(%s)", (PUBLISHING,)).fetchone()[0]:
                break
            time.sleep(0.5)
        else:
            raise SurveyError("another 'twomass publish' is running: wait until it has ended")
        yield connection


def _load(connection, release):
    from tqdm import tqdm

    begin, is_new = time.monotonic(), store_name(release) not in stores(connection)
    total = sum(release.rows[table] for table in TABLES)
    with tqdm(total=total, desc="loading", unit=" rows", unit_scale=True, disable=None) as bar:
        store = load(connection, release, bar.update, bar.set_description)
    if is_new:
        print(f"loaded {_sentence(release.rows)} in {time.monotonic() - begin:.1f} s")
    return store


def _place_images(place, store, release):
    from tqdm import tqdm

    with tqdm(total=len(release.image_files()), desc="images", unit=" files", disable=None) as bar:
        place_images(place, store, release, bar.update)


def _switch(place, connection, store):
    """Switch to ``store`` and check by counting through TAP. A server that runs need not be restarted."""
    now, mark = published(connection), _services_mark()
    if (now.get("store"), now.get("mark")) != (store, mark) or not _deployed(place):
        previous = now.get("store") if now.get("store") != store else now.get("previous")
        done = _run_switch(place, [store, previous or "-", mark, LOCK_SECONDS])
        _copy_resources(place, place.inputs)  # younger than what the running server knows, so it reads them again
        _check_registered(done)
    elif not now.get("registered"):
        _check_registered(_run_switch(place, ["register"]))
    _count_through_tap(place, stores(connection)[store]["rows"])


def _run_switch(place, words):
    """Run processing.publish.switch on the descriptors of this checkout; SurveyError unless the release is published.

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


def _services_mark():
    """Stands for all that the services are made of besides the release."""
    digest = hashlib.sha256()
    for path in (path for pattern in MADE_OF for path in sorted(CHECKOUT.glob(pattern))):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _copy_resources(place, inputs):
    as_account(["mkdir", "-p", inputs / "twomass"], place)
    for path in RESOURCES.glob("*.rd"):
        as_account(["tee", inputs / "twomass" / path.name], place, input=path.read_text())


def _deployed(place):
    """Whether the running server has the descriptors of this checkout."""
    files = {path: place.inputs / "twomass" / path.name for path in RESOURCES.glob("*.rd")}
    return all(copy.exists() and copy.read_bytes() == path.read_bytes() for path, copy in files.items())


def _count_through_tap(place, rows):
    """SurveyError unless TAP counts what was loaded."""
    import pyvo

    service = pyvo.dal.TAPService(f"{place.url}/tap")
    for table, expected in {**rows, "data": rows["psc"]}.items():
        query = f"SELECT COUNT(*) AS n FROM twomass.{table}"
        try:
            answer = service.run_async(query) if expected > LONG_COUNT else service.run_sync(query)
        except Exception as error:  # pyvo passes on whatever its transport raises
            raise SurveyError(f"{place.url}/tap does not count twomass.{table}: {error}") from error
        if answer["n"][0] != expected:
            raise SurveyError(f"twomass.{table} has {expected} rows in the files and the database, {answer['n'][0]} "
                              f"through {place.url}/tap; 'twomass publish --back' returns to the release before")


def _tidy(place, connection, keep=None):
    """Remove every store but the published one, the one before it, and ``keep``."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))  # a killed switch may still be committing
        now = published(connection)
        wanted = {keep, now.get("store"), now.get("previous")}
        for store in set(stores(connection)) - wanted:
            drop(connection, store)
    folder = place.inputs / FOLDER
    for path in folder.iterdir() if folder.exists() else ():
        if path.name not in wanted:
            drop_images(place, path.name)


def _sentence(rows):
    return ", ".join(f"{rows[table]} rows of {table}" for table in ("psc", "scans", "atlas"))
