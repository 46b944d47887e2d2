"""Make another release the published one: what DaCHS serves changes in one transaction, or not at all.

``dachs imp`` would commit several times on its way (after TAP_SCHEMA, when it takes the images out of ObsCore, after
each data item), and killed in between it leaves half of the old and half of the new. So its steps are taken here in
DaCHS's own Python with a connection that commits once, at the end: the views in the schema ``published``, the tables
of ``resources/q.rd`` over them, TAP_SCHEMA, ObsCore, the files that may be fetched, row counts, coverage.

Run by the account as ``/usr/bin/python3 -m processing.publish.switch STORE PREVIOUS MARK SECONDS``: the schema of the
release, that of the release to keep for a way back (or ``-``), a mark to keep with what is published, and how long to
wait for queries that hold the tables. Exit status 75: such a query took longer; try again. Exit status 76: published,
but the list of services could not be renewed; with the one word ``register`` only that is done.
"""

import ctypes
import json
import os
import signal
import sys
import traceback
from contextlib import contextmanager
from datetime import datetime, timezone

RD = "twomass/q"
REGISTERED = (RD, "twomass/sky", "twomass/site", "//services", "//tap", "//obscore")
"""What has records in the registry: services and tables, HiPS, the organisation, the authority, TAP, ObsCore."""

TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h."""

NOT_REGISTERED = 76

VIEWS = {
    "scans": "SELECT * FROM {store}.scans",
    "atlas": "SELECT *, file AS accref FROM {store}.atlas",
    "wcs": "SELECT * FROM {store}.wcs",
    "psc": "SELECT * FROM {store}.psc",
    "xsc": "SELECT * FROM {store}.xsc",
    "level1": "SELECT * FROM {store}.level1",
    "data": "SELECT {data} FROM {store}.psc",
}

PRODUCTS = """
    INSERT INTO dc.products (accref, owner, embargo, mime, accesspath, sourcetable, preview, preview_mime)
    SELECT file, NULL, NULL, 'image/fits', %(folder)s || file, 'twomass.atlas',
           %(folder)s || 'previews/' || regexp_replace(file, '[.][^.]*$', '') || '.jpg', 'image/jpeg'
    FROM {store}.atlas"""

COLOURS = """
    INSERT INTO dc.products (accref, owner, embargo, mime, accesspath, sourcetable, preview, preview_mime)
    SELECT picture, NULL, NULL, 'image/jpeg', %(folder)s || picture, 'twomass.atlas', NULL, NULL
    FROM (SELECT 'previews/' || regexp_replace(file, '[^/]([^/]*)[.][^.]*$', '\\1') || '.jpg' AS picture
          FROM {store}.atlas) AS pictures
    GROUP BY picture HAVING count(*) > 1"""
"""A picture in colours for each field that more than one band shows."""

IDENTIFIER = "'ivo://{authority}/~?' || gavo_urlescape(file)"
"""That of an image in ObsCore, as resources/q.rd makes it (DaCHS's macro sql_standardPubDID)."""

LOCK = 2_306_114
"""Key of the advisory lock that a switch holds until its transaction has ended, whatever became of the program."""

PR_SET_PDEATHSIG = 1


def view_statements(store):
    """The statements that let the schema ``published`` show ``store``."""
    from processing.schema import load_table

    data = ", ".join(f'{column.extra["column"]} AS {column.name}' for column in load_table("data").columns)
    yield "DROP SCHEMA IF EXISTS published CASCADE"
    yield "CREATE SCHEMA published"
    for name, query in VIEWS.items():
        yield f"CREATE VIEW published.{name} AS {query.format(store=store, data=data)}"


def switch(store, previous, mark, seconds):
    """Take all steps and commit; psycopg2's LockNotAvailable after ``seconds`` of waiting for a query."""
    from gavo import api

    resource = api.getRD(RD)
    with _committing_once(api) as connection:
        connection.execute(f"SET lock_timeout = '{seconds}s'")
        connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        _index_identifiers(connection, store, api.getConfig("ivoa", "authority"))
        _replace_tables(api, connection, resource, store)
        _replace_metadata(connection, resource, _rows(connection, store))
        _replace_products(connection, store)
        connection.execute("UPDATE dc.rdmeta SET (spatial, temporal) = (SELECT moc, times FROM %s.coverage) "
                           "WHERE sourcerd = '%s'" % (store, RD))
        note = {"store": store, "previous": previous, "mark": mark, "since": _now()}
        connection.execute("COMMENT ON SCHEMA published IS %(note)s", {"note": json.dumps(note)})


def register():
    """Put services and tables into DaCHS's own registry; what they cover is that of the release just published."""
    from gavo import api, base
    from gavo.registry import publication

    for name in REGISTERED:  # read them again: they ask the database for the coverage
        base.caches.clearForName(name.replace("//", "__system__/"))
    connection = api.getDBConnection("admin")
    descriptors = [api.getRD(name) for name in REGISTERED]
    publication.updateServiceList(descriptors, connection=connection, onlyWarn=False)
    note = {**_comment(connection, "published"), "registered": True}
    connection.execute("COMMENT ON SCHEMA published IS %(note)s", {"note": json.dumps(note)})
    connection.commit()


@contextmanager
def _committing_once(api):
    """A connection of DaCHS's administrator whose ``commit`` does nothing until the block has ended well."""
    connection = api.getDBConnection("admin")
    connection.commit = lambda: None
    try:
        yield connection
        type(connection).commit(connection)
    finally:
        connection.close()


def _now():
    return datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def _rows(connection, store):
    """Rows of every table of the descriptor, as counted when the store was loaded."""
    rows = _comment(connection, store)["rows"]
    return {**rows, "data": rows["psc"], "images": rows["atlas"]}


def _comment(connection, schema):
    """What the comment on a schema says."""
    return json.loads(next(connection.query("SELECT obj_description(%(s)s::regnamespace)", {"s": schema}))[0])


def _index_identifiers(connection, store, authority):
    """Datalink asks ObsCore for one image by its identifier, in which the site's naming authority is a part."""
    connection.execute("DROP INDEX IF EXISTS %s.atlas_identifier" % store)
    connection.execute("CREATE INDEX atlas_identifier ON %s.atlas ((%s))"
                       % (store, IDENTIFIER.format(authority=authority)))


def _replace_tables(api, connection, resource, store):
    """Drop what is published, point ``published`` to the store, and make DaCHS's tables anew."""
    item = resource.getById("publish")
    api.Data.drop(item, connection=connection)
    for statement in view_statements(store):
        connection.execute(statement)
    api.makeData(item, connection=connection, runCommit=False)


def _replace_metadata(connection, resource, rows):
    from gavo.protocols import tap

    for table in resource.tables:
        table.nrows = rows[table.id]
        connection.execute("UPDATE dc.tablemeta SET nrows = %(n)s WHERE tablename = %(name)s",
                           {"n": rows[table.id], "name": table.getQName()})
    tap.unpublishFromTAP(resource, connection)
    tap.publishToTAP(resource, connection)
    resource.updateMetaInDB(connection, "import")
    connection.execute("UPDATE tap_schema.columns SET xtype = 'mjd' "  # as in its results; DaCHS leaves it out here
                       "WHERE table_name = 'ivoa.obscore' AND column_name IN ('t_min', 't_max')")


def _replace_products(connection, store):
    connection.execute("DELETE FROM dc.products WHERE sourcetable = 'twomass.atlas'")
    for statement in (PRODUCTS, COLOURS):
        connection.execute(statement.format(store=store), {"folder": f"releases/{store}/"})


def _die_with_parent():
    """Have the kernel end this process when the command that started it is gone."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the command that asked for this has ended")


def main(words):
    _die_with_parent()
    from gavo import api  # configures psycopg2
    import psycopg2.errors

    del api
    if words != ["register"]:
        store, previous, mark, seconds = words
        try:
            switch(store, None if previous == "-" else previous, mark, int(seconds))
        except psycopg2.errors.LockNotAvailable:
            return TRY_AGAIN
    try:
        register()
    except Exception:  # whatever DaCHS finds wrong: the release itself is published by now
        traceback.print_exc()
        return NOT_REGISTERED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
