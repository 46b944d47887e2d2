"""One raw FITS file: one sequence in one band, its two cubes of reads, its table of frames and what its header says."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from processing.config import survey
from processing.errors import SurveyError
from processing.formats.raw_checks import check_counts, check_frames, check_header
from processing.formats.raw_cube import Cube, raw_cube

FRAME_COLUMNS = ("frame", "mjd", "ra", "dec", "airmass")
@dataclass(frozen=True)
class RawFile:
    """One band of a sequence.

    ``read1``, ``read2``: Cube, DN as read out, pedestal included. ``frames``: dict of arrays: frame (from 1), mjd (UTC,
    the middle between the reads), ra, dec (deg ICRS, as reported; NaN for dark and flat), airmass. ``texp1``,
    ``texp2``: s since the reset; ``gain``: electron/DN; ``read_noise``: electron, of one read; ``saturate``: DN above
    the pedestal beyond which a read is unusable; ``nonlinearity``: per DN, measured = q (1 - nonlinearity q).
    """

    path: Path
    band: str
    read1: Cube
    read2: Cube
    frames: dict
    texp1: float
    texp2: float
    gain: float
    read_noise: float
    saturate: float
    nonlinearity: float


def read_raw_file(path, row, band, hemisphere, where):
    """The RawFile at ``path``, checked against ``row`` of the night's log; SurveyErrors begin with ``where``."""
    path = Path(path)
    if not path.is_file():
        raise SurveyError(f"{where}: the file {path.name} is missing")
    try:
        with warnings.catch_warnings(), fits.open(path) as hdus:
            warnings.simplefilter("ignore")
            parts = _parts(hdus, path, where)
    except SurveyError:
        raise
    except Exception as error:  # astropy raises many kinds on what is no FITS
        raise SurveyError(f"{where}: {path.name} is not a readable FITS file: {str(error).splitlines()[0]}") from error
    header, cubes, frames = parts
    check_header(header, row, band, hemisphere, where)
    check_counts(cubes, frames, row, where)
    check_frames(frames, row, where)
    return RawFile(path, band, cubes["READ1"], cubes["READ2"], frames, **_numbers(header, where))


def _parts(hdus, path, where):
    """Header, cubes and table of frames; the sizes of the extensions are compared with that of the file."""
    size, names = path.stat().st_size, []
    for hdu in hdus:
        info = hdu.fileinfo()
        names.append(hdu.name)
        if info["datLoc"] + info["datSpan"] > size:
            found = f"{size} bytes, expected {info['datLoc'] + info['datSpan']} or more"
            raise SurveyError(f"{where}: {path.name} is truncated in {hdu.name}: {found}")
    missing = [name for name in ("READ1", "READ2", "FRAMES") if name not in names]
    if missing:
        raise SurveyError(f"{where}: {path.name} has no extension {', '.join(missing)}; it has {', '.join(names)}")
    cubes = {name: raw_cube(hdus[name], path, where) for name in ("READ1", "READ2")}
    return hdus[0].header.copy(), cubes, _frames(hdus["FRAMES"], where)


def _frames(hdu, where):
    if not isinstance(hdu, fits.BinTableHDU):
        raise SurveyError(f"{where}: FRAMES is not a table")
    missing = [name for name in FRAME_COLUMNS if name not in hdu.columns.names]
    if missing:
        raise SurveyError(f"{where}: FRAMES has no column {', '.join(missing)}")
    for name in FRAME_COLUMNS:
        expected = "int32" if name == "frame" else "float64"
        found = hdu.data[name].dtype
        if found.newbyteorder("=") != np.dtype(expected) or hdu.data[name].ndim != 1:
            raise SurveyError(f"{where}: FRAMES column {name} has type {found.name}, expected {expected}")
    return {name: np.array(hdu.data[name], "i4" if name == "frame" else "f8") for name in FRAME_COLUMNS}


def _numbers(header, where):
    """Numbers of the header, those of survey.yaml where it has none; all positive but NONLIN, which may be 0."""
    detector, gain = survey().detector, survey().instrument.gain
    known = {"texp1": ("TEXP1", detector.read1), "texp2": ("TEXP2", detector.read2), "gain": ("GAIN", gain),
             "read_noise": ("RDNOISE", detector.read_noise), "saturate": ("SATURATE", detector.saturate),
             "nonlinearity": ("NONLIN", detector.nonlinearity)}  # fmt: skip
    numbers = {name: _number(header, key, default, where) for name, (key, default) in known.items()}
    if numbers["texp1"] >= numbers["texp2"]:
        first, second = numbers["texp1"], numbers["texp2"]
        raise SurveyError(f"{where}: header TEXP1 is {first} s, expected less than TEXP2 {second} s")
    return numbers


def _number(header, key, default, where):
    value = header.get(key, default)
    if isinstance(value, fits.card.Undefined):
        return default
    usable = isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
    if not usable or value < 0 or (value == 0 and key != "NONLIN"):
        raise SurveyError(f"{where}: header {key} is {value!r}, expected a positive number")
    return float(value)
