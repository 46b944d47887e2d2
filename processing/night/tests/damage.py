"""Ways in which a raw scan can be damaged, each on a copy of a good one under a number of its own."""

from dataclasses import replace

import numpy as np
from astropy.io import fits

from processing.formats.raw_night import LETTERS, read_night
from processing.formats.raw_writer import write_night_log


def missing_frames(hdus):
    hdus["READ2"] = fits.ImageHDU(hdus["READ2"].data[:-2], name="READ2")


def wrong_shape(hdus):
    hdus["READ1"] = fits.ImageHDU(hdus["READ1"].data[:, :128, :128], name="READ1")


def another_tile(hdus):
    hdus[0].header["TILE"] = "12345678"


def no_position(hdus):
    hdus["FRAMES"].data["dec"][3] = np.nan


def no_stars(hdus):
    for name in ("READ1", "READ2"):
        hdus[name].data[:] = np.random.default_rng(3).integers(8000, 8020, hdus[name].data.shape)


def truncated(path):
    path.write_bytes(path.read_bytes()[:-400_000])


def no_fits(path):
    path.write_bytes(b"SIMPLE  = no\n" * 1000)


def gone(path):
    path.unlink()


DAMAGE = {
    31: ("jhk", missing_frames, "READ2 has 10 frames, FRAMES lists 12"),
    32: ("jhk", wrong_shape, "READ1 has shape 12 x 128 x 128"),
    33: ("jhk", another_tile, "header TILE is '12345678'"),
    34: ("jhk", no_position, "FRAMES column dec has no value for frame 4"),
    35: ("jhk", no_stars, "stars in 12 frames"),
    36: ("jhk", no_fits, "is not a readable FITS file"),
    37: ("jhk", gone, "is missing"),
    38: ("h", truncated, "is truncated"),
    39: ("k", gone, "is missing"),
}
"""Scan number -> bands, what is done to a file or its HDUs, and words of the reason."""


def damaged_copies(night):
    """Add a scan to the log of ``night`` for each kind of damage, a copy of its science scan; returns the Night."""
    good, = night.of_type("sci")
    copies = [replace(good, seq=seq) for seq in DAMAGE]
    for copy in copies:
        for band in LETTERS:
            _copy(night.path / good.file_name(band), night.path / copy.file_name(band), copy.seq)
        bands, change, _ = DAMAGE[copy.seq]
        for band in bands:
            _damage(night.path / copy.file_name(band), change)
    (night.path / "night.ecsv").unlink()
    write_night_log(night.path, [*night.sequences, *copies])
    return read_night(night.path)


def _copy(source, path, seq):
    with fits.open(source) as hdus:
        hdus[0].header["SCANNO"] = seq
        hdus.writeto(path)


def _damage(path, change):
    if change in (truncated, no_fits, gone):
        change(path)
        return
    with fits.open(path, memmap=False) as hdus:
        change(hdus)
        hdus.writeto(path, overwrite=True)
