"""Parquet among the formats of DaCHS's answers: VOParquet, with the columns as a VOTable header in the footer.

``use_in_dachs`` registers it; it is called in every process of the server (launch.py).
"""

import itertools
import re

from processing.answer.parquet_bytes import NUMBERS, Column, Writer

MEDIA_TYPE = "application/vnd.apache.parquet"
ALIASES = ("application/x-parquet", "application/parquet")

GROUP_ROWS = 50_000
"""Rows of a row group, held in memory at a time."""


def write_parquet(data, target, acquire_samples=False):
    """Write a table of DaCHS (the primary one of a data set) to a binary file."""
    from gavo import base, rsc

    table = data.getPrimaryTable() if isinstance(data, rsc.Data) else data
    serialisation = base.SerManager(table, acquireSamples=acquire_samples)
    rows = iter(serialisation.getMappedTuples())
    writer = Writer(target, [parquet_column(column) for column in serialisation])
    while group := list(itertools.islice(rows, GROUP_ROWS)):
        writer.write(group)
    writer.close(footer(table, writer.widths))


def parquet_column(column):
    """What DaCHS knows of a column, as a Column; arrays of numbers are lists."""
    name, kind, size = str(column["name"]).strip('"'), column["datatype"], column["arraysize"]
    if kind in NUMBERS:
        return Column(name, kind, is_list=size not in (None, "", "1"))
    return Column(name, "short") if kind == "unsignedByte" else Column(name, "text")


def footer(table, widths):
    """The two keys of VOParquet, and the widths of texts without which astropy stops at the first null."""
    return {"IVOA.VOTable-Parquet.version": "1.0", "IVOA.VOTable-Parquet.content": _header(table, widths),
            **{f"table::len::{name}": str(width) for name, width in widths.items()}}  # fmt: skip


def _header(table, widths):
    """The VOTable of a table, without its rows. astropy wants to know there, too, how long texts are."""
    from gavo import rsc
    from gavo.formats import votablewrite

    empty = votablewrite.getAsVOTable(rsc.wrapTable(rsc.TableForDef(table.tableDef)), tablecoding="td").decode()
    bare = re.sub("<DATA>.*?</DATA>", "", empty, flags=re.DOTALL)
    return re.sub('<FIELD [^>]*?name="([^"]*)"[^>]*>', lambda field: _with_width(field, widths), bare)


def _with_width(field, widths):
    width = widths.get(field[1])
    return field[0].replace('arraysize="*"', f'arraysize="{width}*"') if width else field[0]


def use_in_dachs():
    from gavo.formats import common

    def write(data, target, acquireSamples=False, **_):
        write_parquet(data, target, acquireSamples)

    common.registerDataWriter("parquet", write, MEDIA_TYPE, "Parquet (VOParquet)", ".parquet", *ALIASES)
