"""Components come and go: faint and double ones are dropped (new ones come from detection)."""

import numpy as np
from scipy.spatial import cKDTree

from processing.config import survey
from processing.photometry.components import fainter_twins
from processing.photometry.scan.errors import covariances


def pruned(model):
    """The Model without components that are too faint or too close to a brighter one."""
    stars, rules = model.stars, survey().scan_photometry
    if not len(stars):
        return model
    keep = stars.flux > rules.keep * lone_errors(model)
    keep[fainter_twins(stars, keep, rules.same)] = False
    return model if keep.all() else model.without(~keep)


def without_doubtful(model):
    """The Model without components that their neighbours make superfluous: less than ``doubtful`` sigma with these
    free, next to a brighter one."""
    rules, error = survey().scan_photometry, np.sqrt(covariances(model)[:, 0, 0])
    near = np.isfinite(distance_to_brighter(model.stars, rules.doubtful_reach))
    keep = ~(near & (model.stars.flux < rules.doubtful * error))
    return pruned(model if keep.all() else model.without(~keep))


def lone_errors(model):
    """One-sigma error of the flux of each star, were it alone and in a known place: (n,), DN; inf without light."""
    with np.errstate(divide="ignore"):
        return 1 / np.sqrt(model.information)


def distance_to_brighter(stars, reach):
    """Distance of each star to the nearest brighter one, pixel; inf when there is none within ``reach``."""
    out = np.full(len(stars), np.inf)
    if len(stars) < 2:
        return out
    position = np.column_stack([stars.x, stars.y])
    pairs = cKDTree(position).query_pairs(reach, output_type="ndarray")
    bright = np.where(stars.flux[pairs[:, 0]] >= stars.flux[pairs[:, 1]], pairs[:, 0], pairs[:, 1])
    faint = pairs.sum(axis=1) - bright
    np.minimum.at(out, faint, np.hypot(*(position[bright] - position[faint]).T))
    return out
