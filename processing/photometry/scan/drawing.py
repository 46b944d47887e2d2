"""Stars drawn into one frame at a time, in memory that stays in the cache: what all compiled loops of the room share.

The coefficients of the PSF's surface are kept in single precision and sorted by their place between two pixels
(``sorted_by_phase``): then the four that weigh a pixel are those that weigh its neighbour, one element on, and eight
pixels are done at a time.

A frame's surface is a Taylor series in the changes of its second moments (psf.FramePSF), which are the sum of one that
belongs to the frame and one that belongs to a cell of the array. So the series is summed for the frame once, and what
only the cell's own change needs is there once for the scan; five planes are left of ten for each star.
"""

from typing import NamedTuple

import numba
import numpy as np

from processing.photometry.scan.kernels import CORE, CORE_SIZE, FIT, KNOTS, SIZE
from processing.photometry.spline_psf import weights as spline_weights

FAST = {"nsz"}
"""Nothing that lets the compiler round otherwise: what it makes of a function depends on whether those that it calls were
compiled just now or by an earlier process, and the same night must come out the same to the bit."""

LANES = 8
"""Elements from a row of a stamp of ``SIZE`` pixels to the next."""

CORE_LANES, WIDE_LANES = 12, 28
"""The same of a row of coefficients of one phase: of the core and of the whole surface."""

RIM = 16
"""Pixels around a frame in scratch memory: stars farther out have no light on it."""

BESIDE = 48
"""What a row of scratch memory is longer than a frame's."""

NEAR, MIDDLE, FAR = 0, 1, 2
"""How far a star is drawn: ``FIT`` pixels, ``CORE``, or as far as the surface reaches."""

U = np.uintp


class Drawing(NamedTuple):
    """Apparitions and the PSF as the compiled loops take them.

    ``begins`` (frames + 1,): those of a frame are begins[n] to begins[n + 1]; ``x``, ``y`` (pixel), ``flux`` (DN),
    ``cell``, ``reach`` (NEAR, MIDDLE, FAR): arrays of one length. ``series`` (10, c): core coefficients of the surface
    and its derivatives with the moments; ``time`` (frames, 3) and ``field`` (cells, 3): the changes of the moments;
    ``curved`` (cells, c): what is of second order in that of a cell alone; ``wide``, ``radius``: the mean surface.
    """

    begins: np.ndarray
    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    cell: np.ndarray
    reach: np.ndarray
    series: np.ndarray
    time: np.ndarray
    field: np.ndarray
    curved: np.ndarray
    wide: np.ndarray
    radius: int


class Desk(NamedTuple):
    """Scratch memory of one frame: ``image`` (flat, with its rim, DN), ``stride`` of its rows; ``planes`` (4, c) and
    ``surface`` (c,): the series of the frame and of a cell; ``stamp``, ``middle``, ``far``: (3, pixels); ``value``,
    ``slope``."""

    image: np.ndarray
    stride: int
    planes: np.ndarray
    surface: np.ndarray
    stamp: np.ndarray
    middle: np.ndarray
    far: np.ndarray
    value: np.ndarray
    slope: np.ndarray


def sorted_by_phase(planes, lanes):
    """Coefficients (..., m, m) as float32 (..., c): rows from one pixel (``KNOTS``) beyond the first, in each those of
    the same phase together, ``lanes`` of them; 0 outside."""
    m = planes.shape[-1]
    padded = np.zeros((*planes.shape[:-2], m + 2 * KNOTS, lanes * KNOTS), np.float32)
    padded[..., KNOTS:KNOTS + m, KNOTS:KNOTS + m] = planes
    turned = padded.reshape(*padded.shape[:-1], lanes, KNOTS).swapaxes(-1, -2)
    flat = np.zeros((*planes.shape[:-2], (m + 2 * KNOTS) * lanes * KNOTS + lanes), np.float32)
    flat[..., :-lanes] = turned.reshape(*planes.shape[:-2], -1)
    return flat


def curvature(series, field):
    """``Drawing.curved`` of the moments of the cells."""
    a, b, c = field.T.astype(np.float32)
    products = np.stack([a * a / 2, a * b, a * c, b * b / 2, b * c, c * c / 2], axis=1)
    return np.ascontiguousarray(products @ series[4:])


@numba.njit(cache=True)
def desk_of(ny, nx, series, radius):
    """A Desk for frames of this size."""
    stride, n = nx + RIM + BESIDE, 2 * radius + 1
    rows, lanes = 2 * KNOTS * radius + 4, 24
    f4 = np.float32
    return Desk(np.zeros((ny + 2 * RIM) * stride + BESIDE, f4), stride, np.empty((4, series.shape[1]), f4),
                np.zeros(series.shape[1], f4), np.empty((3, SIZE * LANES), f4),
                np.empty((3, (2 * CORE + 1) * 12), f4), np.empty((3, n * lanes), f4),
                np.empty(rows * lanes, f4), np.empty(rows * lanes, f4))  # fmt: skip


@numba.njit(cache=True, fastmath=FAST)
def _frame_planes(series, time, planes):
    """The series about the moments of a frame: value and first derivatives."""
    a, b, c = np.float32(time[0]), np.float32(time[1]), np.float32(time[2])
    h = np.float32(0.5)
    s0, s1, s2, s3, s4, s5, s6, s7, s8, s9 = (series[0], series[1], series[2], series[3], series[4], series[5],
                                              series[6], series[7], series[8], series[9])  # fmt: skip
    p0, p1, p2, p3 = planes[0], planes[1], planes[2], planes[3]
    for i in range(s0.size):
        da = a * s4[i] + b * s5[i] + c * s6[i]
        db = a * s5[i] + b * s7[i] + c * s8[i]
        dc = a * s6[i] + b * s8[i] + c * s9[i]
        p0[i] = s0[i] + a * (s1[i] + h * da) + b * (s2[i] + h * db) + c * (s3[i] + h * dc)
        p1[i], p2[i], p3[i] = s1[i] + da, s2[i] + db, s3[i] + dc


@numba.njit(cache=True, fastmath=FAST)
def _mixed(planes, field, curved, first, last, surface):
    """The surface of a cell from coefficient ``first`` to ``last``."""
    a, b, c = np.float32(field[0]), np.float32(field[1]), np.float32(field[2])
    p0, p1, p2, p3 = planes[0, first:last], planes[1, first:last], planes[2, first:last], planes[3, first:last]
    q, out = curved[first:last], surface[first:last]
    for i in range(out.size):
        out[i] = p0[i] + a * p1[i] + b * p2[i] + c * p3[i] + q[i]


@numba.njit(cache=True, fastmath=FAST)
def evaluate(surface, surface_radius, phase_lanes, dx, dy, radius, lanes, slopes, value, slope, out):
    """PSF, and with ``slopes`` its derivatives with the star's x and y, into ``out`` (3, rows * lanes).

    ``surface``: sorted by phase, ``phase_lanes`` of each; (2 radius + 1)**2 pixels, rows ``lanes`` elements apart, what
    is beyond them is 0.
    """
    wx, sx, wy, sy = np.empty(4), np.empty(4), np.empty(4), np.empty(4)
    bx, by = spline_weights(dx, KNOTS, wx, sx), spline_weights(dy, KNOTS, wy, sy)
    start, n = KNOTS * (surface_radius - radius + 1) + 1, 2 * radius + 1
    x0, y0, width = start + bx, start + by, KNOTS * phase_lanes
    o0 = U((x0 % KNOTS) * phase_lanes + x0 // KNOTS)
    o1 = U(((x0 + 1) % KNOTS) * phase_lanes + (x0 + 1) // KNOTS)
    o2 = U(((x0 + 2) % KNOTS) * phase_lanes + (x0 + 2) // KNOTS)
    o3 = U(((x0 + 3) % KNOTS) * phase_lanes + (x0 + 3) // KNOTS)
    w0, w1, w2, w3 = np.float32(wx[0]), np.float32(wx[1]), np.float32(wx[2]), np.float32(wx[3])
    s0, s1, s2, s3 = np.float32(sx[0]), np.float32(sx[1]), np.float32(sx[2]), np.float32(sx[3])
    for j in range(2 * KNOTS * radius + 4):
        r, v = U((y0 + j) * width), U(lanes * j)
        for i in range(lanes):
            u = U(i)
            a, b, c, d = surface[r + o0 + u], surface[r + o1 + u], surface[r + o2 + u], surface[r + o3 + u]
            value[v + u] = w0 * a + w1 * b + w2 * c + w3 * d
            if slopes:
                slope[v + u] = s0 * a + s1 * b + s2 * c + s3 * d
    w0, w1, w2, w3 = np.float32(wy[0]), np.float32(wy[1]), np.float32(wy[2]), np.float32(wy[3])
    s0, s1, s2, s3 = np.float32(sy[0]), np.float32(sy[1]), np.float32(sy[2]), np.float32(sy[3])
    k1, k2, k3 = U(lanes), U(2 * lanes), U(3 * lanes)
    for j in range(n):
        r, v = U(KNOTS * lanes * j), U(lanes * j)
        for i in range(lanes):
            u = U(i)
            a, b, c, d = value[r + u], value[r + k1 + u], value[r + k2 + u], value[r + k3 + u]
            out[0, v + u] = w0 * a + w1 * b + w2 * c + w3 * d
            if slopes:
                out[2, v + u] = s0 * a + s1 * b + s2 * c + s3 * d
                a, b, c, d = slope[r + u], slope[r + k1 + u], slope[r + k2 + u], slope[r + k3 + u]
                out[1, v + u] = w0 * a + w1 * b + w2 * c + w3 * d
        out[0, lanes * j + n:lanes * (j + 1)] = np.float32(0.0)


@numba.njit(cache=True, fastmath=FAST)
def _add(image, stride, cx, cy, radius, flux, stamp, lanes):
    """Add ``flux`` times a stamp to an image with its rim."""
    for j in range(2 * radius + 1):
        o, v = U((cy - radius + j + RIM) * stride + cx - radius + RIM), U(lanes * j)
        for i in range(lanes):
            image[o + U(i)] += flux * stamp[v + U(i)]


@numba.njit(cache=True)
def begin_frame(n, drawing, desk):
    """Nothing drawn yet on frame ``n``."""
    desk.image[:] = np.float32(0.0)
    _frame_planes(drawing.series, drawing.time[n], desk.planes)


@numba.njit(cache=True)
def is_near(drawing, a, ny, nx):
    """Whether an apparition is on its frame or so near that its light may be."""
    return -0.5 * RIM < drawing.x[a] < nx - 1 + 0.5 * RIM and -0.5 * RIM < drawing.y[a] < ny - 1 + 0.5 * RIM


@numba.njit(cache=True)
def draw(drawing, desk, a, same, slopes):
    """Add apparition ``a`` to the desk's image; its stamp of ``FIT`` pixels stays in ``desk.stamp``.

    ``same``: how many rows of the surface are those of its cell already, see the returned number.
    """
    cell, reach, flux = drawing.cell[a], drawing.reach[a], np.float32(drawing.flux[a])
    width, rows = KNOTS * CORE_LANES, CORE_SIZE + 2 * KNOTS
    wanted = rows if reach > NEAR else rows - 2 * KNOTS * (CORE - FIT)
    if same < wanted:
        cut = (rows - wanted) // 2
        _mixed(desk.planes, drawing.field[cell], drawing.curved[cell], cut * width, (rows - cut) * width, desk.surface)
        same = wanted
    cx, cy = int(np.rint(drawing.x[a])), int(np.rint(drawing.y[a]))
    dx, dy = drawing.x[a] - cx, drawing.y[a] - cy
    if reach == NEAR or slopes:
        evaluate(desk.surface, CORE, CORE_LANES, dx, dy, FIT, LANES, slopes, desk.value, desk.slope, desk.stamp)
    if reach == NEAR:
        _add(desk.image, desk.stride, cx, cy, FIT, flux, desk.stamp[0], LANES)
        return same
    evaluate(desk.surface, CORE, CORE_LANES, dx, dy, CORE, 12, False, desk.value, desk.slope, desk.middle)
    _add(desk.image, desk.stride, cx, cy, CORE, flux, desk.middle[0], 12)
    if reach == FAR:
        radius = drawing.radius
        evaluate(drawing.wide, radius, WIDE_LANES, dx, dy, radius, 24, False, desk.value, desk.slope, desk.far)
        for j in range(radius - CORE, radius + CORE + 1):
            desk.far[0, 24 * j + radius - CORE:24 * j + radius + CORE + 1] = np.float32(0.0)
        _add(desk.image, desk.stride, cx, cy, radius, flux, desk.far[0], 24)
    return same


@numba.njit(cache=True)
def draw_frame(n, drawing, desk, ny, nx):
    """Frame ``n`` as the stars make it: in ``desk.image``."""
    begin_frame(n, drawing, desk)
    same, last = 0, -1
    for a in range(drawing.begins[n], drawing.begins[n + 1]):
        if drawing.flux[a] != 0.0 and is_near(drawing, a, ny, nx):
            same = draw(drawing, desk, a, same if drawing.cell[a] == last else 0, False)
            last = drawing.cell[a]


@numba.njit(cache=True)
def row_of(desk, j, nx):
    """Row ``j`` of the image without its rim."""
    start = (j + RIM) * desk.stride + RIM
    return desk.image[start:start + nx]


@numba.njit(cache=True)
def residuals(drawing, data, out):
    """Fill ``out`` with ``data`` less the stars, (n, ny, nx)."""
    frames, ny, nx = out.shape
    desk = desk_of(ny, nx, drawing.series, drawing.radius)
    for n in range(frames):
        draw_frame(n, drawing, desk, ny, nx)
        for j in range(ny):
            row, known, left = row_of(desk, j, nx), data[n, j], out[n, j]
            for i in range(nx):
                left[i] = known[i] - row[i]


@numba.njit(cache=True)
def images(drawing, out):
    """Add all frames to ``out`` (n, ny, nx)."""
    frames, ny, nx = out.shape
    desk = desk_of(ny, nx, drawing.series, drawing.radius)
    for n in range(frames):
        draw_frame(n, drawing, desk, ny, nx)
        for j in range(ny):
            out[n, j] += row_of(desk, j, nx)
