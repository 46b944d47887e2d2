"""Which stars teach the PSF of the frames."""

import numpy as np
from scipy.spatial import cKDTree

from processing.config import survey
from processing.photometry.scan import kernels
from processing.photometry.scan.learn import learned
from processing.photometry.scan.places import Apparitions


def learned_from_stars(model, most=600):
    """The Model with its PSF, and the error of this, corrected by its brightest clean stars; unchanged when there is
    none."""
    chosen = clean_stars(model, most)
    if not len(chosen):
        return model
    places = apparitions_of(model, chosen)
    psf = learned(model.psf, model.residual, model.weight, places, model.stars.flux[places.star])
    model = model.with_psf(psf)
    return model.with_profile_error(float(np.clip(profile_error(model), survey().scan_photometry.profile_error, 0.1)))


def profile_error(model, most=30):
    """Error of the PSF in units of itself: what the fit leaves of its brightest clean stars beyond the noise, rms."""
    chosen = clean_stars(model, most)
    p, sums = apparitions_of(model, chosen), np.zeros((3, len(model.stars)))
    kernels.misfits(model.residual, model.image, model.usable, model.noise, model.electrons, p.star, p.frame, p.x, p.y, 2,
                    *sums)  # fmt: skip
    left, expected, light = sums[:, chosen]
    return float(np.sqrt(np.median(np.maximum(left - expected, 0) / np.maximum(light, 1e-9))))


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
