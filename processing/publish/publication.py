"""The order of a publication: verify, load, place the images, switch, count, tidy up."""

import json
import time
from contextlib import contextmanager

from processing.errors import SurveyError
from processing.publish import cluster, server
from processing.publish.exchange import exchange
from processing.publish.files import place_files
from processing.publish.images import FOLDER, drop_images, place_images
from processing.publish.sky_place import drop_unused_hips, place_hips
from processing.publish.store import TABLES, drop, layout, load, store_name, stores, unfinished
from processing.publish.switch import LOCK

PUBLISHING = 2_306_113
"""Key of the advisory lock that a running ``twomass publish`` holds."""

LONG_COUNT = 2_000_000
"""Rows that may take longer to count than a synchronous query lasts."""


def publish(place, release, hips=None):
    """Publish ``release``; SurveyError says what is not as it should be, and which release is published then.

    ``hips``: folder of its HiPS, when they are made already.
    """
    place = _as_running(place)
    print(f"verifying {release.path}: {len(release.files)} files")
    release.verify()
    with _publishing(place) as connection:
        _tidy(place, connection, keep=store_name(release))
        store = _load(connection, release)
        _place_images(place, store, release)
        place_files(place, store, release)
        _place_hips(place, store, release, hips)
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
        note = stores(connection)[store]
        if note.get("layout") != layout():
            raise SurveyError(f"{note['name']} was loaded by another version of this program, whose tables differ: "
                              "publish it by its folder")
        _switch(place, connection, store)
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
    total = sum(release.rows.get(table, 0) for table in TABLES)
    with tqdm(total=total, desc="loading", unit=" rows", unit_scale=True, disable=None) as bar:
        store = load(connection, release, bar.update, bar.set_description)
    if is_new:
        print(f"loaded {_sentence(release.rows)} in {time.monotonic() - begin:.1f} s")
    return store


def _place_images(place, store, release):
    from tqdm import tqdm

    with tqdm(total=len(release.image_files()), desc="images", unit=" files", disable=None) as bar:
        place_images(place, store, release, bar.update)


def _place_hips(place, store, release, ready):
    begin = time.monotonic()
    account = place_hips(place, store, release, ready)
    if account:
        tiles = sum(sum(own["tiles"].values()) for own in account["hips"].values())
        print(f"HiPS: {', '.join(account['hips'])}; {tiles} tiles, {time.monotonic() - begin:.1f} s")


def _switch(place, connection, store):
    """Switch to ``store`` and check by counting through TAP."""
    exchange(place, published(connection), store)
    _count_through_tap(place, stores(connection)[store]["rows"])


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
                              f"through {place.url}/tap; 'twomass publish --rollback' returns to the release before")


def _tidy(place, connection, keep=None):
    """Remove every store but the published one, the one before it, and ``keep``."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))  # a killed switch may still be committing
        now = published(connection)
        wanted = {keep, now.get("store"), now.get("previous")}
        for store in {*(set(stores(connection)) - wanted), *unfinished(connection)}:
            drop(connection, store)
    folder = place.inputs / FOLDER
    for path in folder.iterdir() if folder.exists() else ():
        if path.name not in wanted:
            drop_images(place, path.name)
    drop_unused_hips(place)


def _sentence(rows):
    return ", ".join(f"{rows[table]} rows of {table}" for table in ("psc", "xsc", "scans", "atlas", "level1")
                     if table in rows)
