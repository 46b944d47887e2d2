"""Radii of the apertures of an object: isophotes and Kron's first moment."""

from functools import cache

import numpy as np

from processing.config import survey
from processing.extended.isophotes import Radius
from processing.extended.sersic import INDICES, SIGMAS, shares

HELD = 0.95
"""Part of a profile's light out to which its first moment is taken."""

BRIGHT = 5.0
"""Significance of a ring above which its own light counts."""

EDGES = np.concatenate([np.arange(0, 30, 0.5), np.geomspace(30, 400, 60)])
"""Of the thin rings in which it is taken, pixel."""

MIDDLES = 2 / 3 * (EDGES[1:] ** 3 - EDGES[:-1] ** 3) / (EDGES[1:] ** 2 - EDGES[:-1] ** 2)
"""Their mean semi-major axes."""


def isophotal(model, band, kind, brightness):
    """The Radius of a band at a surface brightness (mag/arcsec2); None where it is not measurable.

    ``kind``: "fiducial", "own" or "circle": the shape of the ellipses.
    """
    shown = model.shown.get((band, kind))
    return shown.isophote(model.views[band].level(brightness), model.reach) if shown else None


def kron(model, band, kind):
    """The Radius that is 2.5 times the first moment of the light along the major axis, 7 arcsec at least.

    The moment is taken of the rings where they are well above the noise and of the fitted profile beyond, to the radius
    that holds 95% of it, so that it knows nothing of how deep the image is (the survey's of the incremental releases
    stopped at the noise and was a fifth short, Section IV.5e). None without a profile or beyond the stamp.
    """
    shown = model.shown.get((band, kind))
    if not shown:
        return None
    rules = survey().extended_measures
    light = _light(model, band, kind, shown)
    grown = np.cumsum(light)
    inside = grown <= HELD * grown[-1]
    if not light[inside].sum() > 0:
        return None
    radius = rules.kron_factor * (MIDDLES * light)[inside].sum() / light[inside].sum()
    if radius > model.reach or rules.kron_least > model.reach:
        return None
    if radius < rules.kron_least:
        return Radius(rules.kron_least)
    profile = model.profiles[band]
    follows = radius * moment_slopes(profile)
    return Radius(float(radius), profile.rings, follows @ profile.gain, float(follows @ profile.rest @ follows))


def moment_slopes(profile):
    """How the log of the first moment of a Profile goes with its parameters: (m,)."""
    flux, size, index = np.exp(profile.parts[:, 0]), np.exp(profile.parts[:, 1]), profile.parts[:, 2]
    moment, slope = (np.interp(index, np.log(INDICES), table) for table in _moments())
    parts = flux * size * moment / (flux * size * moment).sum()
    return np.column_stack([parts - flux / flux.sum(), parts, parts * slope, np.zeros(len(parts))]).ravel()


@cache
def _moments():
    """First moments of Sersic profiles of INDICES in half-light radii, and how their logs go with that of the index."""
    edges = np.geomspace(0.01, 20, 400)
    middle = np.sqrt(edges[1:] * edges[:-1])
    grown = 1 - np.exp(-0.5 * (edges[:, None] / SIGMAS) ** 2) @ shares().T
    moments = []
    for light in np.diff(grown, axis=0).T:
        inside = np.cumsum(light) <= HELD * light.sum()
        moments.append((middle * light)[inside].sum() / light[inside].sum())
    return np.array(moments), np.gradient(np.log(moments), np.log(INDICES))


def _light(model, band, kind, shown):
    """Light of the rings of EDGES, DN: observed where it is bright, fitted beyond."""
    profile, rings = model.profiles[band], shown.rings
    light = profile.brightness(MIDDLES, rings.ratio) * np.pi * rings.ratio * (EDGES[1:] ** 2 - EDGES[:-1] ** 2)
    bright = shown.model > BRIGHT * np.sqrt(np.diag(rings.covariance) + rings.level**2)
    last = len(bright) if bright.all() else int(np.argmin(bright))
    if last:
        real = rings.mean[:last] / shown.model[:last]
        near = MIDDLES < rings.edges[last]
        light[near] *= np.interp(MIDDLES[near], rings.middle[:last], np.maximum(real, 0))
    return light


def aperture_radii(model):
    """Name of an aperture ("k20fe", or (band, "i20e") for a band's own) -> its Radius, or None."""
    bright, faint = survey().extended_measures.isophotes
    found = {}
    for name, band, brightness in (("k20f", "k", bright), ("j21f", "j", faint)):
        found[name + "e"] = isophotal(model, band, "fiducial", brightness)
        found[name + "c"] = isophotal(model, band, "circle", brightness)
    found["fe"], found["fc"] = kron(model, "k", "fiducial"), kron(model, "k", "circle")
    for band in model.views:
        for name, kind in (("e", "own"), ("c", "circle")):
            found[band, "i20" + name] = isophotal(model, band, kind, bright)
            found[band, "i21" + name] = isophotal(model, band, kind, faint)
            found[band, name] = kron(model, band, kind)
    return found
