"""An object as its pixels show it: place, shapes, rings and profiles in all its bands. What the measurements share."""

from dataclasses import dataclass

import numpy as np

from processing.config import survey
from processing.extended.ellipses import Ellipse, views
from processing.extended.field import Mask
from processing.extended.isophotes import Brightness
from processing.extended.parameters import centred
from processing.extended.profile import fitted
from processing.extended.rings import ring_edges, rings
from processing.extended.sersic import psf_gaussians
from processing.extended.shape import isophote

MARGIN = 1.0
"""Pixels that apertures stay inside a stamp."""


@dataclass(frozen=True, eq=False)
class Model:
    """Of one object.

    ``views``: letter -> View; ``place``: x, y, pixel of the stamp; ``shapes``: letter, or "sup" for the sum of the
    bands -> Isophote at 3 sigma, None where it has none; ``steep``: the same at 5 sigma; ``ellipse``: of fiducial
    apertures; ``own``: letter -> Ellipse of the band; ``reach``: pixel, of the largest aperture; ``profiles``: letter
    -> Profile, missing where there is no light; ``shown``: (letter, "fiducial" | "own" | "circle") -> Brightness.
    """

    views: dict
    place: tuple
    shapes: dict
    steep: dict
    ellipse: Ellipse
    own: dict
    reach: float
    profiles: dict
    shown: dict


def modelled(stamp):
    """The Model of a Stamp; None when no band sees it."""
    bands = views(stamp)
    if not bands:
        return None
    total = sum(view.filled / view.sigma for view in bands.values())
    place = centred(total, stamp.x, stamp.y)
    shapes, steep = _shapes(bands, total, place)
    ellipse = _fiducial(shapes, place)
    own = {band: shapes[band].ellipse if shapes[band] else ellipse for band in bands}
    ny, nx = total.shape
    reach = min(place[0], place[1], nx - 1 - place[0], ny - 1 - place[1]) + 0.5 - MARGIN
    profiles, shown = _profiles(bands, shapes, ellipse, own, reach)
    return Model(bands, place, shapes, steep, ellipse, own, reach, profiles, shown)


def _shapes(bands, total, place):
    """Isophotes at 3 and at 5 sigma, of the bands and of their sum."""
    rules = survey().extended_measures
    images = {band: (view.filled, view.mask & Mask.HIDDEN == 0, view.sigma) for band, view in bands.items()}
    clean = np.logical_and.reduce([good for _, good, _ in images.values()])
    found = {"sup": isophote(total, clean, rules.shape_sigma * np.sqrt(len(bands)), place)}
    steep = {}
    for band, (image, good, sigma) in images.items():
        found[band] = isophote(image, good, rules.shape_sigma * sigma, place, found["sup"])
        steep[band] = isophote(image, good, rules.steep_sigma * sigma, place, found[band] or found["sup"])
    return found, steep


def _fiducial(shapes, place):
    """Ellipse of the fiducial apertures: that of the sum of the bands, as it has the least noise, or the largest
    of the bands' own; a circle where there is none."""
    known = [shapes["sup"]] if shapes["sup"] else sorted(
        (shape for shape in shapes.values() if shape), key=lambda shape: -shape.radius)  # fmt: skip
    return known[0].ellipse if known else Ellipse(*place)


def _profiles(bands, shapes, ellipse, own, reach):
    """Profiles of the bands, the best first so that the others know its size and index, and how bright they are."""
    size = max((shape.radius for shape in shapes.values() if shape), default=0.0)
    wanted = 2 * size + survey().extended_measures.beyond
    edges = ring_edges(min(reach, max(wanted, survey().extended_measures.least_reach)))
    edges = edges[edges <= reach] if edges[-1] > reach else edges
    circle = ellipse.circle()
    around = rings(list(bands.values()), ellipse, edges)
    circles = rings(list(bands.values()), circle, edges)
    profiles, shown, best = {}, {}, None
    for band in sorted(bands, key=lambda band: -_significance(around[band])):
        profile = fitted(around[band], psf_gaussians(bands[band].psf), best)
        if profile:
            best = best or profile
            profiles[band] = profile
            shown[band, "fiducial"] = Brightness(profile, around[band], ellipse)
            shown[band, "circle"] = Brightness(profile, circles[band], circle)
            shown[band, "own"] = shown[band, "fiducial"]
            if own[band] is not ellipse:
                own_rings = rings([bands[band]], own[band], edges)[band]
                shown[band, "own"] = Brightness(profile, own_rings, own[band])
    return profiles, shown


def _significance(around):
    light = around.area * around.inside(0.5 * around.edges[-1])
    return float(light @ around.mean) / around.error(light)
