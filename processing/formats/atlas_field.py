"""A field: the Atlas Images of one to three bands on one common grid, and how a folder of images falls into fields."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from processing.errors import SurveyError
from processing.formats.atlas_image import LETTERS, AtlasImage, read_atlas_image
from processing.formats.atlas_scan import ScanPlace, scan_place

ENDINGS = (".fits", ".fit", ".fts")
COMPRESSED = ("", ".gz", ".bz2")

SAME_PLACE = 0.1
"""Largest difference of the grids of two bands, arcsec: the survey builds them on one grid."""


@dataclass(frozen=True, eq=False)
class Field:
    """``images``: band letter -> AtlasImage, in the order J H Ks; ``place``: where they lie in their scan."""

    images: dict[str, AtlasImage]
    place: ScanPlace

    @property
    def first(self):
        """The image that speaks for what all bands share (grid, scan, times)."""
        return next(iter(self.images.values()))

    @property
    def name(self):
        """Night, scan and coadd, as in ``990810s_s049_i209``; without the coadd when it is not known."""
        image = self.first
        coadd = "" if self.place.coadd is None else f"_i{self.place.coadd:03d}"
        return f"{image.date[2:].replace('-', '')}{image.hemis}_s{image.scan:03d}{coadd}"


def read_field(paths):
    """The field of one to three files.

    SurveyError when there is none or more than three, a band comes twice, or two images are not of the same field; the
    message names both files.
    """
    if not paths:
        raise SurveyError("no Atlas Image given: expected one to three, one for each band")
    return make_field([read_atlas_image(path) for path in paths])


def make_field(images):
    """The field of images already read; SurveyError as ``read_field``."""
    by_band = {}
    for image in images:
        if image.band in by_band:
            raise SurveyError(f"{by_band[image.band].path} and {image.path} are both of band {image.band}: "
                              "expected one image a band")
        by_band[image.band] = image
    ordered = {letter: by_band[letter] for letter in LETTERS if letter in by_band}
    first, *others = ordered.values()
    for other in others:
        _refuse_other_field(first, other)
    return Field(ordered, scan_place(first))


def fields_in(folder):
    """The fields among the Atlas Images in ``folder`` (not below it).

    Returns
    -------
    fields : list of Field
        By night, scan and place.
    refused : list of SurveyError
        Images that cannot be used and fields with a band twice; the others do not suffer from them.

    SurveyError when the folder is not there or holds no FITS file.
    """
    images, refused = [], []
    for path in fits_files(folder):
        try:
            images.append(read_atlas_image(path))
        except SurveyError as error:
            refused.append(error)
    fields = []
    for group in _groups(images):
        try:
            fields.append(make_field(group))
        except SurveyError as error:
            refused.append(error)
    return _named_apart(fields, refused), refused


def fits_files(folder):
    """Paths of the FITS files in ``folder``, sorted; SurveyError when it is no folder or has none."""
    folder = Path(folder)
    if not folder.is_dir():
        raise SurveyError(f"{folder}: no such folder")
    endings = tuple(ending + packed for ending in ENDINGS for packed in COMPRESSED)
    found = sorted(p for p in folder.iterdir() if p.is_file() and p.name.lower().endswith(endings)
                   and not p.name.startswith("."))
    if not found:
        raise SurveyError(f"{folder}: no FITS file in it: expected names that end in {', '.join(endings[::3])}, "
                          "with .gz or .bz2 where compressed")
    return found


def _refuse_other_field(first, other):
    pair = f"{first.path} and {other.path} are of different fields"
    for what in ("date", "hemis", "scan"):
        a, b = getattr(first, what), getattr(other, what)
        if a != b:
            raise SurveyError(f"{pair}: {what} {a} and {b}")
    if first.data.shape != other.data.shape:
        shapes = [f"{nx} x {ny}" for ny, nx in (first.data.shape, other.data.shape)]
        raise SurveyError(f"{pair}: {' and '.join(shapes)} pixels")
    apart = _grid_difference(first, other)
    if apart > SAME_PLACE:
        raise SurveyError(f"{pair}: their corners are up to {apart:.1f} arcsec apart")


def _grid_difference(first, other):
    """Largest distance of the corners of two images, arcsec."""
    a, b = first.corners, other.corners
    across = (np.mod(a[:, 0] - b[:, 0] + 180, 360) - 180) * np.cos(np.radians(a[:, 1]))
    return float(np.hypot(across, a[:, 1] - b[:, 1]).max() * 3600)


def _groups(images):
    """Images of one scan whose grids agree belong together; groups by night, scan and declination."""
    groups = []
    for image in sorted(images, key=lambda i: (i.date, i.hemis, i.scan, i.centre[1], i.path.name)):
        for group in groups:
            if _same_grid(group[0], image):
                group.append(image)
                break
        else:
            groups.append([image])
    return groups


def _same_grid(a, b):
    same_scan = (a.date, a.hemis, a.scan) == (b.date, b.hemis, b.scan)
    return same_scan and a.data.shape == b.data.shape and _grid_difference(a, b) <= SAME_PLACE


def _named_apart(fields, refused):
    """The fields with a name of their own; a second one of the same name goes to ``refused``."""
    kept = {}
    for field in fields:
        if field.name in kept:
            refused.append(SurveyError(f"{field.first.path} is another part of {field.name} than "
                                       f"{kept[field.name].first.path}: extract them one by one"))
        else:
            kept[field.name] = field
    return list(kept.values())
