"""A colour picture of an Atlas field: Ks red, H green, J blue, stretched so that faint and bright stars both show."""

import numpy as np
from astropy.io import fits

from processing.formats.whole import whole_file

SIZE = (256, 512)
"""Width and height of a whole field, pixels: half of the image's."""

SOFT = 4.0
"""Noise levels above the sky at which the stretch (asinh: Lupton et al. 2004) turns from linear to logarithmic."""

WHITE = 300.0
"""Noise levels of what is white; own choice, a star some magnitudes above the limit."""

SKY = 0.08
"""Brightness of the sky: dark, but not so dark that its noise is not seen."""

COLOURS = {"k": 1.6, "h": 1.1, "j": 0.7}
"""Red, green and blue, and what their signal-to-noise is multiplied by: stars, brightest at J, are nearly white."""


def colour_picture(images):
    """Red, green and blue of a field: uint8, shape (ny, nx, 3), north up and east left.

    ``images``: band letter -> array (ny, nx), DN, NaN where nothing was seen; a band that is not there is dark. One
    stretch of the mean of the bands, so that colours are kept.
    """
    return colours({band: _scaled(image) for band, image in images.items()})[::-1]


def colours(images):
    """The same of images in units of their noise above the sky (0 where nothing was seen), lines in their own order."""
    shape = next(iter(images.values())).shape
    scaled = np.stack([weight * images[band] if band in images else np.zeros(shape)
                       for band, weight in COLOURS.items()], axis=-1)  # fmt: skip
    light = np.maximum(scaled.sum(axis=-1) / max(len(images), 1), 0)
    gain = np.arcsinh(light / SOFT) / np.arcsinh(WHITE / SOFT) / np.maximum(light, 1e-3)
    bright = SKY + np.maximum(scaled, -1) * gain[..., None]
    bright /= np.maximum(bright.max(axis=-1, keepdims=True), 1)
    return np.rint(255 * np.clip(bright, 0, 1)).astype(np.uint8)


def _scaled(image):
    """In units of the noise, above the sky; 0 where nothing was seen."""
    seen = image[np.isfinite(image)]
    if not len(seen):
        return np.zeros(image.shape)
    low, sky = np.percentile(seen[::7], [15.87, 50])
    return np.nan_to_num((image - sky) / max(sky - low, 1e-3))


def write_pictures(place, seq, content):
    """Write a JPEG of each field of a finished scan; returns the paths. ``content``: of its scan.json."""
    remove_pictures(place, seq)
    fields = {}
    for image in content["images"]:
        fields.setdefault(image["coadd"], {})[image["file"].split("/")[-1][0]] = place.scan(seq) / image["file"]
    return tuple(_write(place.picture(seq, number), files) for number, files in sorted(fields.items()))


def remove_pictures(place, seq):
    """Remove those of an earlier run."""
    for path in place.picture(seq, 0).parent.glob(f"s{seq:03d}_*.jpg"):
        path.unlink()


def _write(path, files):
    from PIL import Image

    images = {band: fits.getdata(file).astype(float) for band, file in files.items()}
    picture = Image.fromarray(colour_picture(images))
    width, height = picture.size
    picture = picture.resize((max(width * SIZE[0] // 512, 1), max(height * SIZE[1] // 1024, 1)), Image.Resampling.BOX)
    with whole_file(path) as partial:
        picture.save(partial, "JPEG", quality=88)
    return path
