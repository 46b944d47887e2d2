"""VOParquet files: Parquet whose footer carries the same columns as a VOTable header (unit, UCD, description).

Written: zstd, nulls as nulls. TOPCAT, STILTS and astropy's ``parquet.votable`` read the header.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from processing import __version__
from processing.errors import SurveyError
from processing.formats.tables import arrow_schema, check_table
from processing.formats.votable import votable_header
from processing.formats.whole import whole_file
from processing.schema import Column

INDEX = Column("_healpix_29", "long", None, False, "", "pos.healpix",
               "HEALPix number (nested, order 29) of the position: the index of the HATS catalog")
"""The column that a HATS catalog has after those of the schema."""

GROUP_ROWS = 200_000
"""Rows of a row group of a file that is written part by part."""


def write_parquet(path, data, table, stage="release", index=None):
    """Write the pyarrow Table ``data`` to ``path`` as VOParquet.

    ``index``, int64 array of shape (rows,), is written as the column ``_healpix_29``. SurveyError when ``data`` is not
    as the schema says.
    """
    data = check_table(data, table, stage, str(path))
    extra = () if index is None else (INDEX,)
    if index is not None:
        data = data.append_column(_index_field(), pa.array(index, pa.int64()))
    data = data.replace_schema_metadata(_footer(table, stage, extra))
    with whole_file(path) as partial:
        pq.write_table(data, partial, **_how(data.schema))


def write_parquet_parts(path, parts, table, stage="release"):
    """Write an iterable of pyarrow Tables, of which few have to fit into memory, to one file; the number of rows."""
    schema = arrow_schema(table, stage).with_metadata(_footer(table, stage, ()))
    rows, held = 0, []
    with whole_file(path) as partial, pq.ParquetWriter(partial, schema, **_how(schema)) as writer:

        def flush():
            if held:
                writer.write_table(pa.concat_tables(held).combine_chunks().replace_schema_metadata(schema.metadata))
                held.clear()

        for part in parts:
            held.append(check_table(part, table, stage, str(path)))
            rows += len(part)
            if sum(map(len, held)) >= GROUP_ROWS:
                flush()
        flush()
    return rows


def read_parquet(path, table, stage="release"):
    """The pyarrow Table in ``path`` (the index column left out); SurveyError when damaged or not ``table``."""
    try:
        data = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise SurveyError(f"{path}: not a readable Parquet file: {_first_line(error)}") from error
    if INDEX.name in data.column_names:
        data = data.drop_columns([INDEX.name])
    return check_table(data, table, stage, str(path))


def read_columns(path, columns):
    """Some columns of the Parquet file ``path`` as a pyarrow Table; SurveyError when damaged or one is not there."""
    try:
        file = pq.ParquetFile(path)
        missing = [name for name in columns if name not in file.schema_arrow.names]
        if not missing:
            return file.read(columns)
    except (OSError, pa.ArrowException) as error:
        raise SurveyError(f"{path}: not a readable Parquet file: {_first_line(error)}") from error
    raise SurveyError(f"{path}: expected the columns {', '.join(columns)}, found no {', '.join(missing)}")


def count_rows(path):
    """Number of rows, from the footer; SurveyError when the file is damaged."""
    try:
        return pq.read_metadata(Path(path)).num_rows
    except (OSError, pa.ArrowException) as error:
        raise SurveyError(f"{path}: not a readable Parquet file: {_first_line(error)}") from error


def catalog_schema(table):
    """The arrow schema, footer included, of the files of a HATS catalog of ``table``."""
    return arrow_schema(table).append(_index_field()).with_metadata(_footer(table, "release", (INDEX,)))


def _index_field():
    return pa.field(INDEX.name, pa.int64(), False, {"ucd": INDEX.ucd, "description": INDEX.description})


def _footer(table, stage, extra):
    """File metadata: the two keys of the VOParquet convention, three of our own, and the widths that astropy asks for.

    astropy's reader, without a ``table::len`` of a text column, stops at the first null in it.
    """
    widths = {f"table::len::{column.name}": str(column.length) for column in table.columns if column.length}
    return widths | {
        "IVOA.VOTable-Parquet.version": "1.0",
        "IVOA.VOTable-Parquet.content": votable_header(table, extra),
        "twomass.table": table.name, "twomass.stage": stage, "twomass.version": __version__,
    }


def _how(schema):
    return {"compression": "zstd", "compression_level": 9, "use_dictionary": _repeating(schema)}


def _repeating(schema):
    """Columns worth a dictionary: text and small numbers; the measured ones hardly repeat."""
    return [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_int16(field.type)]


def _first_line(error):
    return str(error).splitlines()[0]
