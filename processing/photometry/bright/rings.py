"""Light of bright stars in rings around them, from all their apparitions."""

import numba
import numpy as np

from processing.photometry.bright.find import BAD, FULL, FULL_READ1, LATENT
from processing.photometry.bright.light import PIXEL, looked_up, on_spike, other_light, rivals

EDGES = np.array([0, 0.7, 1.4, 2.1, 2.8, 3.5, 4.3, 5.2, 6.2, 7.4, 9, 11, 13, 16, 19, 23, 28, 35, 44, 56, 72, 100])
"""Of the rings in which the profile is measured, arcsec."""

SKY_WIDTH, SKY_LEVEL = 20.0, 0.1
"""The sky is taken in a ring of this width (arcsec) from where the star gives less than this part of the noise of a
pixel; by as much the sky may differ from there to the star (airglow, halos)."""

NEIGHBOUR_SHARE = 0.1
"""Pixels where the light of other stars is more uncertain than this share of the star's own are left out."""


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
