"""Which stars teach the PSF, and the lesson."""

from dataclasses import replace

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from processing.config import survey
from processing.photometry.psf import corrected_psf
from processing.photometry.scene import TEMPLATE_RADIUS, with_model


def learn_psf(scene, largest=150):
    """The scene with the PSF corrected by its brightest clean stars; unchanged where there is none."""
    chosen = clean_stars(scene, largest)
    chosen = chosen[_alike(scene, chosen)]
    if not len(chosen):
        return scene
    psf = corrected_psf(scene.psf, scene.residual, scene.weight, scene.stars.select(chosen))
    return with_model(replace(scene, psf=psf))


def clean_stars(scene, largest, significance=20.0, neighbours=0.15, reach=5.0):
    """Indices of the brightest stars with whole, unsaturated, hardly blended images, brightest first."""
    stars = scene.stars
    peak = scene.psf.stamp(0.0, 0.0).max() * stars.flux
    order = np.argsort(-stars.flux)[: 4 * largest]
    order = order[(peak[order] > significance * scene.noise) & _whole(scene, stars.x[order], stars.y[order])]
    if not len(order):
        return order
    tree = cKDTree(np.column_stack([stars.x, stars.y]))
    near = tree.query_ball_point(tree.data[order], reach / scene.scale)
    blended = np.array([stars.flux[members].sum() for members in near]) / stars.flux[order] - 1
    return order[blended < neighbours][:largest]


def _alike(scene, chosen, factor=3.0):
    """True for the stars that the PSF misses by about as much as the others: what it misses by far more is no star.

    The measure is the rms of the residual in the core over the peak; ``factor`` times its median is the limit. One
    false component in the halo of a saturated star can outweigh all stars of an image.
    """
    if not len(chosen):
        return np.zeros(0, bool)
    half = round(survey().extraction.fit_radius / scene.scale)
    mean_square = ndimage.uniform_filter(scene.residual**2, 2 * half + 1)
    x, y = np.rint(scene.stars.x[chosen]).astype(int), np.rint(scene.stars.y[chosen]).astype(int)
    excess = np.maximum(mean_square[y, x] - scene.noise**2, 0.0)
    misfit = np.sqrt(excess) / scene.stars.flux[chosen]
    return misfit <= factor * np.median(misfit)


def _whole(scene, x, y):
    """True where no masked pixel and no edge is within the PSF's core."""
    size = 2 * TEMPLATE_RADIUS + 1
    touched = ndimage.maximum_filter(scene.mask, size=size, mode="constant", cval=True)
    ny, nx = scene.mask.shape
    return ~touched[np.clip(np.rint(y).astype(int), 0, ny - 1), np.clip(np.rint(x).astype(int), 0, nx - 1)]
