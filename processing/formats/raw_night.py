"""The raw night: its log (``night.ecsv``) and its sequences, each one FITS file a band (see raw_file).

    night = read_night("raw/970611n")
    for row in night.of_type("sci"):
        scan = read_sequence(night, row.seq)
        scan["j"].read2[0:6]                     uint16, shape (6, 256, 256), read from the disk here

A damaged log is an error of the night; anything wrong with a sequence is an error of that sequence alone.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
from astropy.table import Table

from processing.errors import SurveyError
from processing.formats.raw_file import FRAME_COLUMNS, read_raw_file
from processing.schema import BANDS

LETTERS = tuple(band.letter for band in BANDS)
TYPES = {"sci": "ns", "cal": "ns", "dark": "-", "flat": "-"}
"""Types of sequence and the directions that they may have."""

LOG_COLUMNS = {"seq": "i", "type": "U", "tile": "U", "direction": "U", "start": "U", "ra": "f", "dec": "f",
               "airmass": "f", "nframes": "i"}  # fmt: skip
"""Columns of night.ecsv and the kind of their values (numpy's letters)."""

FEWEST_FRAMES = 12
LOG = "night.ecsv"


@dataclass(frozen=True)
class Sequence:
    """A row of the night's log.

    ``seq``: scan number; ``type``: sci, cal, dark or flat; ``tile``: tile number, calibration field or "";
    ``direction``: n, s or -; ``start``: UTC, ISO 8601; ``ra``, ``dec`` (deg ICRS), ``airmass``: first frame's, NaN
    for dark and flat.
    """

    seq: int
    type: str
    tile: str
    direction: str
    start: str
    ra: float
    dec: float
    airmass: float
    nframes: int

    @property
    def on_sky(self):
        """Whether its frames have positions."""
        return self.type in ("sci", "cal")

    def file_name(self, band):
        """Name of the file of ``band``."""
        return f"{self.type}{self.seq:03d}_{band}.fits"


@dataclass(frozen=True)
class Night:
    """One telescope-night: its folder, its name (yymmdd and hemisphere) and its sequences in the order of the log."""

    path: Path
    name: str
    sequences: tuple

    @property
    def hemisphere(self):
        """n or s."""
        return self.name[-1]

    @property
    def date(self):
        """The UT day at sunrise, yyyy-mm-dd."""
        return night_date(self.name).isoformat()

    def of_type(self, *types):
        """The sequences of these types."""
        return [row for row in self.sequences if row.type in types]

    def sequence(self, seq):
        """The sequence number ``seq``; SurveyError when the log has none."""
        for row in self.sequences:
            if row.seq == seq:
                return row
        raise SurveyError(f"{self.name}: the night log has no scan {seq}")


def night_date(name):
    """The date of a night called ``name``; SurveyError when that is no night's name."""
    if not re.fullmatch(r"\d{6}[ns]", name):
        raise SurveyError(f"{name}: expected a night's name, yymmdd and n or s")
    century = 1900 if int(name[:2]) >= 70 else 2000
    try:
        return date(century + int(name[:2]), int(name[2:4]), int(name[4:6]))
    except ValueError as error:
        raise SurveyError(f"{name}: expected a night's name, yymmdd and n or s: {error}") from error


def read_night(path):
    """The Night in the folder ``path``; SurveyError when its name or its log is not as the format says."""
    path = Path(path)
    name = path.resolve().name
    night_date(name)
    log = _read_log(path / LOG, name)
    columns = [_column(log, column, kind, name) for column, kind in LOG_COLUMNS.items()]
    sequences = tuple(Sequence(*values) for values in zip(*columns))
    numbers = [row.seq for row in sequences]
    twice = sorted({n for n in numbers if numbers.count(n) > 1})
    if twice:
        raise SurveyError(f"{name}: {LOG} lists scan {twice[0]} more than once")
    return Night(path, name, sequences)


def _read_log(path, name):
    if not path.is_file():
        raise SurveyError(f"{name}: {LOG} is missing")
    try:
        log = Table.read(path, format="ascii.ecsv")
    except Exception as error:  # astropy's reader raises many kinds
        raise SurveyError(f"{name}: {LOG} cannot be read: {str(error).splitlines()[0]}") from error
    missing = [column for column in LOG_COLUMNS if column not in log.colnames]
    if missing:
        raise SurveyError(f"{name}: {LOG} has no column {', '.join(missing)}")
    if not len(log):
        raise SurveyError(f"{name}: {LOG} lists no sequence")
    return log


def _column(log, column, kind, name):
    """Values as Python's own; astropy reads an empty string as masked."""
    values = log[column]
    if values.dtype.kind != kind:
        raise SurveyError(f"{name}: {LOG} column {column} has type {values.dtype}, expected {_word(kind)}")
    masked = np.ma.getmaskarray(values)
    if kind == "i" and masked.any():
        raise SurveyError(f"{name}: {LOG} column {column} has no value in row {np.argmax(masked) + 1}")
    filled = np.ma.filled(values, {"U": "", "f": np.nan, "i": 0}[kind])
    return [value.strip() if kind == "U" else value for value in np.asarray(filled).tolist()]


def _word(kind):
    return {"i": "int64", "f": "float64", "U": "string"}[kind]


def read_sequence(night, seq, bands=LETTERS):
    """The files of one sequence, as a dict from band letter to RawFile.

    Everything but the pixels is read and checked: against the format, the night's log and between the bands. Missing
    numbers of the header come from survey.yaml. SurveyError names night, scan and band, what was expected and found.
    """
    row = night.sequence(seq)
    where = f"{night.name} scan {row.seq:03d}"
    _check_row(row, where)
    files = {}
    for band in bands:
        path = night.path / row.file_name(band)
        files[band] = read_raw_file(path, row, band, night.hemisphere, f"{where} band {band}")
    first = files[bands[0]]
    for band, file in files.items():
        for column in FRAME_COLUMNS:
            if not np.array_equal(file.frames[column], first.frames[column], equal_nan=True):
                raise SurveyError(f"{where} band {band}: FRAMES column {column} differs from band {first.band}'s")
    return files


def _check_row(row, where):
    if row.seq < 1:
        raise SurveyError(f"{where}: expected scan numbers from 1")
    if row.type not in TYPES:
        raise SurveyError(f"{where}: type {row.type!r} in {LOG}, expected {', '.join(TYPES)}")
    if len(row.direction) != 1 or row.direction not in TYPES[row.type]:
        expected = " or ".join(TYPES[row.type])
        raise SurveyError(f"{where}: direction {row.direction!r} of type {row.type} in {LOG}, expected {expected}")
    if row.nframes < FEWEST_FRAMES:
        raise SurveyError(f"{where}: {row.nframes} frames in {LOG}, expected at least {FEWEST_FRAMES}")
    if row.on_sky and not (0 <= row.ra <= 360 and -90 <= row.dec <= 90 and row.airmass > 0):
        raise SurveyError(f"{where}: ra {row.ra}, dec {row.dec}, airmass {row.airmass} in {LOG}, expected numbers")
    if row.on_sky and not row.tile:
        raise SurveyError(f"{where}: no tile in {LOG}, expected one for type {row.type}")
    try:
        datetime.fromisoformat(row.start)
    except ValueError as error:
        raise SurveyError(f"{where}: start {row.start!r} in {LOG}, expected an ISO 8601 time") from error
