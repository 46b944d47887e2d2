"""FITS binary tables: units in TUNIT, UCDs in TUCD, descriptions in TCOMM.

A null integer is the TNULL of its column (the lowest number of the type), a null float NaN, a null text blank; so an
empty text comes back as null.
"""

import warnings

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from processing import __version__
from processing.errors import SurveyError
from processing.formats.tables import check_table, make_table
from processing.formats.whole import whole_file

FITS_CODES = {"short": "I", "int": "J", "long": "K", "float": "E", "double": "D", "boolean": "L"}
NULLS = {name: int(np.iinfo(kind).min) for name, kind in (("short", "i2"), ("int", "i4"), ("long", "i8"))}


def write_fits_table(path, data, table, stage="release"):
    """Write the pyarrow Table ``data`` as the first extension of ``path``; SurveyError when it is not ``table``."""
    data = check_table(data, table, stage, str(path))
    hdu = fits.BinTableHDU.from_columns([_column(c, data[c.name].combine_chunks()) for c in table.columns])
    _describe(hdu.header, table)
    hdus = fits.HDUList([fits.PrimaryHDU(), hdu])
    for one in hdus:
        one.add_checksum(when="of the bytes of this part")  # astropy would name the time: the same rows, other bytes
    with whole_file(path) as partial:
        hdus.writeto(partial)


def read_fits_table(path, table, stage="release"):
    """The pyarrow Table in the first extension of ``path``; SurveyError when it is damaged or not ``table``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", AstropyWarning)
            with open(path, "rb") as stream, fits.open(stream, memmap=False, checksum=True) as hdus:
                hdu = hdus[1]
                columns = {column.name: _values(hdu, column) for column in hdu.columns}
    except Exception as error:
        raise SurveyError(f"{path}: not a readable FITS table: {error}") from error
    return make_table(columns, table, stage)


def _column(column, array):
    width = column.length or max((len(text) for text in array.to_pylist() if text), default=1) if _is_text(array) else 0
    code = f"{width}A" if width else FITS_CODES[column.datatype]
    return fits.Column(column.name, code, unit=column.unit or None, null=NULLS.get(column.datatype),
                       array=_plain(array, column))


def _plain(array, column):
    """Values with the null of the FITS column in place of arrow's."""
    if _is_text(array):
        return _fixed(array.fill_null(""))
    if pa.types.is_floating(array.type):
        return array.to_numpy(zero_copy_only=False)
    return array.fill_null(NULLS.get(column.datatype, False)).to_numpy(zero_copy_only=False)


def _fixed(texts):
    """ASCII texts as numpy bytes of one width; a zero byte ends a text that is shorter."""
    width = max(pc.max(pc.binary_length(texts)).as_py() or 0, 1)
    return np.frombuffer(pc.utf8_rpad(texts, width, "\0").buffers()[2] or b"", f"S{width}")[:len(texts)]


def _describe(header, table):
    header["EXTNAME"] = table.name
    header["VERSION"] = (__version__, "of the program that wrote this")
    for number, column in enumerate(table.columns, start=1):
        header[f"TUCD{number}"] = column.ucd
        header[f"TCOMM{number}"] = column.description


def _values(hdu, column):
    """A column for ``make_table``: nulls masked."""
    values = np.asarray(hdu.data[column.name])
    if values.dtype.kind == "U":
        return pa.array([text if text else None for text in values.tolist()], pa.string())
    values = values.astype(values.dtype.newbyteorder("="))
    return np.ma.MaskedArray(values, values == column.null) if column.null is not None else values


def _is_text(array):
    return pa.types.is_string(array.type)
