"""Parquet as bytes, for the server's Python, which has no library for it: nullable numbers, texts and lists of numbers.

By the Apache Parquet format (format 2.10: parquet.thrift, Encodings.md): data pages version 1, PLAIN values, levels in
bit-packed runs, nothing compressed; metadata in Thrift's compact protocol. What is read back is tested with pyarrow.
"""

from dataclasses import dataclass

import numpy as np

MAGIC = b"PAR1"
NUMBERS = {"short": "<i4", "int": "<i4", "long": "<i8", "float": "<f4", "double": "<f8", "boolean": "?"}
"""VOTable's data types that are numbers here, and how they are laid down; all else is text."""

BOOLEAN, INT32, INT64, FLOAT, DOUBLE, BYTE_ARRAY = 0, 1, 2, 4, 5, 6
PHYSICAL = {"short": INT32, "int": INT32, "long": INT64, "float": FLOAT, "double": DOUBLE, "boolean": BOOLEAN}
UTF8, LIST, INT_16 = 0, 3, 16
OPTIONAL, REPEATED = 1, 2
PLAIN, RLE = 0, 3


@dataclass(frozen=True)
class Column:
    """``kind``: a key of NUMBERS or "text"; ``is_list``: each value is a sequence of such."""

    name: str
    kind: str
    is_list: bool = False

    @property
    def path(self):
        return [self.name, "list", "element"] if self.is_list else [self.name]


class Writer:
    """Writes row groups to a binary file that need not be seekable; ``close`` writes the footer.

    ``widths``: characters of the longest text so far in each column of texts, at least 1.
    """

    def __init__(self, file, columns):
        self.file, self.columns = file, columns
        self.groups, self.rows, self.at = [], 0, 0
        self.widths = {column.name: 1 for column in columns if column.kind == "text"}
        self._put(MAGIC)

    def write(self, rows):
        """A row group of these rows, tuples in the order of the columns; None is null."""
        values = ([row[place] for row in rows] for place in range(len(self.columns)))
        for _ in self.write_pages(len(rows), (self._page(*of) for of in zip(self.columns, values))):
            pass

    def write_pages(self, rows, pages):
        """A row group of so many rows; each page is (levels, values, number of values). Yields after each column."""
        chunks = []
        for column, page in zip(self.columns, pages):
            chunks.append(self._chunk(column, *page))
            yield
        size = sum(chunk[3][7][1] for chunk in chunks)
        self.groups.append({1: chunks, 2: _i64(size), 3: _i64(rows)})
        self.rows += rows

    def close(self, metadata):
        """The footer, with pairs of texts that readers may know."""
        pairs = [{1: name, 2: text} for name, text in metadata.items()]
        footer = thrift({1: _i32(1), 2: list(self._schema()), 3: _i64(self.rows), 4: self.groups, 5: pairs,
                         6: "twomass"})  # fmt: skip
        self._put(footer + len(footer).to_bytes(4, "little") + MAGIC)

    def _put(self, data):
        self.file.write(data)
        self.at += len(data)

    def _schema(self):
        yield {4: "schema", 5: _i32(len(self.columns))}
        for column in self.columns:
            if column.is_list:
                yield {3: _i32(OPTIONAL), 4: column.name, 5: _i32(1), 6: _i32(LIST)}
                yield {3: _i32(REPEATED), 4: "list", 5: _i32(1)}
            name = "element" if column.is_list else column.name
            converted = {"short": _i32(INT_16), "text": _i32(UTF8)}.get(column.kind)
            yield {1: _i32(_physical(column)), 3: _i32(OPTIONAL), 4: name, 6: converted}

    def _page(self, column, values):
        if column.kind == "text":
            values = [None if value is None else _text(value) for value in values]
            longest = max((len(value) for value in values if value is not None), default=1)
            self.widths[column.name] = max(self.widths[column.name], longest)
        return _list_page(column, values) if column.is_list else _flat_page(column, values)

    def _chunk(self, column, levels, plain, number):
        page = levels + plain
        header = thrift({1: _i32(0), 2: _i32(len(page)), 3: _i32(len(page)),
                         5: {1: _i32(number), 2: _i32(PLAIN), 3: _i32(RLE), 4: _i32(RLE)}})  # fmt: skip
        begin, size = self.at, len(header) + len(page)
        self._put(header)
        self._put(page)
        meta = {1: _i32(_physical(column)), 2: [_i32(PLAIN), _i32(RLE)], 3: column.path, 4: _i32(0), 5: _i64(number),
                6: _i64(size), 7: _i64(size), 9: _i64(begin)}  # fmt: skip
        return {2: _i64(begin), 3: meta}


def _physical(column):
    return PHYSICAL.get(column.kind, BYTE_ARRAY)


def _flat_page(column, values):
    """Levels, values and number of values of a column that is no list."""
    there = [value is not None for value in values]
    return _levels(there, 1), _plain(column.kind, [value for value in values if value is not None]), len(values)


def _list_page(column, values):
    """The same of a list. Definition: 0 null, 1 empty, 2 a null in it, 3 a value; repetition: 1 goes on with a row."""
    repetition, definition, flat = [], [], []
    for value in values:
        items = () if value is None else tuple(value)
        repetition += [0] + [1] * (len(items) - 1)
        definition += [3 if item is not None else 2 for item in items] or [0 if value is None else 1]
        flat += [item for item in items if item is not None]
    return _levels(repetition, 1) + _levels(definition, 2), _plain(column.kind, flat), len(definition)


def _levels(values, width):
    """Small numbers of ``width`` bits as one bit-packed run, with its length before it."""
    bits = np.unpackbits(np.asarray(values, dtype=np.uint8)[:, None], axis=1, bitorder="little")[:, :width]
    groups = -(-len(values) // 8)
    packed = np.packbits(np.pad(bits, ((0, 8 * groups - len(values)), (0, 0))).ravel(), bitorder="little").tobytes()
    return packed_levels(packed, groups)


def packed_levels(packed, groups):
    """Levels of so many times 8 values, from their bits."""
    run = _varint(groups << 1 | 1) + packed
    return len(run).to_bytes(4, "little") + run


def _plain(kind, values):
    if kind == "boolean":
        return np.packbits(np.asarray(values, dtype=bool), bitorder="little").tobytes()
    if kind in NUMBERS:
        return np.asarray(values, dtype=NUMBERS[kind]).tobytes()
    texts = [value.encode() for value in values]
    return b"".join(part for text in texts for part in (len(text).to_bytes(4, "little"), text))


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def thrift(fields):
    """A struct in Thrift's compact protocol: number of a field to its value (None is left out), in growing order."""
    out, last = bytearray(), 0
    for number, value in fields.items():
        if value is not None:
            code, body = _encoded(value)
            out += bytes([(number - last) << 4 | code]) + body
            last = number
    return bytes(out) + b"\0"


def _encoded(value):
    """Type code and bytes of a struct (dict), list, text or of a number from _i32 or _i64."""
    if isinstance(value, dict):
        return 12, thrift(value)
    if isinstance(value, list):
        items = [_encoded(item) for item in value]
        code, number = items[0][0] if items else 12, len(items)
        head = bytes([number << 4 | code]) if number < 15 else bytes([0xF0 | code]) + _varint(number)
        return 9, head + b"".join(body for _, body in items)
    if isinstance(value, str):
        return 8, _varint(len(value.encode())) + value.encode()
    code, number = value
    return code, _varint(number << 1 if number >= 0 else (-number << 1) - 1)


def _i32(number):
    return 5, number


def _i64(number):
    return 6, number


def _varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])
