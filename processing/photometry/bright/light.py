"""Light of a bright star in a pixel, as far as its profile and what is known of spikes tell."""

import numba
import numpy as np

from processing.config import survey
from processing.schema.bands import BANDS

PIXEL = 2.0
"""Nominal, arcsec."""

FAN = 0.012
"""Spikes are looked for this much wider with each pixel of distance: those of the survey have position angles up to 1.5
deg off the pixel axes."""

SHARPEST = 0.1
"""Of a star's light in its brightest pixel: turns false stars on spikes (section glare) into light of a pixel."""


def spike_numbers(band):
    """Half-width (pixel) of a spike, and its light in a pixel over the star's, times the squared distance (pixel)."""
    glare = survey().glare
    index = [b.letter for b in BANDS].index(band)
    return np.array([glare.spike_width / PIXEL, SHARPEST * glare.spike[index] * (10.0 / PIXEL) ** 2])


@numba.njit(cache=True)
def looked_up(table, radius):
    """``table`` (a value every tenth of a pixel) at ``radius`` (pixel), linear; 0 beyond it."""
    place = 10.0 * radius
    k = int(place)
    if k + 1 >= len(table):
        return 0.0
    return table[k] + (place - k) * (table[k + 1] - table[k])


@numba.njit(cache=True)
def on_spike(dx, dy, radius, spike):
    """Whether a pixel dx, dy from a star, at ``radius``, may be on one of its spikes; not within 2 pixels."""
    width = spike[0] + FAN * radius
    return radius > 2.0 and (abs(dx) < width or abs(dy) < width)


@numba.njit(cache=True)
def rivals(x0, y0, reach, x, y, flux, table, spike, least):
    """Indices of the stars that may give more than ``least`` (DN) to a pixel within ``reach`` (pixel) of x0, y0."""
    found = np.zeros(len(x), np.bool_)
    for m in range(len(x)):
        dx, dy = abs(x[m] - x0), abs(y[m] - y0)
        r = np.hypot(dx, dy)
        nearest = max(r - reach, 2.0)
        crossing = min(dx, dy) < reach + spike[0] + FAN * r and flux[m] * spike[1] > least * nearest**2
        found[m] = crossing or flux[m] * looked_up(table, max(r - reach, 0.0)) > least
    return np.flatnonzero(found)


@numba.njit(cache=True)
def other_light(i, j, x, y, flux, table, errors, spike):
    """Light of stars at ``x``, ``y`` in pixel i, j by the profile, its error, and what their spikes may add (DN)."""
    light, variance, spikes = 0.0, 0.0, 0.0
    for m in range(len(x)):
        dx, dy = i - x[m], j - y[m]
        r = np.hypot(dx, dy)
        part = flux[m] * looked_up(table, r)
        light += part
        variance += (looked_up(errors, r) * part) ** 2
        if on_spike(dx, dy, r, spike):
            spikes += flux[m] * spike[1] / (r * r)
    return light, np.sqrt(variance), spikes
