"""The extracted fields a release is made of: found, read, and refused when they contradict themselves."""

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from processing.errors import SurveyError
from processing.formats.checksum import check_fingerprint, sha256_of
from processing.formats.parquet import read_parquet
from processing.formats.whole import is_partial
from processing.schema import BANDS, load_table

SCAN_FILE, POINTS_FILE = "scan.json", "points.parquet"
KEYS = {"version": str, "stage": str, "created": str, "settings": dict, "inputs": list, "rows": int, "scan": dict,
        "images": list}
"""What every scan.json holds."""


@dataclass(frozen=True)
class Field:
    """One WORK folder: ``points`` (pyarrow, the 60 columns), ``scan`` and ``images`` (rows as dictionaries)."""

    path: Path
    record: dict
    points: pa.Table

    @property
    def scan(self):
        return self.record["scan"]

    @property
    def images(self):
        return self.record["images"]

    @property
    def scan_id(self):
        return self.scan["date"], self.scan["hemis"], self.scan["scan"]

    def coadds(self):
        """Its images, band by band in J, H, Ks order, under the number of their coadd (None when unknown)."""
        found = {}
        for image in sorted(self.images, key=_image_order):
            found.setdefault(image["coadd"], []).append(image)
        return found

    def provenance(self):
        """What release.json says of it."""
        keys = ("version", "created", "settings", "inputs", "rows")
        return {"work": self.path.resolve().name, "scan": scan_label(self.scan_id), **{k: self.record[k] for k in keys},
                "points_sha256": sha256_of(self.path / POINTS_FILE)}


def scan_label(scan_id):
    """How a message names a scan: ``990810s scan 049``."""
    date, hemis, scan = scan_id
    return f"{night_name(date, hemis)} scan {scan:03d}"


def night_name(date, hemis):
    """The folder name of a night, yymmdd and the hemisphere's letter, from a date yyyy-mm-dd."""
    return date[2:].replace("-", "") + hemis


def read_fields(paths):
    """All fields in the folders ``paths``, in the order of night, scan and image whatever the order of ``paths``.

    SurveyError: a folder is missing or holds no field, a file is damaged, the files of a field disagree, or two fields
    hold the same image.
    """
    folders = {folder.resolve(): folder for path in paths for folder in _find(Path(path))}
    fields = sorted((_read(folder) for folder in folders.values()), key=_field_order)
    _refuse_repeats(fields)
    return fields


def _find(path):
    """The WORK folders at or under ``path``."""
    if not path.is_dir():
        raise SurveyError(f"{path}: no such folder; make one with twomass extract --out {path}")
    if any((path / name).exists() for name in (SCAN_FILE, POINTS_FILE)):
        return [path]
    found = sorted(file.parent for file in path.rglob(SCAN_FILE) if not is_partial(file.relative_to(path)))
    if not found:
        raise SurveyError(f"{path}: no extracted field in it (a folder with {SCAN_FILE} and {POINTS_FILE}); "
                          "make one with twomass extract")
    return found


def _read(folder):
    for name in (SCAN_FILE, POINTS_FILE):
        if not (folder / name).is_file():
            raise SurveyError(f"{folder}: not a whole field, {name} is missing; run twomass extract again")
    points = read_parquet(folder / POINTS_FILE, load_table("psc"), "extract")
    field = Field(folder, _read_record(folder / SCAN_FILE), points)
    _check_agreement(field)
    return field


def _read_record(file):
    try:
        record = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise SurveyError(f"{file}: cannot be read as JSON: {error}") from error
    for key, kind in KEYS.items():
        if not isinstance(record, dict) or not isinstance(record.get(key), kind):
            raise SurveyError(f"{file}: {key} is missing or not {kind.__name__}")
    if record["stage"] != "extract" or not record["images"]:
        raise SurveyError(f"{file}: expected the stage extract with at least one image, "
                          f"found {record['stage']} with {len(record['images'])}")
    _check_rows([record["scan"]], "scans", ("scan_key", "points"), file)
    _check_rows(record["images"], "atlas", ("atlas_key", "coadd_key", "scan_key", "points"), file)
    return record


def _check_rows(rows, table, but, file):
    """Each row has the columns of ``table`` except those that only a release can fill."""
    wanted = {name for name in load_table(table).names if name not in but}
    for row in rows:
        wrong = sorted(wanted ^ set(row))
        if wrong:
            raise SurveyError(f"{file}: a row of {table} misses, or has unknown, {', '.join(wrong)}")


def _check_agreement(field):
    """scan.json, points.parquet and the images speak of the same rows, scan, coadds and files."""
    if field.points.num_rows != field.record["rows"]:
        raise SurveyError(f"{field.path}: {SCAN_FILE} says {field.record['rows']} rows, "
                          f"{POINTS_FILE} holds {field.points.num_rows}")
    for column, value in zip(("date", "hemis", "scan"), field.scan_id):
        _check_column(field, column, {value})
        for image in field.images:
            if image[column] != value:
                raise SurveyError(f"{field.path}: image {image['file']} has {column} {image[column]}, the scan {value}")
    _check_column(field, "coadd", set(field.coadds()))
    for coadd, images in field.coadds().items():
        bands = [image["band"] for image in images]
        if len(set(bands)) != len(bands):
            raise SurveyError(f"{field.path}: coadd {coadd} has two images of one band: {', '.join(bands)}")
    for image in field.images:
        check_fingerprint(field.path / image["file"], image)


def _check_column(field, column, allowed):
    wrong = set(pc.unique(field.points[column]).to_pylist()) - allowed
    if wrong:
        raise SurveyError(f"{field.path}: {POINTS_FILE} has {column} {wrong.pop()}, "
                          f"{SCAN_FILE} {', '.join(str(value) for value in allowed)}")


def _refuse_repeats(fields):
    seen = {}
    for field in fields:
        for coadd in field.coadds():
            other = seen.setdefault((field.scan_id, coadd), field)
            if other is not field:
                raise SurveyError(f"{scan_label(field.scan_id)} coadd {coadd} comes twice: "
                                  f"in {other.path} and in {field.path}; name one of them")


def _image_order(image):
    return image["coadd"] is not None, image["coadd"] or 0, [band.name for band in BANDS].index(image["band"])


def _field_order(field):
    return field.scan_id, [(coadd is not None, coadd or 0) for coadd in field.coadds()]
