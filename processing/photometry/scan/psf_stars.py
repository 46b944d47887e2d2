"""Which stars teach the PSF of the frames."""

import numpy as np
from scipy.spatial import cKDTree

from processing.config import survey
from processing.photometry.scan import kernels
from processing.photometry.scan.cutouts import cutouts
from processing.photometry.scan.learn import learned

JUDGES = 30
"""The brightest clean stars tell the error of the PSF."""

ALIKE = 3.0
"""Stars that the PSF misses by so many times more than the median star teach nothing: they are no single stars."""

MIDDLE = 2
"""Pixels about a star within which its misfit is told."""

TOLERATED = 1.2
"""A correction may make the misfit so much larger for now: the surface and the moments are corrected together, fluxes
and places follow only with the next fit."""

LARGEST_ERROR = 0.1


def learned_from_stars(model, most=400):
    """The Model with its PSF, and the error of this, corrected by its brightest clean stars; unchanged when there is
    none.

    A correction that makes the stars fit worse is tried by half, and by a quarter, before it is given up.
    """
    chosen = clean_stars(model, most)
    if not len(chosen):
        return model
    places = apparitions_of(model, chosen)
    cut = cutouts(model, places)
    before = misfit(model, cut, places)[chosen]
    chosen, judges = chosen[before <= ALIKE * np.median(before)], chosen[:JUDGES]
    rows = np.isin(places.star, chosen)
    places = places.rows(rows)
    psf = learned(model.psf, cut[rows], places, model.stars.flux[places.star])
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
    places = apparitions_of(model, chosen)
    return misfit(model, cutouts(model, places, MIDDLE), places)[chosen]


def misfit(model, cut, places):
    """The same of all stars of a Model (0 without an apparition), from the Cutouts of apparitions."""
    edge, stars = cut.image.shape[1] // 2 - MIDDLE, len(model.stars)
    middle = np.s_[:, edge:edge + 2 * MIDDLE + 1, edge:edge + 2 * MIDDLE + 1]
    usable, light = cut.weight[middle] > 0, np.maximum(cut.image[middle], 0).astype(float)
    noise = (model.noise[places.frame] ** 2)[:, None, None] + light / model.electrons
    beyond = np.where(usable, cut.residual[middle].astype(float) ** 2 - noise, 0.0).sum(axis=(1, 2))
    power = np.where(usable, light**2, 0.0).sum(axis=(1, 2))
    left, light = (np.bincount(places.star, values, stars) for values in (beyond, power))
    return np.sqrt(np.maximum(left, 0) / np.maximum(light, 1e-9))


def apparitions_of(model, chosen):
    """The Apparitions of the stars ``chosen`` (indices) alone."""
    wanted = np.zeros(len(model.stars), bool)
    wanted[chosen] = True
    return model.places.rows(wanted[model.places.star])


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
