"""The images of a release where DaCHS can serve them: below its folder of inputs, with a small picture of each.

A field that several bands show has a picture in colours besides.

A file is hard-linked where the file system and its permissions allow it and copied otherwise. All images of a store are
in one folder that gets its name when it is whole.
"""

import os
import shutil
from pathlib import Path

import numpy as np

from processing.formats.whole import whole_folder
from processing.publish.links import colour_name

FOLDER = "releases"
"""Below the folder of inputs; each store has a folder in it."""

PREVIEW_HEIGHT = 512
"""Pixels that a preview has at most."""


def preview_name(file):
    """Path of the preview of an image, both relative to the store's folder."""
    return "previews/" + str(Path(file).with_suffix(".jpg"))


def place_images(place, store, release, report):
    """Put the images of ``release`` and their previews into the folder of ``store``, unless they are there."""
    folder = place.inputs / FOLDER / store
    if folder.exists():
        return
    account = place.account
    with whole_folder(folder) as partial:
        for field in _fields(release):
            for name in field:
                link_or_copy(release.path / name, partial / name, account)
                report(1)
            _write_previews(partial, field)
        give_to(partial, account)
    _give(folder.parent, account)


def drop_images(place, store):
    """Remove what place_images made."""
    shutil.rmtree(place.inputs / FOLDER / store, ignore_errors=True)


def link_or_copy(source, target, account):
    target.parent.mkdir(parents=True, exist_ok=True)
    if _readable_by(source, account):
        try:
            os.link(source, target)
            return
        except OSError:
            pass  # another file system, or a protected file: copied below
    shutil.copyfile(source, target)
    target.chmod(0o644)


def _readable_by(path, account):
    status = path.stat()
    return bool(status.st_mode & 0o004) or (status.st_uid == account.pw_uid and bool(status.st_mode & 0o400))


def _fields(release):
    """The images of the release, field by field: lists of their paths in it."""
    fields = {}
    for path in release.image_files():
        name = path.relative_to(release.path).as_posix()
        fields.setdefault(colour_name(name), []).append(name)
    return fields.values()


def _write_previews(folder, field):
    """The picture of each image of a field (paths in ``folder``), and that of the field when it has several."""
    from astropy.io import fits

    pixels = {name: fits.getdata(folder / name) for name in field}
    for name, image in pixels.items():
        _write_picture(folder / preview_name(name), preview(image))
    if len(field) > 1:
        _write_picture(folder / colour_name(field[0]), colour_preview(pixels))


def _write_picture(target, picture):
    """As a JPEG with as much room for colours as for brightness: stars are as small as its blocks."""
    from PIL import Image

    target.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(target, format="JPEG", quality=85, subsampling=0)
    target.chmod(0o644)


def colour_preview(images):
    """A picture of a field: uint8, shape (ny, nx, 3), red Ks, green H, blue J, as large as those of its images.

    ``images``: path, of which the name begins with the letter of the band, to pixels; those that do not have the shape
    of the first are left out.
    """
    from processing.quality.picture import colour_picture

    shape = next(iter(images.values())).shape
    step = -(-max(shape) // PREVIEW_HEIGHT)
    return colour_picture({Path(name).name[0]: _averaged(image, step) for name, image in images.items()
                           if image.shape == shape})  # fmt: skip


def _averaged(pixels, step):
    """Means of blocks of ``step`` by ``step`` pixels from the upper edge down, those that are whole; NaN where none was
    seen."""
    lines, columns = (size // step for size in pixels.shape)
    blocks = pixels[pixels.shape[0] - lines * step:, :columns * step].reshape(lines, step, columns, step)
    seen = np.isfinite(blocks)
    number = seen.sum(axis=(1, 3))
    total = np.where(seen, blocks, 0).sum(axis=(1, 3), dtype=float)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def preview(pixels):
    """A picture of an image: shape (ny, nx) to uint8, north up, at most PREVIEW_HEIGHT lines; NaN is black.

    The sky is dark grey, and the grey scale grows with the inverse hyperbolic sine of the height above the sky in units
    of its noise: linear in the noise, logarithmic in the stars.
    """
    step = -(-max(pixels.shape) // PREVIEW_HEIGHT)
    small = np.asarray(pixels, dtype=float)[::-step, ::step]
    finite = np.isfinite(small)
    if not finite.any():
        return np.zeros(small.shape, dtype=np.uint8)
    low, sky = np.percentile(small[finite], [15.87, 50])
    height = np.arcsinh((small - sky) / max(3 * (sky - low), 1e-9))
    bottom, top = np.percentile(height[finite], [1, 99.8])
    scaled = (height - bottom) / max(top - bottom, 1e-9)
    return np.where(finite, np.clip(scaled, 0, 1) * 255, 0).astype(np.uint8)


def give_to(folder, account):
    """Make the account the owner of the folders (not of the files: a linked one is still the release's)."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
            _give(path, account)


def _give(path, account):
    if os.getuid() == 0:
        os.chown(path, account.pw_uid, account.pw_gid)
