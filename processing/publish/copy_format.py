"""Arrow columns to PostgreSQL's COPY BINARY, fast: what makes loading keep up with the database.

A row is its number of fields (int16), then for each field its length in bytes (int32, -1 for null) and its bytes, all
big-endian (PostgreSQL documentation, COPY, "Binary Format"). Numbers of a batch are laid side by side as bytes, texts
one after the other, and one compiled loop weaves them into rows.
"""

import numba
import numpy as np
import pyarrow as pa

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NUMBERS = {"short": ">i2", "int": ">i4", "long": ">i8", "float": ">f4", "double": ">f8", "boolean": "u1"}
"""How the numbers of the schema travel; ``char`` and ``string`` travel as their UTF-8 bytes."""


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
    rows = batch.num_rows
    arrays = [batch.column(column.name) for column in columns]
    valid = np.stack([np.asarray(array.is_valid()) for array in arrays])
    numeric = [np.dtype(NUMBERS[c.datatype]).itemsize if c.datatype in NUMBERS else 0 for c in columns]
    numbers = _side_by_side([a for a, size in zip(arrays, numeric) if size], columns, rows)
    texts, offsets = _end_to_end([a for a, size in zip(arrays, numeric) if not size], rows)
    lengths = np.array(numeric, dtype=np.int64)
    out = np.empty(_size(valid, lengths, offsets, rows), dtype=np.uint8)
    _weave(out, valid, lengths, numbers, texts, offsets)
    return out


def _side_by_side(arrays, columns, rows):
    """All numbers of a row as bytes, shape (rows, total width); nulls hold anything."""
    kinds = [NUMBERS[column.datatype] for column in columns if column.datatype in NUMBERS]
    table = np.empty(rows, dtype=[(str(i), kind) for i, kind in enumerate(kinds)])
    for i, array in enumerate(arrays):
        filled = array.fill_null(False if pa.types.is_boolean(array.type) else 0) if array.null_count else array
        table[str(i)] = filled.to_numpy(zero_copy_only=False)
    return table.view(np.uint8).reshape(rows, table.dtype.itemsize)


def _end_to_end(arrays, rows):
    """All texts in one run of bytes, and where each begins: offsets of shape (texts of a row, rows + 1)."""
    pieces, offsets, base = [], np.zeros((len(arrays), rows + 1), dtype=np.int64), 0
    for i, array in enumerate(arrays):
        array = array.cast(pa.large_string())
        begins = np.frombuffer(array.buffers()[1], dtype=np.int64)[array.offset:array.offset + rows + 1]
        data = array.buffers()[2]
        run = np.frombuffer(data, dtype=np.uint8)[begins[0]:begins[-1]] if data else np.empty(0, np.uint8)
        offsets[i] = begins - begins[0] + base
        pieces.append(run)
        base += len(run)
    return np.concatenate(pieces) if pieces else np.empty(0, np.uint8), offsets


def _size(valid, lengths, offsets, rows):
    """Bytes of the encoded batch."""
    numbers = int((valid.sum(axis=1) * lengths).sum())
    is_text = lengths == 0
    texts = int(((offsets[:, 1:] - offsets[:, :-1]) * valid[is_text]).sum())
    return rows * (2 + 4 * len(lengths)) + numbers + texts


@numba.njit(nogil=True, cache=True)
def _weave(out, valid, lengths, numbers, texts, offsets):
    """Fill ``out``: for each row, for each field, its length and its bytes (length 0 in ``lengths`` marks a text)."""
    at = 0
    fields = len(lengths)
    for row in range(numbers.shape[0]):
        out[at], out[at + 1] = fields >> 8, fields & 255
        at += 2
        column, text = 0, 0
        for field in range(fields):
            begin, length = column, lengths[field]
            if length == 0:
                begin = offsets[text, row]
                length = offsets[text, row + 1] - begin
                text += 1
                source = texts
            else:
                column += length
                source = numbers[row]
            if not valid[field, row]:
                out[at:at + 4] = 255
                at += 4
                continue
            for i in range(4):
                out[at + i] = (length >> (24 - 8 * i)) & 255
            at += 4
            for i in range(length):
                out[at + i] = source[begin + i]
            at += length
