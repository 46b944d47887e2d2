"""Components come and go: peaks of what the model leaves are added, faint and double ones dropped."""

from dataclasses import replace

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from processing.config import survey
from processing.detect.peaks import local_maxima, matched_filter
from processing.photometry.fit import Stars
from processing.photometry.scene import TEMPLATE_RADIUS, with_model


def find_stars(scene, threshold):
    """The scene with more stars: peaks of the matched filter in what the model leaves.

    A peak must reach ``threshold`` sigma and the part ``extraction.share`` of the modelled light at its place, since
    errors of the PSF leave peaks too; it must not be a star that is there already.
    """
    template = scene.sharp_psf.stamp(0.0, 0.0, TEMPLATE_RADIUS)
    flux, significance = matched_filter(scene.sharp_residual, scene.weight, template)
    crowd, _ = matched_filter(scene.sharp - scene.sharp_residual, scene.weight, template)
    avoid = scene.mask | ndimage.binary_dilation(scene.cores, iterations=3)
    if len(scene.stars):
        avoid |= ndimage.binary_dilation(scene.mask, iterations=3)
    significance[avoid | (flux <= survey().extraction.share * crowd)] = 0.0
    x, y, pixel = local_maxima(significance, threshold)
    new = Stars(x, y, flux[pixel])
    if len(scene.stars):
        tree = cKDTree(np.column_stack([scene.stars.x, scene.stars.y]))
        distance, _ = tree.query(np.column_stack([x, y])) if len(new) else (np.zeros(0), None)
        new = new.select(distance > 1.0)
    return replace(scene, stars=scene.stars.joined(new))


def prune(scene):
    """The scene without components that are too faint, too close to a brighter one, or off the image."""
    stars, limits = scene.stars, survey().extraction
    if not len(stars):
        return scene
    ny, nx = scene.data.shape
    keep = (stars.x > -1) & (stars.y > -1) & (stars.x < nx) & (stars.y < ny)
    keep &= stars.flux > limits.keep * _faint_error(scene)
    keep[fainter_twins(stars, keep, limits.same / scene.scale)] = False
    return with_model(replace(scene, stars=stars.select(keep)))


def _faint_error(scene):
    """One-sigma error of the flux of each star, were it alone (DN)."""
    template = scene.sharp_psf.stamp(0.0, 0.0, TEMPLATE_RADIUS)
    norm = ndimage.correlate(scene.weight, template**2, mode="constant")
    ny, nx = norm.shape
    x, y = np.rint(scene.stars.x).astype(int), np.rint(scene.stars.y).astype(int)
    here = norm[np.clip(y, 0, ny - 1), np.clip(x, 0, nx - 1)]
    return 1 / np.sqrt(np.maximum(here, 1e-30))


def fainter_twins(stars, keep, distance):
    """Indices of stars with a brighter kept one within ``distance`` pixels; judged from the brightest down."""
    pairs = cKDTree(np.column_stack([stars.x, stars.y])).query_pairs(distance, output_type="ndarray")
    ordered = sorted(pairs.tolist(), key=lambda pair: -max(stars.flux[pair[0]], stars.flux[pair[1]]))
    dropped = set()
    for a, b in ordered:
        bright, faint = (a, b) if stars.flux[a] >= stars.flux[b] else (b, a)
        if keep[bright] and bright not in dropped:
            dropped.add(faint)
    return np.array(sorted(dropped), dtype=int)
