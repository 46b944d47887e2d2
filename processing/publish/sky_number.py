"""The number of a place on the sky by which the database's extension q3c sorts (``q3c_ang2ipix``; Koposov & Bartunov
2006, ASPC 351, 735).

The sky is projected from its centre onto the six faces of a cube (0 around the north pole, 1 to 4 along the equator
from right ascension 0 to the east, 5 around the south pole). On each face the two coordinates are cut into 2^30 steps,
whose bits are interleaved, that of x lowest. Places with near numbers are near on the sky.

The last bit counts: a row has to go to the partition that the database computes for it, so that the operations and
their order are those of the extension.
"""

import math

import numba
import numpy as np

STEPS = 1 << 30
"""Of a face in each direction."""

END = 6 * STEPS * STEPS
"""All numbers are smaller."""

RADIAN = math.pi / 180.0


def sky_numbers(ra, dec):
    """Numbers, int64, shape (n,), of positions ``ra``, ``dec``, shape (n,), degrees; all finite."""
    return _numbers(np.ascontiguousarray(ra, np.float64), np.ascontiguousarray(dec, np.float64))


@numba.njit(nogil=True, cache=True)
def _numbers(ra, dec):
    numbers = np.empty(len(ra), np.int64)
    for i in range(len(ra)):
        numbers[i] = _number(_unwrapped(ra[i]), min(max(dec[i], -90.0), 90.0))
    return numbers


@numba.njit(nogil=True, cache=True)
def _unwrapped(ra):
    """From 0 to 360, which stays 360."""
    if ra < 0:
        return np.fmod(ra, 360.0) + 360.0
    return np.fmod(ra, 360.0) if ra > 360 else ra


@numba.njit(nogil=True, cache=True)
def _number(ra, dec):
    face = int(np.fmod((ra + 45.0) / 90.0, 4.0))
    along, height = RADIAN * (ra - 90.0 * face), math.tan(RADIAN * dec)
    x, y = math.tan(along), height / math.cos(along)
    face += 1
    if y > 1 or y < -1:
        face = 0 if y > 1 else 5
        scale = 1.0 / height
        x = math.sin(RADIAN * ra) * (scale if face == 0 else -scale)
        y = math.cos(RADIAN * ra) * -scale
    return face * STEPS * STEPS + _spread(_step(x)) + 2 * _spread(_step(y))


@numba.njit(nogil=True, cache=True)
def _step(x):
    """In which step of a face the coordinate ``x``, -1 to 1, lies."""
    return min(int((x + 1.0) / 2.0 * STEPS), STEPS - 1)


@numba.njit(nogil=True, cache=True)
def _spread(bits):
    """The 30 bits of a number with zeros between them."""
    bits = (bits | bits << 16) & 0x0000FFFF0000FFFF
    bits = (bits | bits << 8) & 0x00FF00FF00FF00FF
    bits = (bits | bits << 4) & 0x0F0F0F0F0F0F0F0F
    bits = (bits | bits << 2) & 0x3333333333333333
    return (bits | bits << 1) & 0x5555555555555555
