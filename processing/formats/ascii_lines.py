"""Rows of numbers and texts as lines of bytes, ``|`` between the fields: the inner loop of the bulk files, compiled.

A number is a whole number of its last decimal place, so that what is printed is exact; trailing zeros are left out as
PostgreSQL's COPY leaves them out of a float.
"""

import numpy as np
from numba import njit

BAR, NEWLINE, MINUS, POINT, ZERO, BACKSLASH, CAPITAL_N = (np.uint8(ord(c)) for c in "|\n-.0\\N")
TEN = np.uint64(10)
LONGEST = 24
"""Bytes that a number with its bar may take: 19 digits, sign, point, a zero before it."""

TEXT = -1
"""What stands for the decimals of a text column."""

SPLITTER = 134217729.0
"""2**27 + 1: cuts a double into two halves whose products are exact (Dekker 1971)."""

LARGEST = 2.0**51
"""Whole numbers up to here and their halves are exact in a double."""


@njit(cache=True, nogil=True)
def scaled(values, factor):
    """``values`` times ``factor`` (a power of ten), rounded to whole numbers as the exact decimal value rounds.

    Ties go to the even number, as in Python's formats. float64 in, shape (n,), finite, products below ``LARGEST``;
    int64 out.
    """
    out = np.empty(len(values), np.int64)
    for n, value in enumerate(values):
        product = value * factor
        whole = np.rint(product)
        rest = product - whole
        if abs(rest) == 0.5:
            error = _product_error(value, factor, product)
            if rest * error > 0.0:
                whole += 1.0 if rest > 0.0 else -1.0
        out[n] = np.int64(whole)
    return out


@njit(cache=True, nogil=True)
def _product_error(a, b, product):
    """What ``product`` = fl(a b) lacks of the exact one."""
    a_high = SPLITTER * a - (SPLITTER * a - a)
    b_high = SPLITTER * b - (SPLITTER * b - b)
    a_low, b_low = a - a_high, b - b_high
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@njit(cache=True, nogil=True)
def lines(numbers, decimals, missing, letters):
    """The lines of all rows.

    Parameters
    ----------
    numbers : ndarray of int64, shape (columns, rows)
        In units of the last decimal place; of a text, the place of its first byte in ``letters``.
    decimals : ndarray of int64, shape (columns,)
        ``TEXT`` for a text.
    missing : ndarray of int64, shape (columns, rows)
        -1 for a null; else, of a text, its number of bytes.
    letters : ndarray of uint8
        All texts, one after the other.

    Returns
    -------
    ndarray of uint8
    """
    columns, rows = numbers.shape
    longest = LONGEST * columns * rows
    for column in range(columns):
        if decimals[column] == TEXT:
            longest += max(0, missing[column].sum())
    out = np.empty(longest + rows, np.uint8)
    end = 0
    for row in range(rows):
        for column in range(columns):
            number, length = numbers[column, row], missing[column, row]
            if length < 0:
                out[end], out[end + 1] = BACKSLASH, CAPITAL_N
                end += 2
            elif decimals[column] == TEXT:
                out[end:end + length] = letters[number:number + length]
                end += length
            else:
                end = _print(number, decimals[column], out, end)
            out[end] = BAR
            end += 1
        out[end - 1] = NEWLINE
    return out[:end]


@njit(cache=True, nogil=True)
def _print(number, decimals, out, end):
    """Write ``number`` without trailing zeros behind the point to ``out`` from ``end`` on; the new end."""
    if number < 0:
        out[end] = MINUS
        end += 1
    left = np.uint64(abs(number))
    while decimals > 0 and left % TEN == 0:
        left //= TEN
        decimals -= 1
    place = end = end + _digits(left, decimals + 1) + (1 if decimals > 0 else 0)
    for _ in range(decimals):
        place -= 1
        out[place] = ZERO + np.uint8(left % TEN)
        left //= TEN
    if decimals > 0:
        place -= 1
        out[place] = POINT
    while True:
        place -= 1
        out[place] = ZERO + np.uint8(left % TEN)
        left //= TEN
        if left == 0:
            return end


@njit(cache=True, nogil=True)
def _digits(number, least):
    """How many digits ``number`` has, ``least`` at the least."""
    digits, limit = 1, TEN
    while digits < 19 and number >= limit:
        digits += 1
        limit *= TEN
    return max(digits, least)
