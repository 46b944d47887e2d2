"""VOTable (BINARY2) files, and the VOTable header that a VOParquet file carries."""

import io

import numpy as np
import pyarrow as pa
from astropy.io.votable import parse
from astropy.io.votable.tree import Field, Info, Resource, TableElement, VOTableFile

from processing import __version__
from processing.errors import SurveyError
from processing.formats.tables import ARROW_TYPES, check_table, make_table
from processing.formats.whole import whole_file

VOTABLE_TYPES = {"string": "char"} | {name: name for name in ARROW_TYPES if name != "string"}
"""VOTable datatype of each datatype of the schema language."""


def votable_header(table, extra=()):
    """A VOTable document (str) with the FIELDs of ``table`` and no data.

    ``extra`` are further columns (``processing.schema.Column``) that a file holds after those of the table.
    """
    stream = io.BytesIO()
    _document(table, (*table.columns, *extra))[0].to_xml(stream)
    return stream.getvalue().decode("utf-8")


def write_votable(path, data, table, stage="release"):
    """Write the pyarrow Table ``data`` to ``path``; a null is a null of BINARY2, whatever the type."""
    data = check_table(data, table, stage, str(path))
    document, element = _document(table, table.columns)
    element.create_arrays(data.num_rows)
    for column in table.columns:
        values, missing = _filled(data[column.name].combine_chunks())
        element.array[column.name] = np.ma.MaskedArray(values, missing)
        element.array.mask[column.name] = missing
    with whole_file(path) as partial:
        document.to_xml(str(partial), tabledata_format="binary2")


def read_votable(path, table, stage="release"):
    """The pyarrow Table in a VOTable file; SurveyError when it is damaged or not ``table``."""
    try:
        element = parse(str(path), verify="exception").get_first_table()
        columns = {field.name: _values(element.array[field.ID]) for field in element.fields}
    except Exception as error:
        raise SurveyError(f"{path}: not a readable VOTable: {error}") from error
    return make_table(columns, table, stage)


def _document(table, columns):
    document = VOTableFile(version="1.4")
    resource = Resource(type="results")
    document.resources.append(resource)
    element = TableElement(document, name=table.name)
    element.description = table.description
    element.infos.append(Info(name="version", value=__version__))
    element.fields.extend(_field(document, column) for column in columns)
    resource.tables.append(element)
    return document, element


class _Unit(str):
    """A unit that is written as it is."""

    def to_string(self, _=None):
        return str(self)


class _Field(Field):
    """A FIELD with its unit in the words of the table's YAML: astropy makes mag.arcsec**-2 of mag/arcsec**2."""

    @property
    def unit(self):
        return self._written

    @unit.setter
    def unit(self, text):
        self._written = text and _Unit(text)


def _field(document, column):
    attributes = {"name": column.name, "ID": column.name, "datatype": VOTABLE_TYPES[column.datatype]}
    attributes |= {key: value for key, value in (("unit", column.unit), ("ucd", column.ucd)) if value}
    if attributes["datatype"] == "char":
        attributes["arraysize"] = _arraysize(column)
    field = _Field(document, **attributes)
    field.description = column.description
    return field


def _arraysize(column):
    """``char`` has exactly its length, ``string`` at most its length, if it has one."""
    return str(column.length) if column.datatype == "char" else f"{column.length or ''}*"


def _filled(array):
    """Values with something in the place of nulls, and where the nulls are."""
    missing = array.is_null().to_numpy(zero_copy_only=False)
    blank = "" if pa.types.is_string(array.type) else 0
    return array.fill_null(blank).to_numpy(zero_copy_only=False), missing


def _values(array):
    """A column as astropy reads it, for ``make_table``; astropy forgets which texts are null, so an empty one is."""
    if array.dtype.kind in "OSU":
        return pa.array([str(value) or None for value in array.data], pa.string())
    return array
