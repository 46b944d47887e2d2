"""Normal equations of the fit of a star's wings."""

import numba
import numpy as np

from processing.photometry.bright.light import looked_up

SOFT = 3.0
"""Residuals of so many sigma have a quarter of the weight."""

LOPSIDED = 8.0
"""Pixels: when the middle of the pixels that show the sky is further from the star, no slope of it can be told."""


@numba.njit(cache=True)
def equations(data, owner, groups, levels, crowd, own, place, table, errors, gain, total):
    """Normal equations of flux (relative), places (x, y of each frame, pixel) and levels; and the mean error of the
    profile where it counts.

    ``data``: rows of dx, dy (pixel), DN, kind (0 first read, 1 difference) and noise of the pixels (wing_pixels);
    ``owner``, ``groups``: their frames and levels; ``crowd``: pixels in which the profile errs alike; ``own`` (DN),
    ``place`` (frames, 2): flux and places so far.
    """
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
    """Constant and slopes (DN, DN/pixel) of the plane through ``rest`` at the pixels ``quiet``, robust; a constant
    where they do not surround the star."""
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
