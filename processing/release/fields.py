"""The folders of the working database a release is made of: found, read, refused when they contradict themselves.

Such a folder is a field that ``twomass extract`` wrote, with the images of one coadd, or a whole scan that ``twomass
reduce`` wrote, with all its Atlas Images; in a scan each source is listed once.
"""

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
STAGES = ("extract", "reduce")
FAILED_KEYS = {"version": str, "stage": str, "created": str, "settings": dict, "inputs": list}
KEYS = FAILED_KEYS | {"rows": int, "scan": dict, "images": list}
"""What every scan.json holds, and what that of a failed scan does besides ``failed``."""


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

    @property
    def type(self):
        """Type of the scan, sci or cal; fields of Atlas Images are science."""
        return self.record.get("type", "sci")

    @property
    def is_whole_scan(self):
        """Whether it holds a whole scan, so that no other folder has a part of it."""
        return self.record["stage"] == "reduce"

    def outlines(self):
        """What its sources come from: lists of rows with corners, each list the images that must all cover a place."""
        return [[self.scan]] if self.is_whole_scan else list(self.coadds().values())

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


def read_fields(paths, types=("sci",)):
    """All fields in the folders ``paths``, in the order of night, scan and image whatever the order of ``paths``.

    Returns
    -------
    fields : list of Field
        Of the ``types`` of scans.
    left_out : list of dict
        The others, ``work`` (folder), ``scan`` and ``why``: scans that failed, and those of another type.

    SurveyError: a folder is missing or holds no field, a file is damaged, the files of a field disagree, two fields
    hold the same image, or nothing is left.
    """
    folders = {folder.resolve(): folder for path in paths for folder in _find(Path(path))}
    read, left_out = [], []
    for folder in sorted(folders.values()):
        record = _read_record(folder / SCAN_FILE) if (folder / SCAN_FILE).is_file() else None
        why = record and _why_not(record, types)
        if why:
            left_out.append({"work": folder.resolve().name, "scan": _label(record), "why": why})
        else:
            read.append(_read(folder, record))
    if not read:
        raise SurveyError(f"nothing to release: {left_out[0]['scan']} is left out ({left_out[0]['why']}), "
                          f"and so are {len(left_out) - 1} others")
    fields = sorted(read, key=_field_order)
    _refuse_repeats(fields)
    return fields, left_out


def _why_not(record, types):
    """Why a folder is not used; "" when it is."""
    if "failed" in record:
        return record["failed"]
    kind = record.get("type", "sci")
    return "" if kind in types else f"type {kind}"


def _label(record):
    scan = record["id"] if "failed" in record else record["scan"]
    return scan_label((scan["date"], scan["hemis"], scan["scan"]))


def _find(path):
    """The WORK folders at or under ``path``."""
    if not path.is_dir():
        raise SurveyError(f"{path}: no such folder; make one with twomass extract or reduce --out {path}")
    if any((path / name).exists() for name in (SCAN_FILE, POINTS_FILE)):
        return [path]
    found = sorted(file.parent for file in path.rglob(SCAN_FILE) if not is_partial(file.relative_to(path)))
    if not found:
        raise SurveyError(f"{path}: no extracted field in it (a folder with {SCAN_FILE} and {POINTS_FILE}); "
                          "make one with twomass extract or reduce")
    return found


def _read(folder, record):
    for name in (SCAN_FILE, POINTS_FILE):
        if not (folder / name).is_file():
            raise SurveyError(f"{folder}: not a whole field, {name} is missing; run twomass extract or reduce again")
    points = read_parquet(folder / POINTS_FILE, load_table("psc"), "extract")
    field = Field(folder, record, points)
    _check_agreement(field)
    return field


def _read_record(file):
    try:
        record = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise SurveyError(f"{file}: cannot be read as JSON: {error}") from error
    failed = isinstance(record, dict) and "failed" in record
    for key, kind in (FAILED_KEYS | {"id": dict, "failed": str} if failed else KEYS).items():
        if not isinstance(record, dict) or not isinstance(record.get(key), kind):
            raise SurveyError(f"{file}: {key} is missing or not {kind.__name__}")
    if failed:
        return record
    if record["stage"] not in STAGES or not record["images"]:
        raise SurveyError(f"{file}: expected the stage {' or '.join(STAGES)} with at least one image, "
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
