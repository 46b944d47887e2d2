"""Hidden pixels of a stamp, given the light of their mirror image through the object's centre, or that of its ellipse."""

import numpy as np

STEPS = 2.0
"""Pixels of elliptical radius that share one light."""


def filled(data, hidden, place):
    """The stamp with light in all pixels.

    Parameters
    ----------
    data : ndarray, shape (n, n), DN
        NaN where unknown.
    hidden : ndarray of bool
        Pixels to be filled, besides those that are NaN.
    place : (x, y)
        Centre of the object.

    Returns
    -------
    ndarray, shape (n, n), DN
        Hidden pixels have what is seen in the pixel opposite to them; if that is hidden as well, the median of the
        seen pixels at their elliptical radius, with the ellipse of the object's second moments; 0 where none is seen.
    """
    hidden = hidden | ~np.isfinite(data)
    out = np.where(hidden, np.float32(0.0), data)
    rows, columns = np.nonzero(hidden)
    if not len(rows):
        return out
    x, y = (np.rint(2 * centre - k).astype(int) for centre, k in zip(place, (columns, rows)))
    n = len(data)
    inside = (x >= 0) & (x < n) & (y >= 0) & (y < n)
    seen = np.zeros(len(rows), bool)
    seen[inside] = ~hidden[y[inside], x[inside]]
    out[rows[seen], columns[seen]] = data[y[seen], x[seen]]
    if not seen.all():
        out[rows[~seen], columns[~seen]] = _ellipse_light(out, hidden, place, rows[~seen], columns[~seen])
    return out


def _ellipse_light(data, hidden, place, rows, columns):
    radius = elliptical_radius(data, place)
    step = (radius / STEPS).astype(int)
    count = step.max() + 1
    order = np.argsort(step[~hidden], kind="stable")
    steps, values = step[~hidden][order], data[~hidden][order]
    ends = np.searchsorted(steps, np.arange(count + 1))
    profile = np.array([np.median(values[a:b]) if b > a else np.nan for a, b in zip(ends[:-1], ends[1:])])
    known = np.isfinite(profile)
    if not known.any():
        return np.zeros(len(rows), data.dtype)
    return np.interp(radius[rows, columns] / STEPS - 0.5, np.flatnonzero(known), profile[known])


def elliptical_radius(data, place, rounds=3):
    """Semi-major axis, in pixels, of the ellipse about ``place`` through each pixel: (n, n).

    Axis ratio and angle are those of the second moments of the light under an elliptical Gaussian that follows them.
    """
    y, x = np.mgrid[:len(data), :len(data)]
    dx, dy = x - place[0], y - place[1]
    radius = np.hypot(dx, dy)
    size = 6.0
    for _ in range(rounds):
        weight = np.maximum(data, 0.0) * np.exp(-0.5 * (radius / size) ** 2)
        total = weight.sum()
        if not total > 0:
            return np.hypot(dx, dy)
        moments = [float((weight * a).sum() / total) for a in (dx * dx, dx * dy, dy * dy)]
        radius, major = _radius(dx, dy, *moments)
        size = float(np.clip(2 * major, 4.0, len(data) / 4))
    return radius


def _radius(dx, dy, xx, xy, yy):
    mean, half = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), xy)
    ratio = np.sqrt(max(mean - half, 0.05 * mean) / (mean + half))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    along, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
    return np.hypot(along, across / ratio), np.sqrt(mean + half)
