"""Writes the files of a raw night (read by raw_night and raw_file)."""

import numpy as np
from astropy.io import fits
from astropy.table import Table

from processing.formats.raw_night import LOG, LOG_COLUMNS
from processing.formats.whole import whole_file

COMMENTS = {
    "DATE-OBS": "UTC of the reset before the first exposure", "BAND": "j, h or k (Ks)", "HEMIS": "observatory",
    "SCANNO": "sequence number in the night", "SCANDIR": "direction in declination", "TYPE": "sci, cal, dark or flat",
    "TILE": "tile or calibration field", "TEXP1": "[s] from reset to READ1", "TEXP2": "[s] from reset to READ2",
    "GAIN": "[electron/DN]", "RDNOISE": "[electron] of a single read", "SATURATE": "[DN] above pedestal",
    "NONLIN": "[1/DN] measured = q (1 - NONLIN q)",
}  # fmt: skip


def write_night_log(folder, sequences):
    """Write ``sequences`` (Sequence rows) as the night's log in ``folder``."""
    kinds = {"i": "i8", "f": "f8", "U": str}
    columns = {name: np.array([getattr(s, name) for s in sequences], kinds[k]) for name, k in LOG_COLUMNS.items()}
    with whole_file(folder / LOG) as partial:
        Table(columns).write(partial, format="ascii.ecsv")


def write_raw_file(folder, row, band, hemisphere, reads, frames, numbers, compress=False):
    """Write one band of the sequence ``row`` to ``folder``.

    Parameters
    ----------
    reads : two uint16 arrays, shape (nframes, 256, 256): READ1 and READ2
    frames : mapping of frame, mjd, ra, dec, airmass to arrays of length nframes
    numbers : mapping with some of TEXP1, TEXP2, GAIN, RDNOISE, SATURATE, NONLIN
    compress : bool; Rice, a tile a frame
    """
    said = {"DATE-OBS": row.start, "BAND": band, "HEMIS": hemisphere, "SCANNO": row.seq, "SCANDIR": row.direction,
            "TYPE": row.type, "TILE": row.tile, **numbers}  # fmt: skip
    header = fits.Header([(key, value, COMMENTS[key]) for key, value in said.items()])
    images = [_image(data, f"READ{i}", compress) for i, data in enumerate(reads, 1)]
    with whole_file(folder / row.file_name(band)) as partial:
        fits.HDUList([fits.PrimaryHDU(header=header), *images, _frame_table(frames)]).writeto(partial, overwrite=True)


def _image(data, name, compress):
    if not compress:
        return fits.ImageHDU(data, name=name)
    return fits.CompImageHDU(data, name=name, compression_type="RICE_1", tile_shape=(1, *data.shape[1:]))


def _frame_table(frames):
    units = {"mjd": "d", "ra": "deg", "dec": "deg"}
    columns = [fits.Column("frame", "J", array=np.asarray(frames["frame"], "i4"))]
    columns += [fits.Column(n, "D", units.get(n), array=np.asarray(frames[n])) for n in ("mjd", "ra", "dec", "airmass")]
    return fits.BinTableHDU.from_columns(columns, name="FRAMES")
