"""Flux and place of stars that saturate even the first read, from their wings (Read3; Explanatory Supplement, IV.4d).

The profile of the camera is scaled to all unsaturated pixels of all frames at once: of the first reads near the star, of
the difference of the reads further out, off the spikes. The place of the star in each frame and the level of each frame and
read, with a slope, are fitted along; pixels that the profile cannot explain (other stars) lose their weight smoothly.
"""

from dataclasses import dataclass

import numba
import numpy as np

from processing.config import survey
from processing.photometry.bright.find import BAD, FULL, FULL_READ1, LATENT
from processing.photometry.bright.light import PIXEL, looked_up, on_spike, other_light, rivals
from processing.photometry.bright.profile import EDGES

REACH, LEAST_REACH = 50.0, 14.0
"""Wings are used to this far from the star, arcsec; less far, but at least so far, in the light of another."""

GLARE = 2.0
"""... where the star gives less than so many times what others give at its place (their light is not smooth)."""

SPIKE_SHARE, FAINT = 0.1, 0.1
"""Pixels are left out where the spikes of other stars may give more than this share of the star's light and the noise;
other stars matter that give this part of the noise."""

ASTRAY = 0.8
"""Largest distance from where the star was thought to be, arcsec."""

BORDER = 8.0
"""Pixels: frames with the star nearer to the edge are used only when fewer than two others show it."""

FEWEST = 60
"""Pixels of a frame that shows a star."""

ROUNDS = 10
SOFT = 3.0
"""Residuals of so many sigma have a quarter of the weight."""

LOPSIDED = 8.0
"""Pixels: when the middle of the pixels that show the sky is further from the star, no slope of it can be told."""

LARGEST_STEP = 0.5
"""Of the place in one round, pixel."""

LONE = 0.1
"""Error of a place that a single frame gives, arcsec, each axis; the original's was some 0.1."""


@dataclass(frozen=True)
class WingFit:
    """``flux`` (DN of 1.3 s) and its ``error``; ``east``, ``north``: arcsec from where the star was thought to be;
    ``covariance``: (2, 2), arcsec2; ``frames``: used. NaN and 0 where no fit was possible."""

    flux: float
    error: float
    east: float
    north: float
    covariance: np.ndarray
    frames: int


def fit_wings(frames, places, star, flux, profile, total, jacobian, noise, spike):
    """The WingFit of one star.

    Parameters
    ----------
    frames : Frames
    places : Places
    star : int
        Its number.
    flux : ndarray, DN of 1.3 s, one a star of ``places``
        What is known; the fit begins with that of ``star`` and takes the light of all others off.
    profile : Profile
    total : float
        1.3 s flux over that of the first read.
    jacobian : ndarray, shape (2, 2)
        Pixels (x, y) by which a star moves for an arcsec east and north.
    noise : (float, float)
        Of a pixel without star: first read and difference, DN.
    spike : ndarray
        ``light.spike_numbers`` of the band.
    """
    seen = _well_seen(places, star, frames.image.shape[1:])
    reach = max((_reach(places, k, flux, profile) for k in seen), default=0.0)
    pixels = [_pixels(frames, places, k, flux, profile, total, noise, spike, reach) for k in seen]
    pixels = [p for p in pixels if len(p) > FEWEST]
    if not pixels:
        return WingFit(np.nan, np.nan, 0.0, 0.0, np.full((2, 2), np.nan), 0)
    n, owner = len(pixels), np.repeat(np.arange(len(pixels)), [len(p) for p in pixels])
    data = np.concatenate(pixels)
    # Each frame has two levels: of its first read and of its difference.
    groups = np.unique(2 * owner + (data[:, 3] > 0), return_inverse=True)[1]
    # The profile errs by the same in all pixels of a ring.
    ring = np.searchsorted(EDGES, PIXEL * np.hypot(data[:, 0], data[:, 1]))
    crowd = np.bincount(ring, minlength=len(EDGES) + 1)[ring].astype(float)
    own, place, limit = _first_flux(data, profile), np.zeros((n, 2)), ASTRAY / PIXEL
    for _ in range(ROUNDS):
        normal, right, systematic = _equations(data, owner, groups, groups.max() + 1, crowd, own, place,
                                               profile.table, profile.error_table, survey().instrument.gain, total)  # fmt: skip
        covariance = np.linalg.pinv(normal)
        step = covariance @ right
        own *= 1 + np.clip(step[0], -0.5, 1.0)
        place = np.clip(place + np.clip(step[1:2 * n + 1], -LARGEST_STEP, LARGEST_STEP).reshape(n, 2), -limit, limit)
    noise = np.diag(covariance)[1:2 * n + 1].reshape(n, 2).mean(axis=1)
    error = own * np.sqrt(covariance[0, 0] + systematic**2 + survey().uncertainty.read1**2)
    return WingFit(own, error, *_mean_place(place @ np.linalg.inv(jacobian).T, PIXEL**2 * noise), n)


def _mean_place(place, noise):
    """East, north (arcsec) and covariance from those of single frames (n, 2) and their variances (n,), arcsec2."""
    variance = noise + survey().astrometry.centroid_floor ** 2
    centre = np.median(place, axis=0)
    # A frame that is far from the others has less weight.
    away = np.hypot(*(place - centre).T)
    usual = np.median(away)
    weight = 1 / (variance + np.maximum(away, usual) ** 2)
    mean = np.average(place, axis=0, weights=weight)
    scatter = (weight * ((place - mean) ** 2).sum(axis=1)).sum() / weight.sum() / 2
    n = len(place)
    total = scatter / (n - 1) + variance.mean() / n if n > 1 else variance[0] + LONE**2
    return *mean, total * np.eye(2)


def _well_seen(places, star, shape):
    """Apparitions of a star to be used."""
    seen = np.flatnonzero(places.star == star)
    room = np.min([np.minimum(v[seen], n - 1 - v[seen]) for v, n in ((places.x, shape[1]), (places.y, shape[0]))], axis=0)
    inside = room > BORDER
    return seen[inside] if inside.sum() > 1 else seen[room > -BORDER]


def _reach(places, k, flux, profile):
    """How far (arcsec) the wings of apparition ``k`` stand out of the light of other stars; all the way if its flux is not
    known (0)."""
    if not flux[places.star[k]] > 0:
        return REACH
    f = places.frame[k]
    same = np.arange(places.begins[f], places.begins[f + 1])
    away = np.hypot(places.x[same] - places.x[k], places.y[same] - places.y[k])
    others = same[away > LEAST_REACH / PIXEL]
    away = away[away > LEAST_REACH / PIXEL]
    glare = (flux[places.star[others]] * np.interp(10 * away, np.arange(len(profile.table)), profile.table, right=0)).sum()
    lost = np.flatnonzero(flux[places.star[k]] * profile.table < GLARE * glare)
    return float(np.clip(0.1 * PIXEL * lost[0], LEAST_REACH, REACH)) if len(lost) else REACH


def _first_flux(data, profile):
    """Median of what single pixels near the star say, above the level of those far away."""
    radius, first = np.hypot(data[:, 0], data[:, 1]), data[:, 3] == 0
    level = np.where(first, np.median(data[first & (radius >= np.median(radius[first])), 2]), 0.0)
    near = radius <= np.sort(radius)[min(len(radius) - 1, 200)]
    light = np.interp(10 * radius[near], np.arange(len(profile.table)), profile.table)
    return float(max(np.median((data[:, 2] - level)[near] / light), 1.0))


def _pixels(frames, places, k, flux, profile, total, noise, spike, reach):
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


@numba.njit(cache=True)
def _equations(data, owner, groups, levels, crowd, own, place, table, errors, gain, total):
    """Normal equations of flux (relative), places (x, y of each frame, pixel) and levels; the mean error of the profile where it
    counts."""
    moves = 2 * len(place)
    size = 1 + moves + levels
    normal, right = np.zeros((size, size)), np.zeros(size)
    rest, weights = _residuals(data, owner, groups, levels, crowd, own, place, table, errors, gain, total)
    part, at = np.empty(4), np.empty(4, np.int64)
    counted, wrong = 0.0, 0.0
    for p in range(len(data)):
        f = owner[p]
        dx, dy = data[p, 0] - place[f, 0], data[p, 1] - place[f, 1]
        r = np.hypot(dx, dy)
        light = looked_up(table, r)
        slope = 5.0 * (looked_up(table, r + 0.1) - looked_up(table, r - 0.1))
        part[0], part[1], part[2], part[3] = own * light, -own * slope * dx / r, -own * slope * dy / r, 1.0
        at[0], at[1], at[2], at[3] = 0, 1 + 2 * f, 2 + 2 * f, 1 + moves + groups[p]
        for a in range(4):
            right[at[a]] += weights[p] * part[a] * rest[p]
            for b in range(4):
                normal[at[a], at[b]] += weights[p] * part[a] * part[b]
        share = weights[p] * light * light
        counted += share
        wrong += share * looked_up(errors, r)
    return normal, right, wrong / max(counted, 1e-30)


@numba.njit(cache=True)
def _residuals(data, owner, groups, levels, crowd, own, place, table, errors, gain, total):
    """What the star and a plane for each group leave of each pixel (DN), and the weight of the pixel."""
    n = len(data)
    rest, sigma, shared = np.empty(n), np.empty(n), np.empty(n)
    for p in range(n):
        r = np.hypot(data[p, 0] - place[owner[p], 0], data[p, 1] - place[owner[p], 1])
        model = own * looked_up(table, r)
        rest[p] = data[p, 2] - model
        photons = model / gain * (total if data[p, 3] == 0.0 else 1.0)
        wrong = looked_up(errors, r) * model
        sigma[p] = np.sqrt(data[p, 4] ** 2 + photons + wrong * wrong)
        shared[p] = (crowd[p] - 1.0) * wrong * wrong
    for g in range(levels):
        mine = np.flatnonzero(groups == g)
        plane = _plane(data, rest, sigma, mine[sigma[mine] <= np.median(sigma[mine])])
        for p in mine:
            rest[p] -= plane[0] + plane[1] * data[p, 0] + plane[2] * data[p, 1]
    weights = np.empty(n)
    for p in range(n):
        away = rest[p] / (SOFT * sigma[p])
        weights[p] = 1.0 / ((sigma[p] ** 2 + shared[p]) * (1.0 + away * away) ** 2)
    return rest, weights


@numba.njit(cache=True)
def _plane(data, rest, sigma, quiet):
    """Constant and slopes (DN, DN/pixel) of the plane through ``rest`` at the pixels ``quiet``, robust; a constant where
    they do not surround the star."""
    plane = np.array([np.median(rest[quiet]), 0.0, 0.0])
    middle_x, middle_y = np.mean(data[quiet, 0]), np.mean(data[quiet, 1])
    if np.hypot(middle_x, middle_y) > LOPSIDED or len(quiet) < 100:
        return plane
    part = np.ones(3)
    for _ in range(4):
        normal, right = np.zeros((3, 3)), np.zeros(3)
        for p in quiet:
            part[1], part[2] = data[p, 0], data[p, 1]
            away = (rest[p] - plane[0] - plane[1] * part[1] - plane[2] * part[2]) / (SOFT * sigma[p])
            weight = 1.0 / (sigma[p] * (1.0 + away * away)) ** 2
            for a in range(3):
                right[a] += weight * part[a] * rest[p]
                for b in range(3):
                    normal[a, b] += weight * part[a] * part[b]
        plane = np.linalg.solve(normal, right)
    return plane
