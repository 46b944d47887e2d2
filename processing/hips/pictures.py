"""What a tile looks like: grey for one band, in colours for all of them. Rows are from the top down, as in pictures."""

import numpy as np

from processing.formats.whole import whole_file
from processing.hips.tiles import tile_path
from processing.quality.picture import colours

GREY = (-1.5, 60.0)
"""Black and white of a band, in units of the noise of its images above the sky."""

SOFT = 3.0
"""Noise levels at which the grey scale turns from linear to logarithmic."""

COMPRESSION = 3
"""Of PNG files: noise hardly gets smaller with more."""


def grey(image, noise):
    """A picture of brightness: uint8, shape (WIDTH, WIDTH, 2), grey and opacity (0 where nothing was seen)."""
    low, high = (np.arcsinh(limit / SOFT) for limit in GREY)
    shade = (np.arcsinh(image / (SOFT * noise)) - low) / (high - low)
    seen = np.isfinite(image)
    return np.stack([_bytes(np.where(seen, shade, 0)), 255 * seen.astype(np.uint8)], axis=-1)[::-1]


def in_colours(images, noise):
    """A picture of several bands: uint8, shape (WIDTH, WIDTH, 4), red Ks, green H, blue J, opacity.

    ``images``: band letter to brightness, ``noise``: to the noise of that band. Opaque where any band was seen.
    """
    scaled = {band: np.nan_to_num(image / noise[band]) for band, image in images.items()}
    seen = np.any([np.isfinite(image) for image in images.values()], axis=0)
    picture = np.where(seen[..., None], colours(scaled), 0)
    return np.concatenate([picture, 255 * seen[..., None]], axis=-1).astype(np.uint8)[::-1]


def _bytes(shade):
    return np.rint(255 * np.clip(shade, 0, 1)).astype(np.uint8)


def write_picture(folder, order, tile, picture):
    """Write a picture as a PNG tile."""
    write_png(tile_path(folder, order, tile, "png"), picture)


def write_png(path, picture):
    """Write uint8 of shape (ny, nx, 2 or 4) as a PNG."""
    from PIL import Image

    with whole_file(path) as partial:
        Image.fromarray(picture, "LA" if picture.shape[-1] == 2 else "RGBA").save(
            partial, format="PNG", compress_level=COMPRESSION)


def read_picture(folder, order, tile):
    """A PNG tile as uint8; None when there is none."""
    from PIL import Image

    path = tile_path(folder, order, tile, "png")
    if not path.is_file():
        return None
    with Image.open(path) as picture:
        return np.asarray(picture)
