"""The normal equations of all stars of a scan, frame by frame: drawn, weighed and summed while the frame is at hand."""

import numba
import numpy as np

from processing.photometry.scan.drawing import (
    FAST, LANES, RIM, begin_frame, desk_of, draw, is_near, row_of,
)  # fmt: skip
from processing.photometry.scan.kernels import FIT, INSIDE, SIZE

PIXELS = SIZE * LANES
U = np.uintp


@numba.njit(cache=True)
def normal_equations(data, usable, noise, electrons, profile_error, drawing, jacobian, star, pairs, gradient, own,
                     coupling):  # fmt: skip
    """Add up the normal equations of a Gauss-Newton step.

    ``data`` (n, ny, nx), DN; ``usable``: bool; ``noise`` (n,): DN; ``profile_error``: of the PSF in units of itself.
    ``jacobian`` (n, 2, 2): d(x, y)/d(X, Y); ``star``: of each apparition; ``pairs``: see ``frame_pairs``. ``gradient``
    (stars, 3) gets weighted residuals times the derivatives with flux, X and Y, ``own`` (k, stars, 3, 3) and
    ``coupling`` (k, pairs, 3, 3) the products of these: k = 1, with the weights of the fit; with k = 2 also with
    weight**2 times the variance of the noise.
    """
    frames, ny, nx = data.shape
    desk = desk_of(ny, nx, drawing.series, drawing.radius)
    weights = np.zeros((len(own), desk.image.size), np.float32)
    pull = np.zeros(desk.image.size, np.float32)
    most = np.diff(drawing.begins).max() if frames else 0
    stamps, corners = np.empty((most, 3, PIXELS), np.float32), np.empty((most, 2), np.int64)
    begins, first, second, number = pairs
    for n in range(frames):
        begin, end = drawing.begins[n], drawing.begins[n + 1]
        _stamps(n, drawing, desk, jacobian[n], ny, nx, stamps, corners)
        _weigh(data[n], usable[n], noise[n], electrons, profile_error, desk, weights, pull)
        for a in range(begin, end):
            if corners[a - begin, 0] >= 0:
                _own(stamps[a - begin], corners[a - begin], desk.stride, weights, pull, gradient[star[a]],
                     own[:, star[a]])  # fmt: skip
        for p in range(begins[n], begins[n + 1]):
            one, other = first[p] - begin, second[p] - begin
            if corners[one, 0] >= 0 and corners[other, 0] >= 0:
                _coupled(stamps[one], corners[one], stamps[other], corners[other], desk.stride, weights,
                         coupling[:, number[p]])  # fmt: skip


@numba.njit(cache=True, fastmath=FAST)
def _stamps(n, drawing, desk, jacobian, ny, nx, stamps, corners):
    """Draw a frame, and keep of each apparition the derivatives with flux, X and Y (0 outside the fitted circle) and
    the corner of its stamp in the frame with its rim (row, column); -1 for those that are too far off."""
    begin_frame(n, drawing, desk)
    same, last = 0, -1
    j00, j01, j10, j11 = (np.float32(jacobian[0, 0]), np.float32(jacobian[0, 1]), np.float32(jacobian[1, 0]),
                          np.float32(jacobian[1, 1]))  # fmt: skip
    for k in range(drawing.begins[n + 1] - drawing.begins[n]):
        a = drawing.begins[n] + k
        corners[k] = -1
        if not is_near(drawing, a, ny, nx):
            continue
        same = draw(drawing, desk, a, same if drawing.cell[a] == last else 0, True)
        last = drawing.cell[a]
        cx, cy, flux = int(np.rint(drawing.x[a])), int(np.rint(drawing.y[a])), np.float32(drawing.flux[a])
        corners[k, 0], corners[k, 1] = cy - FIT + RIM, cx - FIT + RIM
        dx, dy = np.float32(drawing.x[a] - cx + FIT), np.float32(drawing.y[a] - cy + FIT)
        light, along_x, along_y = desk.stamp[0], desk.stamp[1], desk.stamp[2]
        out0, out1, out2 = stamps[k, 0], stamps[k, 1], stamps[k, 2]
        for j in range(SIZE):
            v, rest = U(LANES * j), np.float32(INSIDE) - (np.float32(j) - dy) ** 2
            for i in range(LANES):
                u = v + U(i)
                inside = np.float32(1.0) if (np.float32(i) - dx) ** 2 <= rest else np.float32(0.0)
                px, py = inside * flux * along_x[u], inside * flux * along_y[u]
                out0[u], out1[u], out2[u] = inside * light[u], px * j00 + py * j10, px * j01 + py * j11


@numba.njit(cache=True, fastmath=FAST)
def _weigh(data, usable, noise, electrons, profile_error, desk, weights, pull):
    """Weights of the pixels of a frame (see ``normal_equations``) and of their residuals, in the frame with its rim."""
    ny, nx = data.shape
    floor, photons, profile = np.float32(noise * noise), np.float32(1.0 / electrons), np.float32(profile_error**2)
    for j in range(ny):
        start = (j + RIM) * desk.stride + RIM
        image, out, left = row_of(desk, j, nx), weights[0, start:start + nx], pull[start:start + nx]
        for i in range(nx):
            light = max(image[i], np.float32(0.0))
            weight = np.float32(1.0) / (floor + light * (photons + profile * light))
            out[i] = weight if usable[j, i] else np.float32(0.0)
            left[i] = out[i] * (data[j, i] - image[i])
        if len(weights) > 1:
            spread = weights[1, start:start + nx]
            for i in range(nx):
                spread[i] = out[i] * out[i] * (floor + max(image[i], np.float32(0.0)) * photons)


@numba.njit(cache=True, fastmath=FAST)
def _own(stamps, corner, stride, weights, pull, gradient, own):
    """Add what the pixels of a star on a frame say of itself."""
    s0, s1, s2 = stamps[0], stamps[1], stamps[2]
    here = np.empty(PIXELS, np.float32)
    _cut(pull, corner, stride, here)
    g0, g1, g2 = np.float32(0.0), np.float32(0.0), np.float32(0.0)
    for e in range(PIXELS):
        g0 += here[e] * s0[e]
        g1 += here[e] * s1[e]
        g2 += here[e] * s2[e]
    gradient[0] += g0
    gradient[1] += g1
    gradient[2] += g2
    for k in range(len(own)):
        _cut(weights[k], corner, stride, here)
        a, b, c, d, f, g = (np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0),
                            np.float32(0.0))  # fmt: skip
        for e in range(PIXELS):
            v0, v1, v2 = here[e] * s0[e], here[e] * s1[e], here[e] * s2[e]
            a += v0 * s0[e]
            b += v0 * s1[e]
            c += v0 * s2[e]
            d += v1 * s1[e]
            f += v1 * s2[e]
            g += v2 * s2[e]
        _add_block(own[k], a, b, c, b, d, f, c, f, g)


@numba.njit(cache=True, inline="always")
def _cut(image, corner, stride, out):
    """The pixels of a stamp."""
    for j in range(SIZE):
        o, v = U((corner[0] + j) * stride + corner[1]), U(LANES * j)
        for i in range(LANES):
            out[v + U(i)] = image[o + U(i)]


@numba.njit(cache=True, inline="always")
def _add_block(out, a, b, c, d, e, f, g, h, i):
    out[0, 0] += a
    out[0, 1] += b
    out[0, 2] += c
    out[1, 0] += d
    out[1, 1] += e
    out[1, 2] += f
    out[2, 0] += g
    out[2, 1] += h
    out[2, 2] += i


@numba.njit(cache=True, fastmath=FAST)
def _coupled(one, corner, other, corner2, stride, weights, out):
    """Add what the pixels that two stars share on a frame say of both."""
    down, right = corner2[0] - corner[0], corner2[1] - corner[1]
    for k in range(len(out)):
        weight = weights[k]
        z = np.float32(0.0)
        a, b, c, d, e, f, g, h, q = z, z, z, z, z, z, z, z, z
        for j in range(max(0, down), min(SIZE, SIZE + down)):
            left, end = max(0, right), min(SIZE, SIZE + right)
            u, v = U(LANES * j + left), U(LANES * (j - down) + left - right)
            o = U((corner[0] + j) * stride + corner[1] + left)
            for i in range(end - left):
                w, s = weight[o + U(i)], u + U(i)
                v0, v1, v2 = w * one[0, s], w * one[1, s], w * one[2, s]
                t0, t1, t2 = other[0, v + U(i)], other[1, v + U(i)], other[2, v + U(i)]
                a += v0 * t0
                b += v0 * t1
                c += v0 * t2
                d += v1 * t0
                e += v1 * t1
                f += v1 * t2
                g += v2 * t0
                h += v2 * t1
                q += v2 * t2
        _add_block(out[k], a, b, c, d, e, f, g, h, q)


@numba.njit(cache=True)
def frame_pairs(frames, pairs, begin, order, frame):
    """Where the stars of ``pairs`` (k, 2) meet: begins (frames + 1,), first and second apparition, number of the pair.

    ``begin``, ``order``: the apparitions of a star (Apparitions.by_star); the result is sorted by frame.
    """
    begins = np.zeros(frames + 2, np.int64)
    for k in range(len(pairs)):
        i, j = begin[pairs[k, 0]], begin[pairs[k, 1]]
        while i < begin[pairs[k, 0] + 1] and j < begin[pairs[k, 1] + 1]:
            a, b = frame[order[i]], frame[order[j]]
            begins[a + 2] += a == b
            i, j = i + (a <= b), j + (b <= a)
    begins = np.cumsum(begins)
    first, second, number = np.empty((3, begins[-1]), np.int64)
    for k in range(len(pairs)):
        i, j = begin[pairs[k, 0]], begin[pairs[k, 1]]
        while i < begin[pairs[k, 0] + 1] and j < begin[pairs[k, 1] + 1]:
            a, b = frame[order[i]], frame[order[j]]
            if a == b:
                place = begins[a + 1]
                first[place], second[place], number[place] = order[i], order[j], k
                begins[a + 1] += 1
            i, j = i + (a <= b), j + (b <= a)
    return begins[:-1], first, second, number
