"""Read a table's YAML and spell out its columns."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from processing.schema.bands import BANDS

HERE = Path(__file__).parent

DATATYPES = ("short", "int", "long", "float", "double", "char", "string", "boolean")
"""Felis names. ``char`` always has ``length`` characters, ``string`` at most ``length`` (None: no bound).
A single character that may be null is a ``string``: VOTable has no null for one ``char``."""

TABLE_KEYS = {"name", "description", "columns", "primaryKey", "foreignKeys", "twomass"}
COLUMN_KEYS = {"name", "datatype", "length", "nullable", "ivoa:unit", "ivoa:ucd", "description", "twomass"}


@dataclass(frozen=True)
class Column:
    """One column: ``unit`` in VOUnits notation ("" for none), ``ucd`` UCD1+, ``extra`` our own keys."""

    name: str
    datatype: str
    length: int | None
    nullable: bool
    unit: str
    ucd: str
    description: str
    extra: dict = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Table:
    """A table: ``columns`` in order; ``primary_key`` a column's name or None; ``extra`` our own keys."""

    name: str
    description: str
    columns: tuple[Column, ...]
    primary_key: str | None
    foreign_keys: tuple[dict, ...]
    extra: dict = field(default_factory=dict, hash=False)

    @property
    def names(self):
        return [column.name for column in self.columns]

    def column(self, name):
        """The column called ``name``; KeyError names the table when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name!r}")


def table_names():
    """Names of all tables described here, sorted."""
    return sorted(path.stem for path in HERE.glob("*.yaml"))


@cache
def load_table(name):
    """The description of table ``name``; ValueError says which file and which key is wrong."""
    path = HERE / f"{name}.yaml"
    if not path.exists():
        raise ValueError(f"no table {name!r}: expected one of {', '.join(table_names())}")
    raw = yaml.safe_load(path.read_text())
    _refuse_unknown(raw, TABLE_KEYS, path.name)
    return Table(
        name=raw["name"],
        description=" ".join(raw["description"].split()),
        columns=tuple(_columns(raw["columns"], path.name)),
        primary_key=raw.get("primaryKey"),
        foreign_keys=tuple(raw.get("foreignKeys", ())),
        extra=raw.get("twomass", {}),
    )


def _columns(entries, where, words=None):
    """The columns of ``entries``; ``words`` stand for the braces in the members of a family, None outside of one."""
    for entry in entries:
        if "for_each_band" in entry:
            for band in BANDS:
                yield from _columns(entry["for_each_band"], where, (words or {}) | _words(band))
        elif "for_each" in entry:
            for case in entry["for_each"]:
                yield from _columns(entry["columns"], where, (words or {}) | case)
        elif "from_table" in entry:
            yield _renamed(entry)
        else:
            yield _column(entry if words is None else _fill(entry, words), where)


def _renamed(entry):
    """A view's column: everything but the name as in the table it is taken from."""
    source = load_table(entry["from_table"]).column(entry["column"])
    extra = {**source.extra, "column": source.name}
    return Column(entry["name"], source.datatype, source.length, source.nullable, source.unit, source.ucd,
                  source.description, extra)


def _words(band):
    return {
        "band": band.letter, "Band": band.name, "index": band.index, "em": band.em,
        "zero_point_error": band.zero_point_error,
    }


def _fill(member, words):
    """A family member with ``words`` in place of the braces."""
    return {key: value.format(**words) if isinstance(value, str) else value for key, value in member.items()}


def _column(entry, where):
    label = f"{where}: column {entry.get('name', entry)}"
    _refuse_unknown(entry, COLUMN_KEYS, label)
    if entry["datatype"] not in DATATYPES:
        raise ValueError(f"{label}: datatype {entry['datatype']!r}, expected one of {', '.join(DATATYPES)}")
    return Column(
        name=entry["name"],
        datatype=entry["datatype"],
        length=entry.get("length", 1 if entry["datatype"] == "char" else None),
        nullable=entry["nullable"],
        unit=entry.get("ivoa:unit", ""),
        ucd=entry.get("ivoa:ucd", ""),
        description=" ".join(entry["description"].split()),
        extra=entry.get("twomass", {}),
    )


def _refuse_unknown(mapping, known, where):
    unknown = set(mapping) - known
    if unknown:
        raise ValueError(f"{where}: unknown key {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")
