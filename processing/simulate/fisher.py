"""Fisher matrices of stars on frames: what pixels tell about relative flux, x and y, of one star and of neighbours."""

import numpy as np
from numba import njit

from processing.simulate.star_pixels import HALF, SIZE, star_stamp

RIDGE = 1e-9
"""Keeps the matrix of stars in one place regular; their errors come out huge."""


@njit(cache=True, nogil=True)
def add_lone(fisher, row, x, y, dn, sigma, ex, ey, constant, factor, usable, core, wings, spikes, turn, width):
    """Add what one frame tells about each star alone; ``constant``: variance without it, ``factor``: of its light."""
    stamp = np.empty((3, SIZE, SIZE))
    ny, nx = constant.shape
    for n in range(len(row)):
        star_stamp(x[n], y[n], sigma[n], ex[n], ey[n], core, wings, spikes, turn, width, stamp)
        left, low = round(x[n]) - HALF, round(y[n]) - HALF
        for j in range(max(0, -low), min(SIZE, ny - low)):
            for i in range(max(0, -left), min(SIZE, nx - left)):
                if usable[low + j, left + i]:
                    variance = constant[low + j, left + i] + factor[low + j, left + i] * dn[n] * stamp[0, j, i]
                    weight = dn[n] * dn[n] / variance
                    for a in range(3):
                        for b in range(3):
                            fisher[row[n], a, b] += weight * stamp[a, j, i] * stamp[b, j, i]


@njit(cache=True, nogil=True)
def all_stamps(x, y, dn, sigma, ex, ey, core, wings, spikes, turn, width):
    """Derivatives of the pixels by relative flux, x and y: (n, 3, SIZE, SIZE), DN; and the corners of the stamps."""
    stamps, corner = np.empty((len(x), 3, SIZE, SIZE)), np.empty((len(x), 2), np.int64)
    for n in range(len(x)):
        star_stamp(x[n], y[n], sigma[n], ex[n], ey[n], core, wings, spikes, turn, width, stamps[n])
        stamps[n] *= dn[n]
        corner[n, 0], corner[n, 1] = round(x[n]) - HALF, round(y[n]) - HALF
    return stamps, corner


@njit(cache=True, nogil=True)
def add_block(block, one, two, corner1, corner2, weight):
    """Add the sum of weighted products of the derivatives of two stars over the pixels that their stamps share."""
    ny, nx = weight.shape
    left, right = max(corner1[0], corner2[0], 0), min(min(corner1[0], corner2[0]) + SIZE, nx)
    low, high = max(corner1[1], corner2[1], 0), min(min(corner1[1], corner2[1]) + SIZE, ny)
    for row in range(low, high):
        for col in range(left, right):
            w = weight[row, col]
            for a in range(3):
                part = w * one[a, row - corner1[1], col - corner1[0]]
                for b in range(3):
                    block[a, b] += part * two[b, row - corner2[1], col - corner2[0]]


@njit(cache=True, nogil=True)
def add_own(own, row, stamps, corner, weight):
    """Add what one frame tells about each star."""
    for n in range(len(row)):
        add_block(own[row[n]], stamps[n], stamps[n], corner[n], corner[n], weight)


@njit(cache=True, nogil=True)
def add_shared(shared, first, second, slot, stamps, corner, weight):
    """Add what one frame tells about the two stars of each pair together."""
    for p in range(len(first)):
        a, b = slot[first[p]], slot[second[p]]
        if a >= 0 and b >= 0:
            add_block(shared[p], stamps[a], stamps[b], corner[a], corner[b], weight)


@njit(cache=True, nogil=True)
def solve_groups(own, shared, free, near, begin, other, which, side):
    """Variances (n, 3) of relative flux, x and y of each star when its free near neighbours are unknown too."""
    out = np.full((len(own), 3), np.inf)
    place = np.full(len(own), -1, np.int64)
    for star in range(len(own)):
        members = [star]
        for e in range(begin[star], begin[star + 1]):
            if free[other[e]] and near[which[e]] and own[other[e], 0, 0] > 0.0:
                members.append(other[e])
        for m in range(len(members)):
            place[members[m]] = m
        matrix = np.zeros((3 * len(members), 3 * len(members)))
        for m in range(len(members)):
            matrix[3 * m:3 * m + 3, 3 * m:3 * m + 3] = own[members[m]]
            for e in range(begin[members[m]], begin[members[m] + 1]):
                k = place[other[e]]
                if k >= 0:
                    block = shared[which[e]]
                    matrix[3 * m:3 * m + 3, 3 * k:3 * k + 3] = block.T if side[e] else block
        for m in range(len(members)):
            place[members[m]] = -1
        _first_variances(matrix, out[star])
    return out


@njit(cache=True, nogil=True)
def _first_variances(matrix, out):
    """The first three diagonal elements of the inverse of a Fisher matrix; left as they are when nothing is seen."""
    scale = np.sqrt(np.diag(matrix))
    if scale.min() <= 0.0:
        return
    inverse = np.linalg.inv(matrix / np.outer(scale, scale) + RIDGE * np.eye(len(scale)))
    for a in range(3):
        out[a] = inverse[a, a] / scale[a] ** 2
