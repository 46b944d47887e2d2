"""Fluxes from the first read: 4 arcsec apertures above a local sky (Explanatory Supplement, section IV.4d)."""

from dataclasses import dataclass

import numba
import numpy as np

from processing.config import survey
from processing.photometry.aperture import part_inside
from processing.photometry.bright.find import BAD, FULL_READ1
from processing.photometry.bright.levels import row_levels
from processing.photometry.bright.light import FAN, PIXEL, looked_up

HALF_ARRAY = 128
SUBPIXELS = 10
NEIGHBOURS = 32.0
"""Pixels within which another bright star's light is taken off."""

REST = 4.0
"""Pixels beyond the annulus that are looked at, for spikes."""

RIDGE_FROM = 4.0
"""Pixels from a star from where on its rows and columns show the spike of another."""

SPIKE_NOISE = 0.3
"""A spike is looked for where it may give more than this share of the noise of the aperture."""


@dataclass(frozen=True)
class Apertures:
    """Of each apparition: ``flux`` (DN of the first read, above the sky; NaN when not measurable), ``error`` (DN, noise
    alone), ``sky`` (DN a pixel)."""

    flux: np.ndarray
    error: np.ndarray
    sky: np.ndarray


@dataclass(frozen=True)
class Read1Fluxes:
    """Of each star: mean ``flux`` and its ``error`` (DN of the first read in the standard aperture; NaN without
    measurable frame), ``detected`` N and ``measurable`` M frames."""

    flux: np.ndarray
    error: np.ndarray
    detected: np.ndarray
    measurable: np.ndarray


def read1_fluxes(read1, flaws, star, frame, x, y, count):
    """The Read1Fluxes of ``count`` stars of any brightness, neighbours included.

    Parameters
    ----------
    read1 : ndarray, shape (n, ny, nx), DN
        Calibrated first reads (``Frames.read1``).
    flaws : ndarray of uint8, same shape
    star, frame, x, y : ndarrays of one length
        Apparitions: number of the star (from 0), index of the frame, 0-based pixel.
    """
    found = apertures(read1, flaws, row_levels(read1, flaws, frame, y), frame, x, y)
    return frame_means(np.asarray(star), found, count)


def apertures(read1, flaws, levels, frame, x, y, flux=None, table=None, spike=(0.0, 0.0), radius=None):
    """The Apertures of apparitions, by default of the standard ``radius`` (arcsec).

    ``levels``: ``row_levels`` of these apparitions. With ``flux`` (DN, one an apparition) and ``table`` (share of it a
    pixel, every tenth of a pixel) the light of the other apparitions is taken off, with ``spike``
    (``light.spike_numbers``) that of their spikes too.
    """
    sizes, gain = survey().aperture, survey().instrument.gain
    order = np.argsort(frame, kind="stable")
    f, u, v = np.asarray(frame)[order], np.asarray(x, float)[order], np.asarray(y, float)[order]
    light = np.zeros(len(f)) if flux is None else np.nan_to_num(np.asarray(flux, float))[order]
    shape = np.zeros(1) if table is None else table
    begins = np.searchsorted(f, np.arange(len(read1) + 1))
    radii = np.array([radius or sizes.radius, sizes.sky_inner, sizes.sky_outer]) / PIXEL
    out = np.full((len(f), 3), np.nan)
    _measure(read1, flaws, levels.offsets, levels.noise, begins, u, v, light, shape, np.array(spike),
             radii, gain, out)  # fmt: skip
    back = np.empty_like(out)
    back[order] = out
    return Apertures(*back.T)


@numba.njit(cache=True)
def _measure(read1, flaws, offsets, noises, begins, x, y, light, shape, spike, radii, gain, out):
    """Rows of flux, error and sky of the apparitions, which are sorted by frame."""
    ny, nx = read1.shape[1:]
    for n in range(len(read1)):
        for k in range(begins[n], begins[n + 1]):
            if not (-radii[2] < x[k] < nx + radii[2] and -radii[2] < y[k] < ny + radii[2]):
                continue
            others = begins[n] + np.flatnonzero(light[begins[n]:begins[n + 1]] > 0)
            others = others[others != k]
            away = np.hypot(x[others] - x[k], y[others] - y[k])
            near = others[away < NEIGHBOURS]
            box = _box(read1[n], flaws[n], offsets[n], x[k], y[k], x[near], y[near], light[near], shape,
                       radii[2] + REST)  # fmt: skip
            sky, count = _sky(box, radii)
            if count < 30:
                continue
            total, area = _inside(box, radii[0])
            flux, noise = total - sky * area, noises[n] ** 2 * (area + 1.57 * area * area / count)
            for axis in range(2):
                if _crossed(axis, x[k], y[k], x[others], y[others], light[others], spike, radii[0], np.sqrt(noise)):
                    ridge, ridge_noise = _ridge(box, axis, sky, radii)
                    flux, noise = flux - ridge, noise + noises[n] ** 2 * ridge_noise
            row, column = min(max(int(y[k] + 0.5), 0), ny - 1), 0 if x[k] < HALF_ARRAY else 1
            out[k, 0], out[k, 1] = flux, np.sqrt(noise + max(flux, 0.0) / gain)
            out[k, 2] = sky + offsets[n, row, column]


@numba.njit(cache=True)
def _box(read1, flaws, offsets, x, y, others_x, others_y, others, shape, reach):
    """Pixels up to ``reach`` from x, y: rows of dx, dy and DN without offsets and other stars, NaN where not usable."""
    ny, nx = read1.shape
    size = 2 * int(reach) + 2
    out, n = np.empty((size * size, 3)), 0
    for j in range(int(y - reach), int(y - reach) + size):
        for i in range(int(x - reach), int(x - reach) + size):
            value = np.nan
            if 0 <= i < nx and 0 <= j < ny and not flaws[j, i] & (BAD | FULL_READ1):
                value = read1[j, i] - offsets[j, 0 if i < HALF_ARRAY else 1]
                for m in range(len(others)):
                    value -= others[m] * looked_up(shape, np.hypot(i - others_x[m], j - others_y[m]))
            out[n, 0], out[n, 1], out[n, 2] = i - x, j - y, value
            n += 1
    return out


@numba.njit(cache=True)
def _sky(box, radii):
    """Median of the usable pixels of the annulus, and their number."""
    values, n = np.empty(len(box)), 0
    for p in range(len(box)):
        if radii[1] <= np.hypot(box[p, 0], box[p, 1]) <= radii[2] and np.isfinite(box[p, 2]):
            values[n] = box[p, 2]
            n += 1
    return (np.median(values[:n]) if n else np.nan), n


@numba.njit(cache=True)
def _inside(box, radius):
    """Sum and area of the aperture; NaN sum where a pixel of it is not usable."""
    total, area = 0.0, 0.0
    for p in range(len(box)):
        part = part_inside(box[p, 0], box[p, 1], radius, SUBPIXELS)
        if part > 0.0:
            total += part * box[p, 2]
            area += part
    return total, area


@numba.njit(cache=True)
def _crossed(axis, x, y, others_x, others_y, others, spike, radius, noise):
    """Whether spikes of other stars along ``axis`` (0: rows, 1: columns) may matter in an aperture."""
    for m in range(len(others)):
        along, across = others_x[m] - x, others_y[m] - y
        if axis == 1:
            along, across = across, along
        r = np.hypot(along, across)
        near = abs(across) < radius + spike[0] + FAN * r and r > 2.0 * radius
        if near and 2.0 * radius * others[m] * spike[1] / (r * r) > SPIKE_NOISE * noise:
            return True
    return False


@numba.njit(cache=True)
def _ridge(box, axis, sky, radii):
    """Light in the aperture of a spike along ``axis``, from the same rows (or columns) either side of the star; and the
    variance that it adds, in units of that of a pixel."""
    light, variance = 0.0, 0.0
    for line in range(-int(radii[0]) - 1, int(radii[0]) + 2):
        values, n, area = np.empty(len(box)), 0, 0.0
        for p in range(len(box)):
            across, along = box[p, 1 - axis], abs(box[p, axis])
            if int(np.floor(across + 0.5)) != line:
                continue
            area += part_inside(box[p, 0], box[p, 1], radii[0], SUBPIXELS)
            if along > RIDGE_FROM and np.isfinite(box[p, 2]):
                values[n] = box[p, 2] - sky
                n += 1
        if n > 4 and area > 0.0:
            light += area * np.median(values[:n])
            variance += 1.57 * area * area / n
    return light, variance


def frame_means(star, found, count):
    """The Read1Fluxes of ``count`` stars from the Apertures of their apparitions.

    The error is that of the noise and of what else makes single frames scatter (pixel phase, seeing), as found from all
    stars together; a star that scatters more keeps its own.
    """
    good = np.isfinite(found.flux)
    n = np.bincount(star[good], minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(star[good], found.flux[good], count) / n
        seen = np.bincount(star[good], found.flux[good] > 3 * found.error[good], count).astype(int)
        residual = found.flux[good] - mean[star[good]]
        ratio = np.sqrt(n / np.maximum(n - 1, 1))[star[good]] * residual / mean[star[good]]
        excess = _excess(ratio, found.error[good] / mean[star[good]])
        variance = found.error[good] ** 2 + (excess * mean[star[good]]) ** 2
        error = np.sqrt(np.bincount(star[good], variance, count)) / n
        chi2 = np.bincount(star[good], residual**2 / variance, count) / np.maximum(n - 1, 1)
    return Read1Fluxes(mean, error * np.sqrt(np.where(n > 2, np.maximum(chi2, 1.0), 1.0)), seen, n)


def _excess(ratio, noise):
    """Relative scatter of frames that noise does not explain, from relative residuals of frames above S/N 30."""
    bright = np.isfinite(ratio) & (noise > 0) & (noise < 1 / 30)
    if bright.sum() < 10:
        return 0.01
    width = 1.4826 * np.median(np.abs(ratio[bright]))
    return float(np.sqrt(max(width**2 - np.median(noise[bright] ** 2), 0.0)))
