"""Which stars teach the PSF of the frames."""

import numpy as np
from scipy.spatial import cKDTree

from processing.photometry.scan import kernels
from processing.photometry.scan.learn import learned
from processing.photometry.scan.places import Apparitions


def learned_from_stars(model, most=600):
    """The Model with its PSF corrected by its brightest clean stars; unchanged with fewer than ten."""
    chosen = clean_stars(model, most)
    if len(chosen) < 10:
        return model
    p, wanted = model.places, np.zeros(len(model.stars), bool)
    wanted[chosen] = True
    member = wanted[p.star]
    places = Apparitions(p.star[member], p.frame[member], p.x[member], p.y[member], p.stars, p.jacobian)
    return model.with_psf(learned(model.psf, model.residual, model.weight, places, model.stars.flux[places.star]))


def clean_stars(model, most, significance=30.0, neighbours=0.1, reach=12.0):
    """Indices of the brightest stars with whole, hardly blended images, brightest first."""
    stars = model.stars
    order = np.argsort(-stars.flux)[: 6 * most]
    order = order[stars.flux[order] > significance * 1.5 * np.median(model.noise)]
    if not len(order):
        return order
    whole = ~touched(model, order)
    order = order[whole]
    if not len(order):
        return order
    tree = cKDTree(np.column_stack([stars.x, stars.y]))
    near = tree.query_ball_point(tree.data[order], reach)
    blended = np.array([np.maximum(stars.flux[members], 0).sum() for members in near]) / stars.flux[order] - 1
    clean = order[blended < neighbours]
    return clean[:most] if len(clean) >= 100 else order[np.argsort(blended, kind="stable")[:100]]


def touched(model, rows, reach=2):
    """True for stars with an unusable pixel within ``reach`` pixels on more than one frame."""
    p, wanted = model.places, np.zeros(len(model.stars), bool)
    wanted[rows] = True
    member, count = wanted[p.star], np.zeros(len(model.stars), int)
    kernels.unusable_near(model.usable, p.star[member], p.frame[member], p.x[member], p.y[member], reach, count)
    return count[rows] > 1
