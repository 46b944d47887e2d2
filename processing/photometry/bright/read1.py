"""Fluxes from the first read: 4 arcsec apertures above a local sky (Explanatory Supplement, section IV.4d)."""

from dataclasses import dataclass

import numba
import numpy as np

from processing.config import survey
from processing.photometry.bright.find import BAD, FULL_READ1
from processing.photometry.bright.levels import row_levels
from processing.photometry.bright.light import PIXEL, looked_up

HALF_ARRAY = 128
SUBPIXELS = 10
NEIGHBOURS = 32.0
"""Pixels within which another bright star's light is taken off."""

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


def apertures(read1, flaws, levels, frame, x, y, flux=None, table=None, radius=None):
    """The Apertures of apparitions, by default of the standard ``radius`` (arcsec).

    ``levels``: ``row_levels`` of these apparitions. With ``flux`` (DN, one an apparition) and ``table`` (share of it a
    pixel, every tenth of a pixel) the light of the other apparitions is taken off.
    """
    sizes, gain = survey().aperture, survey().instrument.gain
    order = np.argsort(frame, kind="stable")
    f, u, v = np.asarray(frame)[order], np.asarray(x, float)[order], np.asarray(y, float)[order]
    light = np.zeros(len(f)) if flux is None else np.nan_to_num(np.asarray(flux, float))[order]
    shape = np.zeros(1) if table is None else table
    begins = np.searchsorted(f, np.arange(len(read1) + 1))
    radii = np.array([radius or sizes.radius, sizes.sky_inner, sizes.sky_outer]) / PIXEL
    out = np.full((len(f), 3), np.nan)
    _measure(read1, flaws, levels.offsets, levels.noise, begins, u, v, light, shape, radii, gain, out)
    back = np.empty_like(out)
    back[order] = out
    return Apertures(*back.T)


@numba.njit(cache=True)
def _measure(read1, flaws, offsets, noises, begins, x, y, light, shape, radii, gain, out):
    """Rows of flux, error and sky of the apparitions, which are sorted by frame."""
    ny, nx = read1.shape[1:]
    values = np.empty(int(4 * (radii[2] + 2) ** 2))
    for n in range(len(read1)):
        noise = noises[n]
        for k in range(begins[n], begins[n + 1]):
            if not (-radii[2] < x[k] < nx + radii[2] and -radii[2] < y[k] < ny + radii[2]):
                continue
            rivals = begins[n] + np.flatnonzero(
                (np.hypot(x[begins[n]:begins[n + 1]] - x[k], y[begins[n]:begins[n + 1]] - y[k]) < NEIGHBOURS)
                & (light[begins[n]:begins[n + 1]] > 0)
            )
            total, area, count = 0.0, 0.0, 0
            for j in range(int(y[k] - radii[2]), int(y[k] + radii[2]) + 2):
                for i in range(int(x[k] - radii[2]), int(x[k] + radii[2]) + 2):
                    distance = np.hypot(i - x[k], j - y[k])
                    part = _part_inside(i - x[k], j - y[k], radii[0]) if distance < radii[0] + 0.8 else 0.0
                    if part == 0.0 and not radii[1] <= distance <= radii[2]:
                        continue
                    if not (0 <= i < nx and 0 <= j < ny) or flaws[n, j, i] & (BAD | FULL_READ1):
                        if part > 0.0:
                            total = np.nan
                        continue
                    value = read1[n, j, i] - offsets[n, j, 0 if i < HALF_ARRAY else 1]
                    for m in rivals:
                        if m != k:
                            value -= light[m] * looked_up(shape, np.hypot(i - x[m], j - y[m]))
                    if part > 0.0:
                        total += part * value
                        area += part
                    else:
                        values[count] = value
                        count += 1
            if count < 30:
                continue
            sky = np.median(values[:count])
            flux = total - sky * area
            out[k, 0] = flux
            out[k, 1] = np.sqrt(noise * noise * (area + 1.57 * area * area / count) + max(flux, 0.0) / gain)
            out[k, 2] = sky


@numba.njit(cache=True)
def _part_inside(dx, dy, radius):
    """Share of a pixel's area inside a circle."""
    distance = np.hypot(dx, dy)
    if distance < radius - 0.71:
        return 1.0
    if distance > radius + 0.71:
        return 0.0
    inside = 0
    for a in range(SUBPIXELS):
        for b in range(SUBPIXELS):
            u, v = dx + (a + 0.5) / SUBPIXELS - 0.5, dy + (b + 0.5) / SUBPIXELS - 0.5
            if u * u + v * v <= radius * radius:
                inside += 1
    return inside / SUBPIXELS**2


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
