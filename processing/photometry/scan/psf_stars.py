"""Which stars teach the PSF of the frames."""

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from processing.photometry.scan.learn import learned
from processing.photometry.scan.places import Apparitions


def learned_from_stars(model, most=600):
    """The Model with its PSF corrected by its brightest clean stars; unchanged with fewer than ten."""
    chosen = clean_stars(model, most)
    if len(chosen) < 10:
        return model
    member = np.isin(model.places.star, chosen)
    p = model.places
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
    p, member = model.places, np.isin(model.places.star, rows)
    n, ny, nx = model.usable.shape
    bad = ndimage.maximum_filter(~model.usable, size=(1, 2 * reach + 1, 2 * reach + 1))
    x, y = (np.clip(np.rint(a[member]).astype(int), 0, k - 1) for a, k in ((p.x, nx), (p.y, ny)))
    count = np.bincount(p.star[member], weights=bad[p.frame[member], y, x], minlength=len(model.stars))
    return count[rows] > 1
