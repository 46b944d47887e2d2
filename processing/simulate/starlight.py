"""Light on the pixels of raw frames: stars with a PSF that changes from star to star, spikes, wide wings, airglow.

The PSF: a core of two equal round Gaussians at plus and minus the elongation, the wings of psf.WINGS, the halo of
survey.yaml, and four diffraction spikes along the pixel axes, ``share / 4 * turn / (turn + r)**2`` of the light per
unit length of an arm and a Gaussian across it. All together hold all light. Narrow parts are integrated over the square
pixels exactly; those wider than psf.FAR are drawn on a coarse plane for the whole scan.
"""

import math
from functools import cache

import numpy as np
from numba import njit

from processing.config import survey
from processing.simulate.psf import FAR, WINGS
from processing.simulate.render import wide_plane

PLANE_PIXEL, PLANE_MARGIN = 4.0, 300.0
"""Pixel and border of the plane of the wide wings, arcsec."""

FAINTEST = 0.002
"""DN a pixel: Gaussians are drawn to where they are fainter."""

SPIKE_FLOOR, SPIKE_LEAST, SPIKE_MOST = 0.02, 10.0, 300.0
"""Spikes are drawn to where they are fainter (DN a pixel), but at least and at most so far, pixel."""


@cache
def light_shares():
    """Shares of the light: core, near wings (sigma in arcsec, share), far wings and halo (the same), spikes."""
    settings = survey().simulated_night
    wide = np.array([*WINGS, *settings.halo])
    core = 1 - wide[:, 1].sum() - settings.spike_share
    near = wide[:, 0] < FAR
    return core, wide[near], wide[~near], settings.spike_share


@njit(cache=True, nogil=True)
def _reach(flux, share, sigma):
    """How far a Gaussian (sigma in pixel) is drawn, pixel: 4 to 7 sigmas."""
    peak = flux * share / (2.0 * math.pi * sigma * sigma) / FAINTEST
    sigmas = math.sqrt(2.0 * math.log(peak)) if peak > 1.0 else 0.0
    return min(max(sigmas, 4.0), 7.0) * sigma + 1.0


@njit(cache=True, nogil=True)
def _along(first, count, centre, sigma, out):
    """Shares of a Gaussian in ``count`` pixels from pixel ``first`` on."""
    scale = 1.0 / (math.sqrt(2.0) * sigma)
    before = math.erf((first - 0.5 - centre) * scale)
    for k in range(count):
        after = math.erf((first + k + 0.5 - centre) * scale)
        out[k] = 0.5 * (after - before)
        before = after


@njit(cache=True, nogil=True)
def add_gaussian(frame, x, y, flux, sigma, reach):
    """Add one round Gaussian (pixel) to ``frame`` out to ``reach`` pixels."""
    ny, nx = frame.shape
    left, right = max(int(x - reach), 0), min(int(x + reach) + 1, nx - 1)
    low, high = max(int(y - reach), 0), min(int(y + reach) + 1, ny - 1)
    if right < left or high < low:
        return
    across, up = np.empty(right - left + 1), np.empty(high - low + 1)
    _along(left, len(across), x, sigma, across)
    _along(low, len(up), y, sigma, up)
    for j in range(len(up)):
        part = flux * up[j]
        for i in range(len(across)):
            frame[low + j, left + i] += part * across[i]


@njit(cache=True, nogil=True)
def add_stars(frame, x, y, flux, core, sigma, ex, ey, wings):
    """Add the narrow part of stars to ``frame`` (256, 256).

    ``x``, ``y``: pixel; ``flux``: DN, all light; ``core``: its share of the core, of width ``sigma`` and elongation
    ``ex``, ``ey`` (pixel, a value a star); ``wings``: (n, 2) sigma (pixel) and share.
    """
    for i in range(len(x)):
        reach = _reach(flux[i], 0.5 * core, sigma[i])
        half = 0.5 * core * flux[i]
        add_gaussian(frame, x[i] + ex[i], y[i] + ey[i], half, sigma[i], reach)
        add_gaussian(frame, x[i] - ex[i], y[i] - ey[i], half, sigma[i], reach)
        for g in range(len(wings)):
            reach = _reach(flux[i], wings[g, 1], wings[g, 0])
            add_gaussian(frame, x[i], y[i], flux[i] * wings[g, 1], wings[g, 0], reach)


@njit(cache=True, nogil=True)
def _arm(u, turn):
    """Light of a spike between its star and ``u``, in units of an arm; odd in ``u``."""
    return u / (turn + abs(u))


@njit(cache=True, nogil=True)
def add_spikes(frame, x, y, flux, share, turn, width):
    """Add diffraction spikes along rows and columns; ``turn``, ``width`` in pixel."""
    ny, nx = frame.shape
    narrow = np.empty(64)
    thick = int(5.0 * width) + 1
    for i in range(len(x)):
        part = 0.25 * share * flux[i]
        length = min(max(math.sqrt(part * turn / SPIKE_FLOOR), SPIKE_LEAST), SPIKE_MOST)
        cx, cy = int(round(x[i])), int(round(y[i]))
        _along(cy - thick, 2 * thick + 1, y[i], width, narrow)
        for col in range(max(int(x[i] - length), 0), min(int(x[i] + length) + 2, nx)):
            light = part * (_arm(col + 0.5 - x[i], turn) - _arm(col - 0.5 - x[i], turn))
            for row in range(max(cy - thick, 0), min(cy + thick + 1, ny)):
                frame[row, col] += light * narrow[row - cy + thick]
        _along(cx - thick, 2 * thick + 1, x[i], width, narrow)
        for row in range(max(int(y[i] - length), 0), min(int(y[i] + length) + 2, ny)):
            light = part * (_arm(row + 0.5 - y[i], turn) - _arm(row - 0.5 - y[i], turn))
            for col in range(max(cx - thick, 0), min(cx + thick + 1, nx)):
                frame[row, col] += light * narrow[col - cx + thick]


@njit(cache=True, nogil=True)
def add_plane(frame, plane, column, row, factor, wrap):
    """Add ``factor`` times ``plane`` by linear interpolation at plane column = c0 + c1 x + c2 y, row the same."""
    ny, nx = plane.shape
    for j in range(frame.shape[0]):
        for i in range(frame.shape[1]):
            px = column[0] + column[1] * i + column[2] * j
            py = row[0] + row[1] * i + row[2] * j
            left, low = int(math.floor(px)), int(math.floor(py))
            fx, fy = px - left, py - low
            if wrap:
                x0, y0, x1, y1 = left % nx, low % ny, (left + 1) % nx, (low + 1) % ny
            else:
                x0, x1 = min(max(left, 0), nx - 1), min(max(left + 1, 0), nx - 1)
                y0, y1 = min(max(low, 0), ny - 1), min(max(low + 1, 0), ny - 1)
            lower = plane[y0, x0] * (1.0 - fx) + plane[y0, x1] * fx
            upper = plane[y1, x0] * (1.0 - fx) + plane[y1, x1] * fx
            frame[j, i] += factor * (lower * (1.0 - fy) + upper * fy)


class Wings:
    """The wide wings of all sources of a scan on one plane; x east and y north of ``ra``, ``dec``, arcsec.

    ``ra``, ``low``, ``high``: meridian of the scan and its first and last declination, deg.
    """

    def __init__(self, ra, low, high, source_ra, source_dec, flux):
        self.ra, self.dec = ra, low
        width, height = 512.0, (high - low) * 3600 + 512.0
        size = tuple(int(np.ceil((n + 2 * PLANE_MARGIN) / PLANE_PIXEL)) for n in (height, width))
        self.corner = 256.0 + PLANE_MARGIN
        _, _, far, _ = light_shares()
        x, y = self._place(source_ra, source_dec)
        self.plane = wide_plane(size, x, y, flux, far[:, 0] / PLANE_PIXEL, far[:, 1])

    def _place(self, ra, dec):
        east = ((ra - self.ra + 180) % 360 - 180) * np.cos(np.radians(dec)) * 3600
        return (east + self.corner) / PLANE_PIXEL, ((dec - self.dec) * 3600 + self.corner) / PLANE_PIXEL

    def add_to(self, frame, affine, ra, dec, pixel):
        """Add the wings to ``frame``, whose axis is at ra, dec; ``affine`` as Optics gives it, ``pixel`` its scale."""
        x, y = self._place(ra, dec)
        column = np.array([affine[0] / PLANE_PIXEL + x, affine[1] / PLANE_PIXEL, affine[2] / PLANE_PIXEL])
        row = np.array([affine[3] / PLANE_PIXEL + y, affine[4] / PLANE_PIXEL, affine[5] / PLANE_PIXEL])
        add_plane(frame, self.plane, column, row, (pixel / PLANE_PIXEL) ** 2, False)
