"""A registry of the VO with the records of the server under test: what a full registry makes of them when it harvests.

The rows are those of the Registry Relational Schema (RegTAP 1.1, with the coverages of 1.2), as far as pyvo.registry
asks for them. They go into the schema ``rr`` of the server under test, so that pyvo's own ADQL finds them, with the
functions of ADQL that a registry has to have.
"""

import json
from xml.etree import ElementTree

import requests

from processing.publish.dachs import dachs
from processing.publish.site import as_account

TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
RESOURCE = "{http://www.ivoa.net/xml/RegistryInterface/v1.0}Resource"

TABLES = {
    "resource": "ivoid res_type short_name res_title content_level res_description reference_url creator_seq created "
                "updated rights content_type source_format source_value region_of_regard:real waveband",
    "capability": "ivoid cap_index:smallint cap_type cap_description standard_id",
    "interface": "ivoid cap_index:smallint intf_index:smallint intf_type intf_role std_version access_url",
    "res_subject": "ivoid res_subject",
    "res_role": "ivoid role_name role_ivoid base_role email telephone",
    "res_table": "ivoid table_index:smallint table_name table_title table_description table_utype",
    "table_column": "ivoid table_index:smallint name ucd unit utype datatype arraysize extended_type "
                    "column_description",
    "res_detail": "ivoid cap_index:smallint detail_xpath detail_value",
    "alt_identifier": "ivoid alt_identifier",
    "stc_spatial": "ivoid coverage:smoc",
    "stc_temporal": "ivoid time_start:real time_end:real",
    "stc_spectral": "ivoid spectral_start:real spectral_end:real",
}
"""Tables and columns; a column is text unless its type is named."""


def harvest(server):
    """All records of the server's OAI-PMH, as XML elements."""
    answer = requests.get(f"{server.url}/oai.xml?verb=ListRecords&metadataPrefix=ivo_vor&set=ivo_managed")
    answer.raise_for_status()
    return list(ElementTree.fromstring(answer.content).iter(RESOURCE))


def install(server):
    """Make the schema ``rr`` from what the server itself tells a harvester."""
    folder = server.place.inputs / "rr"
    rows = {name: [] for name in TABLES}
    for record in harvest(server):
        for name, row in rows_of(record):
            rows[name].append({column.split(":")[0]: None for column in TABLES[name].split()} | row)
    as_account(["mkdir", "-p", folder], server.place)
    as_account(["tee", folder / "rows.json"], server.place, input=json.dumps(rows))
    as_account(["tee", folder / "q.rd"], server.place, input=descriptor())
    dachs(server.place, "imp", "rr/q")


def remove(server):
    dachs(server.place, "drop", "rr/q")
    as_account(["rm", "-r", server.place.inputs / "rr"], server.place)


def descriptor():
    """The resource descriptor of the schema ``rr``."""
    tables, makes = [], []
    for name, columns in TABLES.items():
        typed = (column.partition(":")[::2] for column in columns.split())
        inside = "".join(f'<column name="{column}" type="{kind or "text"}"/>' for column, kind in typed)
        tables.append(f'<table id="{name}" onDisk="True" adql="True">{inside}</table>')
        makes.append(f'<make table="{name}" role="{name}"><rowmaker idmaps="*"/></make>')
    return f"""<resource schema="rr"><meta name="title">A registry for tests</meta>
      <meta name="description">A registry for tests</meta><meta name="creationDate">2025-01-01T00:00:00Z</meta>
      <meta name="subject">virtual-observatories</meta>{"".join(tables)}
      <data id="harvested"><sources>rows.json</sources><embeddedGrammar isDispatching="True"><iterator><code>
        import json
        from gavo.utils import pgsphere
        for name, rows in json.load(open(self.sourceToken)).items():
            for row in rows:
                if "coverage" in row:
                    row["coverage"] = pgsphere.SMoc.fromASCII(row["coverage"])
                yield name, row
      </code></iterator></embeddedGrammar>{"".join(makes)}</data></resource>"""


def rows_of(record):
    """Pairs of a table's name and a row of it, for one record."""
    ivoid = _text(record, "identifier").lower()
    for name, row in _all_rows(record):
        yield name, {"ivoid": ivoid, **row}


def _all_rows(record):
    yield "resource", _resource(record)
    for index, capability in enumerate(record.findall("capability")):
        yield from _capability(index, capability)
    for subject in record.findall("content/subject"):
        yield "res_subject", {"res_subject": subject.text}
    for base_role in ("publisher", "creator", "contact"):
        for person in record.findall(f"curation/{base_role}"):
            yield "res_role", {"base_role": base_role, "role_name": _text(person, "name") or person.text,
                               "role_ivoid": _lower(person.get("ivo-id")), "email": _text(person, "email")}
    for index, table in enumerate(record.iter("table")):
        yield from _table(index, table)
    yield from _coverage(record)


def _resource(record):
    source = record.find("content/source")
    return {
        "res_type": _prefixed(record), "short_name": _text(record, "shortName"), "res_title": _text(record, "title"),
        "content_level": _joined(record, "content/contentLevel"), "content_type": _joined(record, "content/type"),
        "res_description": _text(record, "content/description"), "rights": _text(record, "rights"),
        "reference_url": _text(record, "content/referenceURL"), "created": record.get("created"),
        "creator_seq": "; ".join(name.text for name in record.findall("curation/creator/name")),
        "updated": record.get("updated"), "waveband": _joined(record, "coverage/waveband"),
        "source_value": None if source is None else source.text,
        "source_format": None if source is None else source.get("format"),
    }


def _capability(index, capability):
    yield "capability", {"cap_index": index, "standard_id": _lower(capability.get("standardID")),
                         "cap_type": _prefixed(capability), "cap_description": _text(capability, "description")}
    for number, interface in enumerate(capability.findall("interface")):
        yield "interface", {"cap_index": index, "intf_index": number, "intf_type": _prefixed(interface),
                            "intf_role": interface.get("role"), "std_version": interface.get("version"),
                            "access_url": _text(interface, "accessURL")}
    for model in capability.findall("dataModel"):
        yield "res_detail", {"cap_index": index, "detail_xpath": "/capability/dataModel/@ivo-id",
                             "detail_value": model.get("ivo-id")}


def _table(index, table):
    yield "res_table", {"table_index": index, "table_name": _text(table, "name").lower(),
                        "table_title": _text(table, "title"), "table_description": _text(table, "description"),
                        "table_utype": _lower(_text(table, "utype"))}
    for column in table.findall("column"):
        kind = column.find("dataType")
        yield "table_column", {"table_index": index, "name": _lower(_text(column, "name")), "datatype": kind.text,
                               "ucd": _lower(_text(column, "ucd")), "unit": _text(column, "unit"),
                               "utype": _lower(_text(column, "utype")), "arraysize": kind.get("arraysize"),
                               "extended_type": kind.get("extendedType"),
                               "column_description": _text(column, "description")}


def _coverage(record):
    for area in record.findall("coverage/spatial"):
        yield "stc_spatial", {"coverage": area.text}
    for axis, name in (("temporal", "time"), ("spectral", "spectral")):
        for interval in record.findall(f"coverage/{axis}"):
            first, last = map(float, interval.text.split())
            yield f"stc_{axis}", {f"{name}_start": first, f"{name}_end": last}


def _text(element, path):
    found = element.findtext(path)
    return None if found is None else " ".join(found.split())


def _lower(text):
    return text and text.lower()


def _prefixed(element):
    """The type of an element under the prefix that everybody uses for its schema, in lower case."""
    return _lower(element.get(TYPE))


def _joined(record, path):
    return "#".join(found.text.lower() for found in record.findall(path))
