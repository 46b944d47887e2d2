"""The images of a release where DaCHS can serve them: below its folder of inputs, with a small picture of each.

A file is hard-linked where the file system and its permissions allow it and copied otherwise. All images of a store are
in one folder that gets its name when it is whole.
"""

import os
import shutil
from pathlib import Path

import numpy as np

from processing.formats.whole import whole_folder

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
        for path in release.image_files():
            name = path.relative_to(release.path)
            _link_or_copy(path, partial / name, account)
            _write_preview(path, partial / preview_name(name))
            report(1)
        _give_to(partial, account)
    _give(folder.parent, account)


def drop_images(place, store):
    """Remove what place_images made."""
    shutil.rmtree(place.inputs / FOLDER / store, ignore_errors=True)


def _link_or_copy(source, target, account):
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


def _write_preview(source, target):
    from astropy.io import fits
    from PIL import Image

    with fits.open(source) as hdus:
        grey = preview(hdus[0].data)
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(grey).save(target, format="JPEG", quality=85)
    target.chmod(0o644)


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


def _give_to(folder, account):
    """Make the account the owner of the folders (not of the files: a linked one is still the release's)."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
            _give(path, account)


def _give(path, account):
    if os.getuid() == 0:
        os.chown(path, account.pw_uid, account.pw_gid)
