"""Which stars teach the PSF of the frames."""

import numpy as np
from scipy.spatial import cKDTree

from processing.config import survey
from processing.photometry.scan import kernels
from processing.photometry.scan.learn import learned
from processing.photometry.scan.places import Apparitions

JUDGES = 30
"""The brightest clean stars tell the error of the PSF."""

ALIKE = 3.0
"""Stars that the PSF misses by so many times more than the median star teach nothing: they are no single stars."""

TOLERATED = 1.2
"""A correction may make the misfit so much larger for now: the surface and the moments are corrected together, fluxes and
places follow only with the next fit."""

LARGEST_ERROR = 0.1


def learned_from_stars(model, most=400):
    """The Model with its PSF, and the error of this, corrected by its brightest clean stars; unchanged when there is
    none.

    A correction that makes the stars fit worse is tried by half, and by a quarter, before it is given up.
    """
    chosen = clean_stars(model, most)
    if not len(chosen):
        return model
    before = misfits(model, chosen)
    chosen, judges = chosen[before <= ALIKE * np.median(before)], chosen[:JUDGES]
    places = apparitions_of(model, chosen)
    psf = learned(model.psf, model.residual, model.weight, places, model.stars.flux[places.star])
    old = float(np.median(before[:JUDGES]))
    for part in (1.0, 0.5, 0.25):
        better = model.with_psf(model.psf.towards(psf, part))
        error = float(np.median(misfits(better, judges)))
        if error < TOLERATED * old:
            return better.with_profile_error(_bounded(error))
    return model.with_profile_error(_bounded(old))


def _bounded(error):
    return float(np.clip(error, survey().scan_photometry.profile_error, LARGEST_ERROR))


def misfits(model, chosen):
    """What the fit leaves of stars beyond the noise, in units of their light, rms over their middle: (n,)."""
    p, sums = apparitions_of(model, chosen), np.zeros((3, len(model.stars)))
    kernels.misfits(model.residual, model.image, model.usable, model.noise, model.electrons, p.star, p.frame, p.x, p.y, 2,
                    *sums)  # fmt: skip
    left, expected, light = sums[:, chosen]
    return np.sqrt(np.maximum(left - expected, 0) / np.maximum(light, 1e-9))


def apparitions_of(model, chosen):
    """The Apparitions of the stars ``chosen`` (indices) alone."""
    p, wanted = model.places, np.zeros(len(model.stars), bool)
    wanted[chosen] = True
    rows = wanted[p.star]
    return Apparitions(p.star[rows], p.frame[rows], p.x[rows], p.y[rows], p.stars, p.jacobian)


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
    p, count = apparitions_of(model, rows), np.zeros(len(model.stars), int)
    kernels.unusable_near(model.usable, p.star, p.frame, p.x, p.y, reach, count)
    return count[rows] > 1
