"""TAP_SCHEMA and the VOTables of TAP say of every column what its YAML says: name, type, unit, UCD, description."""

import pytest

from processing.schema import load_table

TABLES = ("psc", "xsc", "scans", "atlas", "data", "level1")
SERVERS_OWN = {"atlas": ["s_region", "accref", "obs_publisher_did"]}
"""Columns of a table that only a server can fill."""

DATATYPES = {"short": "short", "int": "int", "long": "long", "float": "float", "double": "double", "char": "char",
             "string": "char", "boolean": "boolean"}


def _arraysize(column):
    """Of the VOTable field: an exact length for char (none for one character), any for string, none for numbers."""
    if column.datatype == "string":
        return "*"
    return str(column.length) if column.datatype == "char" else None


def _facts(table):
    return [(c.name, DATATYPES[c.datatype], _arraysize(c), c.unit, c.ucd, c.description)
            for c in load_table(table).columns]


def _text(value):
    return "" if value is None else " ".join(str(value).split())


@pytest.fixture(scope="module", params=TABLES)
def table(request):
    return request.param


def test_tap_schema_says_what_the_yaml_says(tap, table):
    found = [(_name(c.name), c.datatype.content, _given_size(c.datatype), _text(c.unit), _text(c.ucd),
              _text(c.description)) for c in tap.tables[f"twomass.{table}"].columns]
    own = SERVERS_OWN.get(table, [])
    assert found[:len(found) - len(own)] == _facts(table)
    assert [fact[0] for fact in found[len(found) - len(own):]] == own


def test_tap_schema_read_with_adql_says_the_same(tap, table):
    rows = tap.run_sync("SELECT column_name, datatype, arraysize, unit, ucd, description FROM tap_schema.columns "
                        f"WHERE table_name = 'twomass.{table}' ORDER BY column_index").to_table()
    found = [(_name(r["column_name"]), str(r["datatype"]), _text_or_none(r["arraysize"]), _masked(r["unit"]),
              _masked(r["ucd"]), _text(r["description"])) for r in rows]
    assert found[:len(_facts(table))] == _facts(table)


def test_the_votable_of_a_query_says_what_the_yaml_says(tap, table):
    fields = tap.run_sync(f"SELECT TOP 1 * FROM twomass.{table}").resultstable.fields
    found = [(f.name, f.datatype, f.arraysize, _text(f.unit), _text(f.ucd), _text(f.description)) for f in fields]
    expected = [(*fact[:3], _as_astropy_writes(fact[3]), *fact[4:]) for fact in _facts(table)]
    assert [_one_character(fact) for fact in found[:len(expected)]] == expected


def test_the_principal_columns_are_those_of_the_yaml(tap):
    rows = tap.run_sync("SELECT column_name FROM tap_schema.columns WHERE table_name = 'twomass.psc' AND principal = 1")
    assert sorted(rows["column_name"]) == sorted(load_table("psc").extra["principal"])


def test_tap_schema_knows_how_the_tables_belong_together(tap):
    rows = tap.run_sync("SELECT from_table, target_table, from_column, target_column FROM tap_schema.keys "
                        "JOIN tap_schema.key_columns USING (key_id) WHERE from_table LIKE 'twomass.%'").to_table()
    assert {tuple(row) for row in rows} == {
        ("twomass.psc", "twomass.scans", "scan_key", "scan_key"),
        ("twomass.psc", "twomass.atlas", "coadd_key", "coadd_key"),
        ("twomass.xsc", "twomass.psc", "pts_key", "pts_key"),
        ("twomass.xsc", "twomass.scans", "scan_key", "scan_key"),
        ("twomass.xsc", "twomass.atlas", "coadd_key", "coadd_key"),
        ("twomass.atlas", "twomass.scans", "scan_key", "scan_key")}


def test_positions_and_keys_are_declared_as_indexed(tap):
    rows = tap.run_sync("SELECT column_name FROM tap_schema.columns WHERE table_name = 'twomass.psc' AND indexed = 1")
    assert {"ra", "dec", "pts_key", "designation", "j_m", "h_m", "k_m"} <= set(rows["column_name"])


def _name(name):
    """Without the quotes that ADQL wants around reserved words."""
    return str(name).strip('"')


def _given_size(datatype):
    """pyvo gives everything an array size of 1 that has none."""
    return None if datatype.arraysize == "1" and datatype.content != "char" else datatype.arraysize


def _as_astropy_writes(unit):
    """A VOTable is read into astropy's units, which have names of their own for some."""
    from astropy.units import Unit

    return str(Unit(unit, format="vounit")) if unit else ""


def _masked(value):
    return "" if str(value) == "--" else _text(value)


def _text_or_none(value):
    return None if str(value) in ("--", "") else str(value)


def _one_character(fact):
    """astropy drops the array size of a single character."""
    name, datatype, arraysize, *rest = fact
    return (name, datatype, "1" if datatype == "char" and arraysize is None else arraysize, *rest)
