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

SKY_PLACE = 8.5
"""Radius (pixel) of the middle of the ring in which the sky of the first read is taken."""

NEIGHBOUR_SHARE = 0.1
"""Pixels where the light of other stars is more uncertain than this share of the star's own are left out."""


def ring_ratios(frames, places, flux, total, chosen, faint, spike, profile):
    """Light in each ring over what ``profile`` says, with its error: two arrays (stars, rings), NaN where unknown.

    ``faint``: DN, light of the star from which on the sky is taken, and the error of that sky.
    """
    out = np.full((2, len(chosen), len(EDGES) - 1), np.nan)
    images, where = (frames.image, frames.read1, frames.flaws), (places.frame, places.x, places.y, places.begins)
    light = flux[places.star]
    for row, star in enumerate(chosen):
        mine = np.flatnonzero(places.star == star)
        if flux[star] > 0 and len(mine):
            _one_star(images, where, light, places.sky, mine, total, profile.table, profile.error_table,
                      EDGES / PIXEL, SKY_WIDTH / PIXEL, faint, spike, out[0, row], out[1, row])  # fmt: skip
    return out


@numba.njit(cache=True)
def _one_star(images, where, flux, sky, mine, total, table, errors, edges, sky_width, faint, spike, ratio, error):
    """Median ratios of one star and their errors from the pixels of all its apparitions ``mine``."""
    own = flux[mine[0]]
    sky_from = 5.0
    while sky_from < edges[-1] - sky_width and own * looked_up(table, sky_from) > faint:
        sky_from += 0.5
    reach, most = int(sky_from + sky_width), int(3.3 * (edges[-1] + 1) ** 2)
    values, ring, n = np.empty(len(mine) * most, np.float32), np.empty(len(mine) * most, np.int16), 0
    for k in mine:
        low = sky[k] - own * looked_up(table, SKY_PLACE) / total
        n += _one_apparition(images, where, flux, k, low, total, table, errors, edges, sky_from, reach, faint, spike,
                             values[n:n + most], ring[n:n + most])  # fmt: skip
    for place in range(len(edges) - 1):
        inside = values[:n][ring[:n] == place]
        inside = np.sort(inside[np.isfinite(inside)])
        m = len(inside)
        if m > 7:
            ratio[place] = 0.5 * (inside[m // 2] + inside[(m - 1) // 2])
            noise = 0.63 * (inside[int(0.8413 * m)] - inside[int(0.1587 * m)]) / np.sqrt(m)
            error[place] = np.hypot(noise, faint / (own * looked_up(table, 0.5 * (edges[place] + edges[place + 1]))))


@numba.njit(cache=True)
def _one_apparition(images, where, flux, k, low, total, table, errors, edges, sky_from, reach, faint, spike, values,
                    ring):  # fmt: skip
    """Ratios of the usable pixels around apparition ``k`` and their rings; how many. ``low``: sky of the first read."""
    image, read1, flaws = images
    frame, x, y, begins = where
    f, own, cx, cy = frame[k], flux[k], x[k], y[k]
    others = np.arange(begins[f], begins[f + 1])
    others = others[(others != k) & (flux[others] > 0)]
    others = others[rivals(cx, cy, reach, x[others], y[others], flux[others], table, spike, faint)]
    other_x, other_y, other_flux = x[others], y[others], flux[others]
    outer, count, n = np.empty(len(values), np.float32), 0, 0
    long = np.zeros(len(values), np.bool_)
    for j in range(max(int(cy) - reach, 0), min(int(cy) + reach + 2, image.shape[1])):
        for i in range(max(int(cx) - reach, 0), min(int(cx) + reach + 2, image.shape[2])):
            r, flaw = np.hypot(i - cx, j - cy), flaws[f, j, i]
            if r >= reach or flaw & (BAD | FULL_READ1) or on_spike(i - cx, j - cy, r, spike):
                continue
            model = own * looked_up(table, r)
            strange, doubt, spikes = other_light(i, j, other_x, other_y, other_flux, table, errors, spike)
            if doubt + spikes > NEIGHBOUR_SHARE * model + faint or (flaw & LATENT and not flaw & FULL):
                continue
            long[n] = not flaw & FULL
            values[n] = ((image[f, j, i] if long[n] else (read1[f, j, i] - low) * total) - strange) / model
            ring[n] = np.searchsorted(edges, r, side="right") - 1
            if long[n] and r > sky_from:
                outer[count] = (values[n] - 1.0) * model
                count += 1
            n += 1
    level = np.median(outer[:count]) if count > 100 else np.nan
    for p in range(n):
        if long[p]:
            values[p] -= level / (own * looked_up(table, 0.5 * (edges[ring[p]] + edges[ring[p] + 1])))
    return n
