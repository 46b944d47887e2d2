"""Arrow columns to PostgreSQL's COPY BINARY, fast: what makes loading keep up with the database.

A row is its number of fields (int16), then for each field its length in bytes (int32, -1 for null) and its bytes, all
big-endian (PostgreSQL documentation, COPY, "Binary Format"). One compiled loop reads the columns where Arrow has them
(by their addresses: nothing is copied before), turns the bytes of numbers around and weaves them into rows.
"""

import numba
import numpy as np
import pyarrow as pa
from numba.core import cgutils, types
from numba.extending import intrinsic

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
PIECE = 1 << 18
"""Bytes handed to libpq at a time, which otherwise moves them about in memory."""

WIDTHS = {"short": 2, "int": 4, "long": 8, "float": 4, "double": 8, "boolean": 1}
"""Bytes of the numbers of the schema; ``char`` and ``string`` travel as their UTF-8 bytes."""


def encode_batch(batch, columns):
    """The rows of ``batch`` as bytes between HEADER and TRAILER.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        Holds at least ``columns``, by name; Arrow nulls become nulls, NaN stays NaN.
    columns : sequence of processing.schema.Column
        In the order of the database table.

    Returns
    -------
    ndarray of uint8
    """
    return _encode(batch, columns, np.arange(batch.num_rows))[0]


def encode_parts(batch, columns, part):
    """The rows of ``batch`` sorted by the partition into which each goes.

    ``part``: int, shape (rows,). Yields number of the partition, rows, and their bytes as of ``encode_batch``.
    """
    order = np.argsort(part, kind="stable")
    data, ends = _encode(batch, columns, order)
    numbers, first = np.unique(part[order], return_index=True)
    edges = np.append(first, len(order))
    for number, begin, end in zip(numbers.tolist(), edges[:-1].tolist(), edges[1:].tolist()):
        yield number, end - begin, data[ends[begin]:ends[end]]


def send(copy, data):
    """Write the bytes of some rows to a psycopg Copy."""
    for begin in range(0, len(data), PIECE):
        copy.write(memoryview(data[begin:begin + PIECE]))


def _encode(batch, columns, order):
    """The bytes of the rows in this ``order``, and where each ends, int64 of shape (rows + 1,), from 0."""
    arrays = [_plain(batch.column(column.name)) for column in columns]
    widths = np.array([WIDTHS.get(column.datatype, 0) for column in columns])
    places = np.array([_places(array, width) for array, width in zip(arrays, widths.tolist())], np.uint64)
    size = sum(_size(array, width) for array, width in zip(arrays, widths.tolist()))
    out = np.empty(size + batch.num_rows * (2 + 4 * len(columns)), np.uint8)
    ends = np.zeros(batch.num_rows + 1, np.int64)
    offsets = np.array([array.offset for array in arrays])
    _weave(np.uint64(out.ctypes.data), ends, order, widths, places, offsets)
    return out[:ends[-1]], ends


def _plain(array):
    """Truths as bytes; Arrow has eight of them in one."""
    return array.cast(pa.uint8()) if pa.types.is_boolean(array.type) else array


def _places(array, width):
    """Addresses of an array's parts: the bits that say which values there are (0: all), the values, and of texts the
    offsets at which they begin."""
    bits, *rest = array.buffers()
    first = rest[0].address + (width or 4) * array.offset
    known = bits.address if array.null_count else 0
    return (known, first, 0) if width else (known, rest[1].address if rest[1] else 0, first)


def _size(array, width):
    """Bytes of all values, those of nulls included."""
    if width:
        return width * len(array)
    if not len(array):
        return 0
    offsets = np.frombuffer(array.buffers()[1], np.int32)
    return int(offsets[array.offset + len(array)] - offsets[array.offset])


@intrinsic
def _pointer(typing, address):
    """A number as the address that it is."""
    def generate(context, builder, signature, values):
        return builder.inttoptr(values[0], cgutils.voidptr_t)

    return types.voidptr(types.uint64), generate


@numba.njit(nogil=True, cache=True)
def _memory(address, place, kind):
    """Memory as an array of one type that begins ``place`` bytes behind ``address`` and has no bounds."""
    return numba.carray(_pointer(address + np.uint64(place)), 1 << 31, kind)


@numba.njit(nogil=True, cache=True)
def _weave(out, ends, order, widths, places, offsets):
    """Fill the memory at address ``out``: for each row, for each field, its length and its bytes (width 0 marks a
    text)."""
    fields, at = len(widths), 0
    for n in range(len(order)):
        row = order[n]
        _memory(out, at, np.uint16)[0] = _turned(fields) >> np.uint64(48)
        at += 2
        for field in range(fields):
            width = widths[field]
            length = _memory(out, at, np.uint32)
            at += 4
            if places[field, 0] != 0 and not _is_known(places[field, 0], row + offsets[field]):
                length[0] = 0xFFFFFFFF
            elif width == 0:
                at += _put_text(length, _memory(out, at, np.uint8), places[field, 1], places[field, 2], row)
            else:
                length[0] = width << 24
                _put_number(out, at, width, places[field, 1], width * row)
                at += width
        ends[n + 1] = at


@numba.njit(nogil=True, cache=True)
def _is_known(address, place):
    return _memory(address, place >> 3, np.uint8)[0] >> (place & 7) & 1


@numba.njit(nogil=True, cache=True)
def _put_number(out, at, width, values, place):
    """One number of so many bytes, turned around."""
    if width == 4:
        _memory(out, at, np.uint32)[0] = _turned(_memory(values, place, np.uint32)[0]) >> np.uint64(32)
    elif width == 2:
        _memory(out, at, np.uint16)[0] = _turned(_memory(values, place, np.uint16)[0]) >> np.uint64(48)
    elif width == 8:
        _memory(out, at, np.uint64)[0] = _turned(_memory(values, place, np.uint64)[0])
    else:
        _memory(out, at, np.uint8)[0] = _memory(values, place, np.uint8)[0]


@numba.njit(nogil=True, cache=True)
def _turned(number):
    """Eight bytes in the other order (the compiler makes this one instruction)."""
    number = np.uint64(number)
    for bits, mask in ((8, 0x00FF00FF00FF00FF), (16, 0x0000FFFF0000FFFF), (32, 0x00000000FFFFFFFF)):
        shift, half = np.uint64(bits), np.uint64(mask)
        number = (number & half) << shift | number >> shift & half
    return number


@numba.njit(nogil=True, cache=True)
def _put_text(before, into, texts, begins, row):
    """A text, and its length ``before`` it; returns the length."""
    pair = _memory(begins, 4 * row, np.int32)
    length, text = np.int64(pair[1]) - pair[0], _memory(texts, pair[0], np.uint8)
    before[0] = _turned(length) >> np.uint64(32)
    for i in range(np.uint64(length)):
        into[i] = text[i]
    return length
