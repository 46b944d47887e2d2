"""One raw FITS file: one sequence in one band, its two cubes of reads, its table of frames and what its header says."""

import warnings
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from processing.config import survey
from processing.errors import SurveyError

SIDE = 256
FRAME_COLUMNS = ("frame", "mjd", "ra", "dec", "airmass")
START_TOLERANCE = 0.0015
"""Seconds by which DATE-OBS may differ from the log: both are written to the millisecond."""

POSITION_TOLERANCE = 0.01
"""Degrees by which the first frame may differ from the log: another field is further away."""


@dataclass(frozen=True)
class Cube:
    """The reads of a sequence on the disk: ``cube[3:9]`` reads planes, uint16, shape (n, 256, 256) for a slice.

    ``offset`` is where plain pixels begin in the file (bytes), None when they are Rice-compressed. Nothing stays open.
    """

    path: Path
    name: str
    shape: tuple
    offset: int | None
    where: str
    dtype = np.dtype(np.uint16)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, key):
        try:
            return self._plain(key) if self.offset is not None else self._compressed(key)
        except IndexError:
            raise
        except Exception as error:  # a file that changed or a damaged stream: many kinds
            raise SurveyError(f"{self.where}: {self.name} cannot be read: {str(error).splitlines()[0]}") from error

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self[:], dtype)

    def _plain(self, key):
        disk = np.memmap(self.path, ">i2", "r", self.offset, self.shape)
        return np.asarray(disk[key]).astype(np.int16).view(np.uint16) ^ np.uint16(0x8000)

    def _compressed(self, key):
        with warnings.catch_warnings(), fits.open(self.path) as hdus:
            warnings.simplefilter("error", AstropyWarning)
            return np.asarray(hdus[self.name].section[key]).astype(np.uint16)


@dataclass(frozen=True)
class RawFile:
    """One band of a sequence.

    ``read1``, ``read2``: Cube, DN as read out, pedestal included. ``frames``: dict of arrays: frame (from 1), mjd (UTC,
    the middle between the reads), ra, dec (deg ICRS, as reported; NaN for dark and flat), airmass. ``texp1``, ``texp2``:
    s since the reset; ``gain``: electron/DN; ``read_noise``: electron, of one read; ``saturate``: DN above the pedestal
    beyond which a read is unusable; ``nonlinearity``: per DN, measured = q (1 - nonlinearity q).
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
    _check_header(header, row, band, hemisphere, where)
    _check_counts(cubes, frames, row, where)
    _check_frames(frames, row, where)
    return RawFile(path, band, cubes["READ1"], cubes["READ2"], frames, **_numbers(header, where))


def _parts(hdus, path, where):
    """Header, cubes and table of frames; the sizes of the extensions are compared with that of the file."""
    size, names = path.stat().st_size, []
    for hdu in hdus:
        info = hdu.fileinfo()
        names.append(hdu.name)
        if info["datLoc"] + info["datSpan"] > size:
            expected = info["datLoc"] + info["datSpan"]
            raise SurveyError(f"{where}: {path.name} is truncated in {hdu.name}: {size} bytes, expected {expected} or more")
    missing = [name for name in ("READ1", "READ2", "FRAMES") if name not in names]
    if missing:
        raise SurveyError(f"{where}: {path.name} has no extension {', '.join(missing)}; it has {', '.join(names)}")
    cubes = {name: _cube(hdus[name], path, where) for name in ("READ1", "READ2")}
    return hdus[0].header.copy(), cubes, _frames(hdus["FRAMES"], where)


def _cube(hdu, path, where):
    if not isinstance(hdu, fits.ImageHDU | fits.CompImageHDU):
        raise SurveyError(f"{where}: {hdu.name} is not an image")
    shape = tuple(int(n) for n in hdu.shape)
    if len(shape) != 3 or shape[1:] != (SIDE, SIDE):
        raise SurveyError(f"{where}: {hdu.name} has shape {_times(shape)}, expected frames x {SIDE} x {SIDE}")
    header = hdu.header
    found = hdu.header.get("BITPIX"), header.get("BZERO", 0), header.get("BSCALE", 1)
    if found != (16, 32768, 1):
        raise SurveyError(f"{where}: {hdu.name} has BITPIX, BZERO, BSCALE {found}, expected 16, 32768, 1 (uint16)")
    offset = None if isinstance(hdu, fits.CompImageHDU) else hdu.fileinfo()["datLoc"]
    return Cube(path, hdu.name, shape, offset, where)


def _times(shape):
    return " x ".join(str(n) for n in shape) or "none"


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


def _check_header(header, row, band, hemisphere, where):
    """What the header says must not contradict the log; what it does not say the log tells."""
    said = {"BAND": band, "HEMIS": hemisphere, "SCANNO": row.seq, "SCANDIR": row.direction, "TYPE": row.type,
            "TILE": row.tile}  # fmt: skip
    for key, expected in said.items():
        found = header.get(key, expected)
        if str(found).strip() != str(expected):
            raise SurveyError(f"{where}: header {key} is {found!r}, expected {expected!r}")
    found = str(header.get("DATE-OBS", row.start)).strip()
    try:
        apart = abs((datetime.fromisoformat(found) - datetime.fromisoformat(row.start)).total_seconds())
    except (ValueError, TypeError) as error:
        raise SurveyError(f"{where}: header DATE-OBS is {found!r}, expected {row.start!r}") from error
    if apart > START_TOLERANCE:
        raise SurveyError(f"{where}: header DATE-OBS is {found!r}, the night log has {row.start!r}")


def _check_counts(cubes, frames, row, where):
    listed = len(frames["frame"])
    for name, cube in cubes.items():
        if len(cube) != listed:
            raise SurveyError(f"{where}: {name} has {len(cube)} frames, FRAMES lists {listed}")
    if listed != row.nframes:
        raise SurveyError(f"{where}: FRAMES lists {listed} frames, the night log {row.nframes}")


def _check_frames(frames, row, where):
    if not np.array_equal(frames["frame"], np.arange(1, row.nframes + 1)):
        raise SurveyError(f"{where}: FRAMES column frame is not 1 to {row.nframes}")
    if not np.all(np.isfinite(frames["mjd"])) or np.any(np.diff(frames["mjd"]) <= 0):
        raise SurveyError(f"{where}: FRAMES column mjd does not grow from frame to frame")
    if row.on_sky:
        _check_positions(frames, row, where)


def _check_positions(frames, row, where):
    for name in ("ra", "dec", "airmass"):
        if not np.all(np.isfinite(frames[name])):
            raise SurveyError(f"{where}: FRAMES column {name} has no value for frame {_first_bad(frames[name])}")
    ra, dec = frames["ra"][0], frames["dec"][0]
    across = ((ra - row.ra + 180) % 360 - 180) * np.cos(np.radians(dec))
    if np.hypot(across, dec - row.dec) > POSITION_TOLERANCE:
        raise SurveyError(
            f"{where}: first frame at {ra:.4f} {dec:+.4f}, the night log has {row.ra:.4f} {row.dec:+.4f}"
        )
    way = "n" if frames["dec"][-1] > dec else "s"
    if way != row.direction:
        raise SurveyError(f"{where}: declination goes {way} in FRAMES, direction is {row.direction} in the night log")


def _first_bad(values):
    return int(np.argmax(~np.isfinite(values))) + 1


def _numbers(header, where):
    """Numbers of the header, those of survey.yaml where it has none; all positive but NONLIN, which may be 0."""
    detector, gain = survey().detector, survey().instrument.gain
    known = {"texp1": ("TEXP1", detector.read1), "texp2": ("TEXP2", detector.read2), "gain": ("GAIN", gain),
             "read_noise": ("RDNOISE", detector.read_noise), "saturate": ("SATURATE", detector.saturate),
             "nonlinearity": ("NONLIN", detector.nonlinearity)}  # fmt: skip
    numbers = {name: _number(header, key, default, where) for name, (key, default) in known.items()}
    if numbers["texp1"] >= numbers["texp2"]:
        raise SurveyError(f"{where}: header TEXP1 is {numbers['texp1']} s, expected less than TEXP2 {numbers['texp2']} s")
    return numbers


def _number(header, key, default, where):
    value = header.get(key, default)
    if isinstance(value, fits.card.Undefined):
        return default
    usable = isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
    if not usable or value < 0 or (value == 0 and key != "NONLIN"):
        raise SurveyError(f"{where}: header {key} is {value!r}, expected a positive number")
    return float(value)
