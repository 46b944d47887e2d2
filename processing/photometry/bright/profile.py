"""How a star's light falls off with radius, from the scan's own stars whose flux the first read gives.

Inside the pixels that saturate the second read the first one is used, outside the much deeper difference of the reads.
Diffraction spikes lie along the pixel axes and are left out, here as in what uses the profile.
"""

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np

from processing.config import survey
from processing.photometry.bright.find import BAD, FULL, FULL_READ1, LATENT
from processing.photometry.bright.light import PIXEL, looked_up, on_spike, other_light, rivals

EDGES = np.array([0, 0.7, 1.4, 2.1, 2.8, 3.5, 4.3, 5.2, 6.2, 7.4, 9, 11, 13, 16, 19, 23, 28, 35, 44, 56, 72, 100])
"""Of the rings in which the profile is measured, arcsec."""

SKY_WIDTH, SKY_LEVEL = 20.0, 0.1
"""The sky is taken in a ring of this width (arcsec) from where the star gives less than this part of the noise of a
pixel; by as much the sky may differ from there to the star (airglow, halos)."""

NEIGHBOUR_SHARE = 0.1
"""Pixels where the light of other stars is more uncertain than this share of the star's own are left out."""

STEPS = np.arange(0.0, EDGES[-1] + 1.0, 0.1 * PIXEL)
"""Radii of the tables of a profile, arcsec."""

SMOOTH = 0.25
"""By how much the profile may differ from the default one, from ring to ring, relative."""


@dataclass(frozen=True)
class Profile:
    """``radius``: arcsec; ``light``: natural logarithm of the share of the total light in a pixel there; ``error``:
    relative; ``stars``: how many it rests on (0: the default)."""

    radius: np.ndarray
    light: np.ndarray
    error: np.ndarray
    stars: int

    @cached_property
    def table(self):
        """Share of the light a pixel, every tenth of a pixel."""
        return np.exp(np.interp(STEPS, self.radius, self.light))

    @cached_property
    def error_table(self):
        """Relative error of the same."""
        return np.interp(STEPS, self.radius, self.error)


def default_profile():
    """The Profile of etc/survey.yaml."""
    wings = survey().wings
    radius, light = np.array(wings.radius), np.log(10) * np.array(wings.light) + 2 * np.log(PIXEL)
    return Profile(radius, light, np.full(len(radius), wings.light_error), 0)


def measured_profile(frames, places, flux, total, chosen, noise, spike, start=None):
    """The Profile of stars of known flux.

    Parameters
    ----------
    frames : Frames
    places : Places
        Apparitions of all bright stars, and the sky of the first reads there.
    flux : ndarray, DN of 1.3 s, one a star; NaN where not known
    total : float
        1.3 s flux over that of the first read.
    chosen : ndarray of int
        The stars to be measured.
    noise : float
        Of a pixel of the difference of the reads, DN.
    spike : ndarray
        ``light.spike_numbers`` of the band.
    start : Profile or None
        What the light of other stars and the edge of the profile are taken from.

    Where the stars say little the default profile fills in, brought to the level of what they say nearby.
    """
    start = start or default_profile()
    middle = 0.5 * (EDGES[1:] + EDGES[:-1])
    ratio, error = ring_ratios(frames, places, np.nan_to_num(flux), total, chosen, SKY_LEVEL * noise, spike,
                               start)  # fmt: skip
    before = np.interp(middle, start.radius, start.light)
    level, wrong, stars = _mean_over_stars(ratio, error)
    shape = default_profile()
    base = np.interp(middle, shape.radius, shape.light)
    factor, rest = _filled(level * np.exp(before - base), wrong * np.exp(before - base))
    light = base + np.log(np.maximum(factor, 0.05))
    return Profile(middle, light, np.minimum(rest / np.maximum(factor, 0.05), 1.0), stars)


def ring_ratios(frames, places, flux, total, chosen, faint, spike, profile):
    """Light in each ring over what ``profile`` says, with its error: two arrays (stars, rings), NaN where unknown.

    ``faint``: DN, light of the star from which on the sky is taken, and the error of that sky.
    """
    out = np.full((2, len(chosen), len(EDGES) - 1), np.nan)
    for row, star in enumerate(chosen):
        mine = np.flatnonzero(places.star == star)
        if flux[star] > 0 and len(mine):
            _one_star(frames.image, frames.read1, frames.flaws, places.frame, places.x, places.y, places.sky,
                      flux[places.star], places.begins, mine, total, profile.table, profile.error_table, EDGES / PIXEL, SKY_WIDTH / PIXEL,
                      faint, spike, out[0, row], out[1, row])  # fmt: skip
    return out


@numba.njit(cache=True)
def _one_star(image, read1, flaws, frame, x, y, sky, flux, begins, mine, total, table, errors, edges, sky_width, faint, spike,
              ratio, error):  # fmt: skip
    """Median ratios of one star and their errors from the pixels of all its apparitions ``mine``."""
    ny, nx = image.shape[1:]
    sky_from = 5.0
    while sky_from < edges[-1] - sky_width and flux[mine[0]] * looked_up(table, sky_from) > faint:
        sky_from += 0.5
    rings, reach = len(edges) - 1, int(sky_from + sky_width)
    most = len(mine) * int(3.3 * (edges[-1] + 1) ** 2)
    values, ring, n = np.empty(most, np.float32), np.empty(most, np.int16), 0
    outer = np.empty(int(3.3 * (edges[-1] + 1) ** 2), np.float32)
    for k in mine:
        f, own, first = frame[k], flux[k], n
        others = np.arange(begins[f], begins[f + 1])
        others = others[(others != k) & (flux[others] > 0)]
        others = others[rivals(x[k], y[k], reach, x[others], y[others], flux[others], table, spike, faint)]
        other_x, other_y, other_flux = x[others], y[others], flux[others]
        count = 0
        low = sky[k] - own * looked_up(table, 8.5) / total
        for j in range(max(int(y[k]) - reach, 0), min(int(y[k]) + reach + 2, ny)):
            for i in range(max(int(x[k]) - reach, 0), min(int(x[k]) + reach + 2, nx)):
                dx, dy = i - x[k], j - y[k]
                r = np.hypot(dx, dy)
                if r >= reach or flaws[f, j, i] & (BAD | FULL_READ1) or on_spike(dx, dy, r, spike):
                    continue
                model = own * looked_up(table, r)
                strange, doubt, spikes = other_light(i, j, other_x, other_y, other_flux, table, errors, spike)
                if doubt + spikes > NEIGHBOUR_SHARE * model + faint:
                    continue
                if flaws[f, j, i] & FULL:
                    value = (read1[f, j, i] - low) * total - strange
                    place = np.searchsorted(edges, r, side="right") - 1
                    values[n], ring[n] = value / model, place
                    n += 1
                    continue
                if flaws[f, j, i] & LATENT:
                    continue
                value = image[f, j, i] - strange
                if r > sky_from:
                    outer[count] = value - model
                    count += 1
                values[n], ring[n] = value / model, -1 - (np.searchsorted(edges, r, side="right") - 1)
                n += 1
        level = np.median(outer[:count]) if count > 100 else np.nan
        for p in range(first, n):
            if ring[p] < 0:
                ring[p] = -1 - ring[p]
                values[p] -= level / (own * looked_up(table, 0.5 * (edges[ring[p]] + edges[ring[p] + 1])))
    for place in range(rings):
        inside = values[:n][ring[:n] == place]
        inside = np.sort(inside[np.isfinite(inside)])
        m = len(inside)
        if m > 7:
            ratio[place] = 0.5 * (inside[m // 2] + inside[(m - 1) // 2])
            noise = 0.63 * (inside[int(0.8413 * m)] - inside[int(0.1587 * m)]) / np.sqrt(m)
            light = flux[mine[0]] * looked_up(table, 0.5 * (edges[place] + edges[place + 1]))
            error[place] = np.hypot(noise, faint / light)


def _mean_over_stars(ratio, error):
    """Weighted mean of each ring without stars that are far from the others; its error (inf: unknown); stars used."""
    error = np.where(np.isfinite(ratio), np.hypot(error, survey().wings.star_error), np.inf)
    ratio, weight = np.nan_to_num(ratio), error**-2.0
    centre = np.array([_weighted_median(r, w) for r, w in zip(ratio.T, weight.T)])
    weight = np.where(np.abs(ratio - centre) < 4 * error, weight, 0)
    total = weight.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(total > 0, (weight * ratio).sum(axis=0) / total, 1.0)
        chi2 = (weight * (ratio - mean) ** 2).sum(axis=0) / np.maximum((weight > 0).sum(axis=0) - 1, 1)
        return mean, np.sqrt(np.maximum(chi2, 1.0) / total), int((weight > 0).any(axis=1).sum())


def _weighted_median(values, weight):
    order = np.argsort(values)
    below = np.cumsum(weight[order])
    return values[order][np.searchsorted(below, below[-1] / 2)] if below[-1] > 0 else 1.0


def _filled(level, error):
    """Factors on the default profile, ring by ring, and their errors: what was measured (``error`` inf: nothing), with a
    loose tie to 1 and between neighbours."""
    n, loose = len(level), survey().wings.light_error
    step = np.diff(np.eye(n), axis=0)
    known = error**-2.0
    normal = np.diag(known + loose**-2) + step.T @ step / SMOOTH**2
    covariance = np.linalg.inv(normal)
    return covariance @ (known * np.where(np.isfinite(error), level, 0) + loose**-2), np.sqrt(np.diag(covariance))
