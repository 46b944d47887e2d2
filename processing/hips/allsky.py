"""Allsky: all tiles of order 3, 64 by 64 pixels each, in one file that clients show while they wait for the others."""

import numpy as np
from astropy.io import fits

from processing.formats.whole import whole_file
from processing.hips.pictures import read_picture, write_png
from processing.hips.tiles import WIDTH, read_tile

ORDER, SMALL, ACROSS = 3, 64, 27
"""Tiles in a line of the mosaic: the root of their number (HiPS 1.0, section 4.3.2)."""

LINES = -(-12 * 4**ORDER // ACROSS)


def write_allsky(folder):
    """Write Allsky.fits and Allsky.png of a HiPS from its tiles of order 3; returns the tiles that it has."""
    pictures, images = [], []
    for tile in range(12 * 4**ORDER):
        pictures.append(_thinned(read_picture(folder, ORDER, tile)))
        image = read_tile(folder, ORDER, tile)
        images.append(None if image is None else _averaged(image)[::-1])
    place = folder / f"Norder{ORDER}"
    tiles = [tile for tile, picture in enumerate(pictures) if picture is not None]
    if tiles:
        write_png(place / "Allsky.png", _mosaic(pictures, 0, np.uint8))
    if any(image is not None for image in images):
        with whole_file(place / "Allsky.fits") as partial:
            fits.PrimaryHDU(_mosaic(images, np.nan, np.float32)[::-1]).writeto(partial)
    return tiles


def _mosaic(parts, blank, dtype):
    """Parts (rows from the top down) side by side, the first above on the left."""
    shape = next(part.shape for part in parts if part is not None)
    whole = np.full((LINES * SMALL, ACROSS * SMALL, *shape[2:]), blank, dtype)
    for tile, part in enumerate(parts):
        if part is not None:
            line, column = divmod(tile, ACROSS)
            whole[line * SMALL:(line + 1) * SMALL, column * SMALL:(column + 1) * SMALL] = part
    return whole


def _averaged(image):
    """Means of blocks of pixels without those that are NaN."""
    step = WIDTH // SMALL
    blocks, seen = image.reshape(SMALL, step, SMALL, step), np.isfinite(image).reshape(SMALL, step, SMALL, step)
    number = seen.sum(axis=(1, 3))
    total = np.where(seen, blocks, 0).sum(axis=(1, 3), dtype=float)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan).astype(np.float32)


def _thinned(picture):
    """A picture made smaller: of each block the most opaque, then brightest pixel, so that small surveys are seen."""
    if picture is None:
        return None
    step, channels = WIDTH // SMALL, picture.shape[-1]
    blocks = picture.reshape(SMALL, step, SMALL, step, channels).swapaxes(1, 2).reshape(SMALL, SMALL, -1, channels)
    order = blocks[..., -1].astype(int) * 1024 + blocks[..., :-1].sum(axis=-1)
    return np.take_along_axis(blocks, order.argmax(axis=-1)[..., None, None], axis=2)[:, :, 0]
