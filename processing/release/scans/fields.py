"""The folders of the working database a release is made of: found, read, refused when they contradict themselves.

Such a folder is a field that ``twomass extract`` wrote, with the images of one coadd, or a whole scan that ``twomass
reduce`` wrote, with all its Atlas Images; in a scan each source is listed once. What is kept of each here is little,
however many there are; points and images are read, and checked, scan by scan (``read_whole``).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from processing.errors import SurveyError
from processing.formats.checksum import check_fingerprint, sha256_of
from processing.formats.parquet import read_parquet
from processing.formats.whole import is_partial
from processing.formats.work_record import IMAGE_COLUMNS, SCAN_COLUMNS
from processing.release.scans.footprint import CORNERS, outline_of
from processing.schema import BANDS, load_table

SCAN_FILE, POINTS_FILE = "scan.json", "points.parquet"
STAGES = ("extract", "reduce")
FAILED_KEYS = {"version": str, "stage": str, "created": str, "settings": dict, "inputs": list}
KEYS = FAILED_KEYS | {"rows": int, "scan": dict, "images": list}
"""What every scan.json holds, and what that of a failed scan does besides ``failed``."""


@dataclass(frozen=True, eq=False)
class Field:
    """What is kept of one WORK folder.

    ``scan``: row of the table of scans, as far as it is known; ``type``: sci or cal, fields of Atlas Images are
    science; ``coadds``: numbers of its coadds, sorted (None when unknown); ``outline``: what its sources come from
    (``footprint``); ``images`` and ``rows``: how many; ``created``: time, ISO; ``score`` from 0 to 10, None when nothing
    says it; ``psp``: band letter -> number.
    """

    path: Path
    scan: dict
    type: str
    coadds: tuple
    outline: list
    images: int
    rows: int
    created: str
    score: int | None
    psp: dict

    @property
    def scan_id(self):
        return self.scan["date"], self.scan["hemis"], self.scan["scan"]


def field_of(path, record):
    """The Field in folder ``path`` with this ``scan.json``."""
    coadds, whole = images_of(record), record["stage"] == "reduce"
    quality = record.get("quality") or {}
    return Field(path, record["scan"], record.get("type", "sci"), tuple(coadds),
                 outline_of([[record["scan"]]] if whole else coadds.values()), len(record["images"]),
                 record["rows"], record["created"], quality.get("score"), _psp(quality))  # fmt: skip


def images_of(record):
    """The images of a scan.json, band by band in J, H, Ks order, under the number of their coadd (None if unknown)."""
    found = {}
    for image in sorted(record["images"], key=_image_order):
        found.setdefault(image["coadd"], []).append(image)
    return found


def _psp(quality):
    from processing.night.scan_quality import psp

    return {band: psp(found) for band, found in quality.get("bands", {}).items()}


def provenance(field, record):
    """What release.json says of a field with this ``scan.json``; its ``settings`` are listed apart, once each."""
    keys = ("version", "created", "inputs", "rows")
    return {"work": field.path.resolve().name, "scan": scan_label(field.scan_id), **{k: record[k] for k in keys},
            "settings": settings_key(record), "points_sha256": sha256_of(field.path / POINTS_FILE)}


def settings_key(record):
    """A name for the settings of a scan.json: the same for the same."""
    import hashlib

    return hashlib.sha256(json.dumps(record["settings"], sort_keys=True).encode()).hexdigest()[:16]


def scan_label(scan_id):
    """How a message names a scan: ``990810s scan 049``."""
    date, hemis, scan = scan_id
    return f"{night_name(date, hemis)} scan {scan:03d}"


def night_name(date, hemis):
    """The folder name of a night, yymmdd and the hemisphere's letter, from a date yyyy-mm-dd."""
    return date[2:].replace("-", "") + hemis


def read_fields(paths):
    """All fields in the folders ``paths``, in the order of night, scan and image whatever the order of ``paths``.

    Returns
    -------
    fields : list of Field
    failed : list of dict
        Scans that failed: ``work`` (folder), ``scan`` and ``why``.

    SurveyError: a folder is missing or holds no field, a record is damaged, or two fields hold the same image.
    """
    folders = {folder.resolve(): folder for path in paths for folder in _find(Path(path))}
    fields, failed = [], []
    for folder in sorted(folders.values()):
        record = read_record(folder / SCAN_FILE) if (folder / SCAN_FILE).is_file() else None
        if record and "failed" in record:
            failed.append(_failure(folder, record))
        else:
            fields.append(_read(folder, record))
    fields.sort(key=_field_order)
    _refuse_repeats(fields)
    return fields, failed


def read_whole(field):
    """The ``scan.json`` of a field and its points (pyarrow, the 60 columns), after all that can be checked.

    SurveyError: a file is damaged or missing, or record, points and images contradict each other.
    """
    record = read_record(field.path / SCAN_FILE)
    points = read_parquet(field.path / POINTS_FILE, load_table("psc"), "extract")
    _check_agreement(field, record, points)
    return record, points


def left_out(field, why):
    """How release.json says that a field was not used; ``corners`` (deg) say where it would have been."""
    corners = [[field.scan[f"{way}_{n}"] for way in ("ra", "dec")] for n in CORNERS]
    return {"work": field.path.resolve().name, "scan": scan_label(field.scan_id), "why": why, "type": field.type,
            "corners": corners}


def _failure(folder, record):
    scan_id = tuple(record["id"][name] for name in ("date", "hemis", "scan"))
    return {"work": folder.resolve().name, "scan": scan_label(scan_id), "why": record["failed"],
            "type": record.get("type", "sci")}


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
    return field_of(folder, record)


def read_record(file):
    """The content of a ``scan.json``; SurveyError when it lacks something or cannot be read."""
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
    _check_rows([record["scan"]], "scans", SCAN_COLUMNS, file)
    _check_rows(record["images"], "atlas", IMAGE_COLUMNS, file)
    return record


def _check_rows(rows, table, wanted, file):
    """Each row has the columns ``wanted`` of a table."""
    wanted = set(wanted)
    for row in rows:
        wrong = sorted(wanted ^ set(row))
        if wrong:
            raise SurveyError(f"{file}: a row of {table} misses, or has unknown, {', '.join(wrong)}")


def _check_agreement(field, record, points):
    """scan.json, points.parquet and the images speak of the same rows, scan, coadds and files."""
    if points.num_rows != record["rows"]:
        raise SurveyError(f"{field.path}: {SCAN_FILE} says {record['rows']} rows, "
                          f"{POINTS_FILE} holds {points.num_rows}")
    for column, value in zip(("date", "hemis", "scan"), field.scan_id):
        check_column(field, points, column, {value})
        for image in record["images"]:
            if image[column] != value:
                raise SurveyError(f"{field.path}: image {image['file']} has {column} {image[column]}, the scan {value}")
    check_column(field, points, "coadd", set(field.coadds))
    for coadd, images in images_of(record).items():
        bands = [image["band"] for image in images]
        if len(set(bands)) != len(bands):
            raise SurveyError(f"{field.path}: coadd {coadd} has two images of one band: {', '.join(bands)}")
    for image in record["images"]:
        check_fingerprint(field.path / image["file"], image)


def check_column(field, rows, column, allowed, file=POINTS_FILE):
    """SurveyError when a column of the ``rows`` (pyarrow) of ``file`` has other values than the ``allowed`` ones."""
    wrong = set(pc.unique(rows[column]).to_pylist()) - allowed
    if wrong:
        raise SurveyError(f"{field.path}: {file} has {column} {wrong.pop()}, "
                          f"{SCAN_FILE} {', '.join(str(value) for value in allowed)}")


def _refuse_repeats(fields):
    seen = {}
    for field in fields:
        for coadd in field.coadds:
            other = seen.setdefault((field.scan_id, coadd), field)
            if other is not field:
                raise SurveyError(f"{scan_label(field.scan_id)} coadd {coadd} comes twice: "
                                  f"in {other.path} and in {field.path}; name one of them")


def _image_order(image):
    return image["coadd"] is not None, image["coadd"] or 0, [band.name for band in BANDS].index(image["band"])


def _field_order(field):
    return field.scan_id, [(coadd is not None, coadd or 0) for coadd in field.coadds]
