"""The pixels that show the wings of a star."""

import numba
import numpy as np

from processing.photometry.bright.find import BAD, FULL, FULL_READ1, LATENT
from processing.photometry.bright.light import PIXEL, looked_up, on_spike, other_light, rivals

REACH, LEAST_REACH = 50.0, 14.0
"""Wings are used to this far from the star, arcsec; less far, but at least so far, in the light of another."""

GLARE = 2.0
"""... where the star gives less than so many times what others give at its place (their light is not smooth)."""

SPIKE_SHARE, FAINT = 0.1, 0.1
"""Pixels are left out where the spikes of other stars may give more than this share of the star's light and the noise;
other stars matter that give this part of the noise."""

BORDER = 8.0
"""Pixels: frames with the star nearer to the edge are used only when fewer than two others show it."""


def well_seen(places, star, shape):
    """Apparitions of a star to be used."""
    seen = np.flatnonzero(places.star == star)
    axes = (places.x[seen], shape[1]), (places.y[seen], shape[0])
    room = np.min([np.minimum(v, n - 1 - v) for v, n in axes], axis=0)
    inside = room > BORDER
    return seen[inside] if inside.sum() > 1 else seen[room > -BORDER]


def reach_of(places, k, flux, profile):
    """How far (arcsec) the wings of apparition ``k`` stand out of the light of other stars; all the way if its flux is
    not known (0)."""
    if not flux[places.star[k]] > 0:
        return REACH
    f = places.frame[k]
    same = np.arange(places.begins[f], places.begins[f + 1])
    away = np.hypot(places.x[same] - places.x[k], places.y[same] - places.y[k])
    far = away > LEAST_REACH / PIXEL
    others, away = same[far], away[far]
    share = np.interp(10 * away, np.arange(len(profile.table)), profile.table, right=0)
    glare = (flux[places.star[others]] * share).sum()
    lost = np.flatnonzero(flux[places.star[k]] * profile.table < GLARE * glare)
    return float(np.clip(0.1 * PIXEL * lost[0], LEAST_REACH, REACH)) if len(lost) else REACH


def wing_pixels(frames, places, k, flux, profile, total, noise, spike, reach):
    """Usable pixels of one apparition: dx, dy (pixel), DN of 1.3 s, kind (0 first read, 1 difference), noise (DN)."""
    out = np.empty((2 * int((2 * reach / PIXEL + 4) ** 2), 5))
    light = flux[places.star]
    f = places.frame[k]
    same = np.arange(places.begins[f], places.begins[f + 1])
    same = same[(same != k) & (light[same] > 0)]
    n = _gather(frames.image[f], frames.read1[f], frames.flaws[f], places.x[k], places.y[k], light[k], places.x[same],
                places.y[same], light[same], profile.table, profile.error_table, total, noise[0], noise[1], spike,
                reach / PIXEL, out)  # fmt: skip
    return out[:n]


@numba.njit(cache=True)
def _gather(image, read1, flaws, x, y, own, others_x, others_y, others, table, errors, total, noise1, noise2, spike,
            reach, out):  # fmt: skip
    """Rows of dx, dy, light, kind and noise of the pixels around x, y into ``out``; how many there are."""
    ny, nx = image.shape
    near = rivals(x, y, reach, others_x, others_y, others, table, spike, FAINT * noise2)
    others_x, others_y, others = others_x[near], others_y[near], others[near]
    n = 0
    for j in range(max(int(y - reach), 0), min(int(y + reach) + 2, ny)):
        for i in range(max(int(x - reach), 0), min(int(x + reach) + 2, nx)):
            dx, dy = i - x, j - y
            r = np.hypot(dx, dy)
            if r > reach or r < 2.0 or on_spike(dx, dy, r, spike) or flaws[j, i] & (BAD | FULL_READ1):
                continue
            if not np.isfinite(read1[j, i] + image[j, i]):
                continue
            strange, doubt, spikes = other_light(i, j, others_x, others_y, others, table, errors, spike)
            if spikes > SPIKE_SHARE * own * looked_up(table, r) + noise2:
                continue
            out[n, 0], out[n, 1], out[n, 3] = dx, dy, 0.0
            out[n, 2], out[n, 4] = read1[j, i] * total - strange, np.hypot(noise1 * total, doubt)
            n += 1
            if not flaws[j, i] & (FULL | LATENT):
                out[n, 0], out[n, 1], out[n, 3] = dx, dy, 1.0
                out[n, 2], out[n, 4] = image[j, i] - strange, np.hypot(noise2, doubt)
                n += 1
    return n
