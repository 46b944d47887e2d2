"""From the Atlas Images of a field to its folder of the working database: measure each band, merge, write.

The folder (``points.parquet``, ``extended.parquet``, ``scan.json``, ``atlas/``) appears whole or not at all.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from processing import __version__
from processing.bandmerge.catalog import catalog_columns, merge_sources
from processing.bandmerge.field_plane import FieldPlane
from processing.bandmerge.names import galactic
from processing.errors import SurveyError
from processing.extended.from_images import field_of_images
from processing.extended.measure import STEPS as EXTENDED_STEPS
from processing.extended.measure import measure_extended
from processing.formats.atlas_scan import observed_at
from processing.formats.checksum import fingerprint, sha256_of
from processing.formats.parquet import count_rows, write_parquet
from processing.formats.tables import make_table
from processing.formats.whole import whole_folder
from processing.photometry import measure_band
from processing.photometry.measure import STEPS as BAND_STEPS
from processing.schema import BANDS, load_table
from processing.formats.work_record import (
    EXTENDED_FILE, IMAGE_COLUMNS, POINTS_FILE, SCAN_COLUMNS, plain_row, read_record, settings, stamp, write_record,
)  # fmt: skip

STAGE = "extract"
MJD_ZERO = 2400000.5
NAMES = {band.letter: band.name for band in BANDS}


@dataclass(frozen=True, eq=False)
class Extraction:
    """What one field gave: ``sources`` (band letter -> BandSources), ``merged`` (MergedSources), ``points`` and
    ``extended`` (pyarrow Tables)."""

    sources: dict
    merged: object
    points: object
    extended: object = None


def extract_field(field, step=lambda what: None):
    """Measure and merge the images of ``field``; ``step`` is called with a word for each stage that begins."""
    sources = {}
    for band, image in field.images.items():
        sources[band] = measure_band(image, lambda what, name=NAMES[band]: step(f"{name} {what}"))
    step("band merge")
    plane = FieldPlane(field)
    merged = merge_sources(plane, sources)
    points = make_table(catalog_columns(plane, sources, merged), load_table("psc"), STAGE)
    found = Extraction(sources, merged, points)
    return replace(found, extended=measure_extended(field_of_images(field, found), plane, STAGE, progress=step))


def steps(field):
    """How many stages ``extract_field`` and then ``write_work`` go through."""
    return len(field.images) * len(BAND_STEPS) + len(EXTENDED_STEPS) + 2


def write_work(field, extraction, out):
    """Write the folder ``out`` of the working database; returns the content of its ``scan.json``."""
    with whole_folder(out, "scan.json") as folder:
        (folder / "atlas").mkdir()
        for band, image in field.images.items():
            (folder / image_name(field, band)).write_bytes(image.contents)
        write_parquet(folder / POINTS_FILE, extraction.points, load_table("psc"), STAGE)
        write_parquet(folder / EXTENDED_FILE, extraction.extended, load_table("xsc"), STAGE)
        content = _content(field, extraction, folder)
        write_record(folder, content)
    return content


def check_out(out):
    """SurveyError when ``out`` is there and is neither empty nor a folder that this stage wrote."""
    out = Path(out).resolve()
    if not out.exists():
        return
    if not out.is_dir():
        raise SurveyError(f"{out}: expected a folder or nothing, found a file")
    if any(out.iterdir()) and read_work(out) is None:
        raise SurveyError(f"{out}: is not empty and not written by twomass extract; name another folder")


def read_work(out):
    """Content of ``scan.json`` in ``out``; None when there is none or another stage wrote it."""
    return read_record(out, STAGE)


def is_done(field, out):
    """Whether ``out`` holds what these images give with these settings and this version, whole."""
    content = read_work(out)
    if content is None:
        return False
    wanted = {"version": __version__, "settings": settings(), "inputs": inputs(field)}
    if any(content.get(key) != value for key, value in wanted.items()):
        return False
    try:
        intact = all(fingerprint(Path(out) / image["file"]) == {key: image[key] for key in ("bytes", "sha256")}
                     for image in content["images"])
        rows = [count_rows(Path(out) / name) for name in (POINTS_FILE, EXTENDED_FILE)]
        return intact and rows == [content["rows"], content["extended"]["rows"]]
    except (OSError, KeyError, SurveyError):
        return False


def inputs(field):
    """The files read: name (without folder), band, SHA-256."""
    return [{"file": image.path.name, "band": band, "sha256": sha256_of(image.path)}
            for band, image in field.images.items()]


def image_name(field, band):
    """Name of the copy of an image in the folder: atlas/ji209.fits; atlas/j.fits when its number is not known."""
    coadd = field.place.coadd
    return f"atlas/{band}.fits" if coadd is None else f"atlas/{band}i{coadd:02d}.fits"


def _content(field, extraction, folder):
    return {
        **stamp(STAGE), "settings": settings(), "inputs": inputs(field), "rows": extraction.points.num_rows,
        "extended": {"rows": extraction.extended.num_rows},
        "scan": plain_row(_scan_row(field, extraction.sources), SCAN_COLUMNS),
        "images": [plain_row(_image_row(field, band, found, folder), IMAGE_COLUMNS)
                   for band, found in extraction.sources.items()],
    }


def _observation(field):
    image = field.first
    ra, dec = image.centre
    corners = {f"{what}_{k + 1}": value for k, corner in enumerate(image.corners)
               for what, value in zip(("ra", "dec"), corner)}
    return {"hemis": image.hemis, "date": image.date, "scan": image.scan, "ra": ra, "dec": dec,
            "airmass": image.airmass} | corners


def _scan_row(field, sources):
    """Columns of the scan as far as one field tells: the covered area is that of the images."""
    row = _observation(field)
    glon, glat = galactic([row["ra"]], [row["dec"]])
    row |= {"tile": field.first.tile, "direction": field.first.direction, "jdate": field.place.start_jd,
            "glon": glon[0], "glat": glat[0]}
    for band in BANDS:
        row |= _scan_band(band.letter, field.images.get(band.letter), sources.get(band.letter))
    return row


def _scan_band(letter, image, found):
    names = [f"{letter}_{what}" for what in ("zero_point", "seeing", "sky", "noise", "limit")]
    if image is None:
        return dict.fromkeys(names)
    limit = image.magzp - 2.5 * np.log10(10 * found.flux_noise) if found.flux_noise > 0 else None
    return dict(zip(names, (image.magzp, found.fwhm, found.sky, found.noise, limit)))


def _image_row(field, band, found, folder):
    image = field.images[band]
    ny, nx = image.data.shape
    jd = observed_at(image, field.place, (ny - 1) / 2)
    name = image_name(field, band)
    return _observation(field) | fingerprint(folder / name) | {
        "band": NAMES[band], "coadd": field.place.coadd, "naxis1": nx, "naxis2": ny, "pixel_scale": image.pixel_scale,
        "mjd": None if jd is None else jd - MJD_ZERO, "airmass": image.airmass, "magzp": image.magzp,
        "skyval": found.sky, "skysig": found.noise, "seeing": found.fwhm, "file": name,
    }
