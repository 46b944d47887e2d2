"""A release in the database: one PostgreSQL schema with the tables of the YAMLs, loaded beside the one in use.

The load is one transaction, so one that was killed leaves nothing. Only the partitions of large tables (``partitions``,
etc/store.yaml) are committed before, each by itself; what a load that was killed leaves of them, the next removes. A
store that is whole says so in its schema's comment, a JSON text: name of the release, SHA-256 of its release.json, rows
of each table, layout.
"""

import hashlib
import json
import re

from processing.errors import SurveyError
from processing.publish.copy_format import HEADER, TRAILER, encode_batch, send
from processing.publish.fill import batches_of, fill
from processing.publish.homes import OWNER, attach_sql, drop_servers, homes_of, introduce
from processing.publish.partitions import (
    SKY_NUMBER, bound_sql, check_sql, count_of_partitions, cuts, ranges, store_settings,
)  # fmt: skip
from processing.publish.world_coordinates import COLUMNS, add_world_coordinates
from processing.schema import load_table

TABLES = ("scans", "atlas", "psc", "xsc", "level1")
"""xsc is empty for a release without extended sources, level1 for one that was not validated."""

SQL_TYPES = {
    "short": "smallint", "int": "integer", "long": "bigint", "float": "real", "double": "double precision",
    "char": "text", "string": "text", "boolean": "boolean",
}
INDEXES = {
    "scans": (),
    "level1": (),
    "atlas": ("coadd_key", "scan_key", "q3c_ang2ipix(ra, dec)"),
    "psc": ("q3c_ang2ipix(ra, dec)", "designation", "j_m", "h_m", "k_m", "scan_key", "coadd_key"),
    "xsc": ("q3c_ang2ipix(ra, dec)", "designation", "j_m_k20fe", "h_m_k20fe", "k_m_k20fe", "r_k20fe", "pts_key",
            "scan_key", "coadd_key"),
}
"""Besides the primary keys; the resource descriptor tells users of the same."""

COVERAGE_ORDER = 6
"""Of the MOC in the registry: 55 arcmin. Registries look for places as cells of this order, which a finer MOC would
have to cover whole (RegTAP 1.2)."""

TIMES = """
    SELECT CASE WHEN min(first) IS NOT NULL THEN ARRAY[min(first), max(last)] END FROM (
        SELECT min(jdate) - 2400000.5 AS first, max(jdate) - 2400000.5 AS last FROM {store}.scans UNION ALL
        SELECT min(jdate) - 2400000.5, max(jdate) - 2400000.5 FROM {store}.psc UNION ALL
        SELECT min(mjd), max(mjd) FROM {store}.atlas) AS times"""
"""First and last time (MJD) that a scan began, a source or an image was observed."""

FOOTPRINT = ("('{(' || ra_1 || 'd,' || dec_1 || 'd),(' || ra_2 || 'd,' || dec_2 || 'd),(' || ra_3 || 'd,' || dec_3 "
             "|| 'd),(' || ra_4 || 'd,' || dec_4 || 'd)}')::spoly")


def store_name(release):
    """The schema of a release: its name and a mark of its content and of how this site lays it out in tables."""
    plain = re.sub(r"[^a-z0-9]+", "_", release.name.lower()).strip("_")[:40]
    mark = hashlib.sha256("\n".join([release.sha256, layout(), *_shape(release)]).encode()).hexdigest()
    return f"release_{plain}_{mark[:12]}"


def layout():
    """A mark of how this program lays a release out in tables; the services fit a store of the same layout alone."""
    parts = [*(table_sql(load_table(table), table) for table in TABLES), repr(INDEXES), FOOTPRINT, TIMES,
             str(COVERAGE_ORDER), repr(COLUMNS), check_sql(1, 2), bound_sql(1, 2), repr(ranges([]))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _shape(release):
    """How many partitions the tables that are cut have, and where; nothing when none is cut."""
    parts = {table: _partitions(release, table) for table in TABLES}
    if any(parts.values()):
        yield repr((parts, store_settings().servers.others))


def _partitions(release, table):
    return count_of_partitions(load_table(table), release.rows.get(table, 0))


def stores(connection):
    """All whole stores in the database: schema name to what its comment says."""
    found = connection.execute(
        "SELECT nspname, obj_description(oid, 'pg_namespace') FROM pg_namespace "
        r"WHERE nspname LIKE 'release\_%' ORDER BY oid").fetchall()
    return {name: json.loads(comment) for name, comment in found if comment}


def unfinished(connection):
    """Names of stores that a load has begun and not finished."""
    found = connection.execute(r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'release\_%' "
                               "AND obj_description(oid, 'pg_namespace') IS NULL").fetchall()
    return [name for name, in found]


def load(connection, release, report, say):
    """Load ``release`` into a store of its own unless it is there; returns the store's name.

    ``report(rows)`` is called as rows arrive, ``say(step)`` when another step begins. SurveyError when the counts of
    files and tables differ; nothing is left then.
    """
    store = store_name(release)
    if store in stores(connection):
        connection.rollback()
        return store
    try:
        large = {table: _fill(connection, store, release, load_table(table), report, say)
                 for table in TABLES if _partitions(release, table)}  # fmt: skip
        with connection.transaction():
            _load(connection, store, release, large, report, say)
    except Exception:
        connection.rollback()
        drop(connection, store)
        raise
    return store


def _load(connection, store, release, large, report, say):
    """All of a store but the partitions of its ``large`` tables, which are there (name to what ``_fill`` gave)."""
    connection.execute(f"SET LOCAL ROLE {OWNER}")
    connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {store}")
    for table in TABLES:
        if table not in large:
            _load_table(connection, store, release, load_table(table), report)
    say("indexing")
    for table, (homes, found) in large.items():
        _join(connection, store, load_table(table), homes, found)
    _finish_atlas(connection, store)
    add_world_coordinates(connection, store, release)
    _add_coverage(connection, store, release)
    for table in TABLES:
        if table not in large:
            _index(connection, store, load_table(table))
    rows = _count(connection, store, release)
    note = {"name": release.name, "sha256": release.sha256, "rows": rows, "layout": layout()}
    connection.execute(f"COMMENT ON SCHEMA {store} IS {_literal(json.dumps(note))}")


def drop(connection, store):
    """Remove a store and all that is in it, on other servers too."""
    with connection.transaction():
        connection.execute(f"DROP SCHEMA IF EXISTS {store} CASCADE")
        drop_servers(connection, store)


def table_sql(table, qualified_name):
    """The CREATE TABLE statement of a table of the schema."""
    columns = (f'"{c.name}" {SQL_TYPES[c.datatype]}{"" if c.nullable else " NOT NULL"}' for c in table.columns)
    return f"CREATE TABLE {qualified_name} ({', '.join(columns)})"


def copy_in(connection, qualified_name, table, files, report):
    """Append the rows of Parquet ``files`` to a table; the files are read, encoded and sent side by side."""
    from concurrent.futures import ThreadPoolExecutor

    batches = (batch for file in files for batch in batches_of(file, table))
    with connection.cursor() as cursor, cursor.copy(f"COPY {qualified_name} FROM STDIN (FORMAT BINARY)") as copy, \
            ThreadPoolExecutor(1) as beside:
        copy.write(HEADER)
        following = beside.submit(_next_encoded, batches, table)
        while (encoded := following.result()) is not None:
            following = beside.submit(_next_encoded, batches, table)
            rows, data = encoded
            send(copy, data)
            report(rows)
        copy.write(TRAILER)


def _load_table(connection, store, release, table, report):
    qualified_name = f"{store}.{table.name}"
    connection.execute(table_sql(table, qualified_name))
    copy_in(connection, qualified_name, table, release.parquet_files(table.name), report)


def _fill(connection, store, release, table, report, say):
    """Make the partitions of a large table, filled and indexed; the Home of each, and where they are cut."""
    files, rows = release.parquet_files(table.name), release.rows[table.name]
    found = cuts(files, rows, _partitions(release, table.name))
    homes = homes_of(connection.info.dsn, store, len(found) + 1)
    with connection.transaction():
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {store} AUTHORIZATION {OWNER}")
        introduce(connection, store, homes)
    connection.commit()

    def create(number):
        name = _part_name(store, table, number)
        return name, table_sql(table, name)

    def finish(name):
        yield from _index_sql(name, table)
        if _is_shared(homes):
            yield f"ANALYZE {name}"

    fill(homes, create, table, files, found, finish, report, say)
    return homes, found


def _join(connection, store, table, homes, found):
    """Make the table of which the partitions are parts."""
    name = f"{store}.{table.name}"
    connection.execute(f"{table_sql(table, name)} PARTITION BY RANGE ({SKY_NUMBER})")
    for expression in INDEXES[table.name]:
        connection.execute(f"CREATE INDEX ON {name} ({expression})")
    for number, (home, limits) in enumerate(zip(homes, ranges(found))):
        connection.execute(attach_sql(home, name, _part_name(store, table, number), limits))
    if not _is_shared(homes):
        connection.execute(f"ANALYZE {name}")  # the partitions, too


def _is_shared(homes):
    """Whether some partitions are on other servers. Then each is analysed where it is, and not the whole: all of their
    rows would be fetched for that."""
    return any(home.server for home in homes)


def _part_name(store, table, number):
    return f"{store}.{table.name}_p{number:02d}"


def _next_encoded(batches, table):
    """Rows and bytes of the next batch; None after the last."""
    batch = next(batches, None)
    return None if batch is None else (batch.num_rows, encode_batch(batch, table.columns))


def _finish_atlas(connection, store):
    """Add the footprint, which no file format of the release has a type for."""
    connection.execute(f"ALTER TABLE {store}.atlas ADD COLUMN s_region spoly")
    connection.execute(f"UPDATE {store}.atlas SET s_region = {FOOTPRINT}")
    connection.execute(f"CREATE INDEX ON {store}.atlas USING gist (s_region)")
    connection.execute(f"CREATE UNIQUE INDEX ON {store}.atlas (file)")


def _add_coverage(connection, store, release):
    """Where and when the release looked, as DaCHS and the registry take it.

    An ASCII MOC (ICRS), no finer than needed there, and the first and last time (MJD), null when no row has one.
    """
    from mocpy import MOC

    moc = MOC.from_fits(release.path / "coverage.fits")
    if moc.max_order > COVERAGE_ORDER:
        moc = moc.degrade_to_order(COVERAGE_ORDER)
    connection.execute(f"CREATE TABLE {store}.coverage (moc text, times double precision[])")
    connection.execute(f"INSERT INTO {store}.coverage SELECT %s, ({TIMES.format(store=store)})",
                       (moc.to_string("ascii").strip(),))


def _index(connection, store, table):
    name = f"{store}.{table.name}"
    for statement in (*_index_sql(name, table), f"ANALYZE {name}"):
        connection.execute(statement)


def _index_sql(name, table):
    """The statements that make the indexes of a table, or of a partition of one."""
    yield f"ALTER TABLE {name} ADD PRIMARY KEY ({table.primary_key})"
    for expression in INDEXES[table.name]:
        yield f"CREATE INDEX ON {name} ({expression})"


def _count(connection, store, release):
    """Rows of each table; SurveyError unless they are those of the release's files."""
    rows = {}
    for table in TABLES:
        rows[table] = connection.execute(f"SELECT count(*) FROM {store}.{table}").fetchone()[0]
        if rows[table] != release.rows.get(table, 0):
            raise SurveyError(f"{release.path}: the files hold {release.rows.get(table, 0)} rows of {table}, "
                              f"{rows[table]} arrived in the database; nothing was published")
    return rows


def _literal(text):
    return "'" + text.replace("'", "''") + "'"
