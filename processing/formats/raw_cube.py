"""The cubes of reads in a raw file: uint16 planes, plain or Rice-compressed, read when asked for."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from processing.errors import SurveyError

SIDE = 256


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


def raw_cube(hdu, path, where):
    """The Cube in an extension of the open file at ``path``; SurveyError when it is of another kind."""
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
