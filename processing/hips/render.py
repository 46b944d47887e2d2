"""A tile of the deepest order from the images that touch it."""

import numpy as np
from scipy import ndimage

from processing.config import survey
from processing.hips.sources import pixels
from processing.hips.tiles import WIDTH, places


def render(order, tile, found, levels):
    """Brightness (MJy/sr) in the pixels of a tile, float32, shape (WIDTH, WIDTH); NaN where no image sees anything.

    Where several images see a pixel, it is their mean, weighted by the distance to the edge of each (as far as
    ``hips.fade``): one fades into the other. Between the pixels of an image its brightness is bilinear.

    ``found``: Sources of one band; ``levels``: what to subtract from each, MJy/sr.
    """
    ra, dec = places(order, tile)
    total, weights = np.zeros((2, WIDTH, WIDTH))
    for source, level in zip(found, levels):
        image, wcs = pixels(source)
        columns, rows = wcs.wcs_world2pix(ra.ravel(), dec.ravel(), 0)
        weight = edge_weight(columns, rows, image.shape).reshape(WIDTH, WIDTH)
        inside = weight > 0
        where = np.stack([rows, columns]).reshape(2, WIDTH, WIDTH)[:, inside]
        value = ndimage.map_coordinates(image, where, order=1, cval=np.nan, prefilter=False) - level
        seen = np.isfinite(value)
        inside[inside] = seen
        total[inside] += value[seen] * weight[inside]
        weights[inside] += weight[inside]
    return np.where(weights > 0, total / np.where(weights > 0, weights, 1), np.nan).astype(np.float32)


def edge_weight(columns, rows, shape):
    """Weight of an image (its shape: lines, columns) at these places in it: 0 beyond its outermost pixels' centres,
    rising to 1 at ``hips.fade`` pixels from the edge. NaN (the other side of the sky) counts as beyond.
    """
    edge = np.minimum(np.minimum(columns, shape[1] - 1 - columns), np.minimum(rows, shape[0] - 1 - rows))
    return np.where(edge >= 0, np.clip((edge + 1) / survey().hips.fade, 0, 1), 0.0)
