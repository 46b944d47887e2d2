"""Tiles of a HiPS: which pixel is where on the sky, and the files that hold them.

A tile of order k is a HEALPix pixel (nested numbers) of 512 by 512 HEALPix pixels of order k + 9. Arrays have the rows
in the order of FITS files, from the bottom up: there the eastern corner of the tile is below on the left, columns grow
to its northern corner, and rows to its southern one (HiPS 1.0, section 4.1).
"""

from functools import cache
from pathlib import Path

import numpy as np
from astropy.io import fits

from processing.formats.whole import whole_file
from processing.hips.sources import UNIT

WIDTH, DEPTH = 512, 9
"""Pixels along a side, and the HEALPix orders between a tile and its pixels."""


def tile_path(folder, order, tile, suffix):
    """Where a tile is in the folder of its HiPS."""
    return Path(folder) / f"Norder{order}" / f"Dir{tile // 10_000 * 10_000}" / f"Npix{tile}.{suffix}"


def places(order, tile):
    """Right ascension and declination (deg) of the pixels of a tile, each of shape (WIDTH, WIDTH)."""
    from cdshealpix.nested import healpix_to_lonlat

    cells = np.uint64(tile) * np.uint64(WIDTH * WIDTH) + _numbers()
    lon, lat = healpix_to_lonlat(cells, order + DEPTH, num_threads=1)
    return lon.deg, lat.deg


@cache
def _numbers():
    """Number of each pixel within its tile: the bits of HEALPix's x (to the east) and y (to the north) by turns."""
    spread = _spread(np.arange(WIDTH, dtype=np.uint64))
    return spread[::-1, None] | spread[None, :] << np.uint64(1)


def _spread(numbers):
    """Numbers with a zero bit between any two of theirs."""
    return sum((numbers >> np.uint64(bit) & np.uint64(1)) << np.uint64(2 * bit) for bit in range(DEPTH))


def cells_seen(tile, seen, order):
    """Numbers of the HEALPix cells, ``order`` orders below a tile, in which a pixel was seen.

    ``seen``: bool, shape (WIDTH, WIDTH).
    """
    shift = np.uint64(2 * (DEPTH - order))
    return np.unique((np.uint64(tile) * np.uint64(WIDTH * WIDTH) + _numbers()[seen]) >> shift)


def joined(children):
    """The tile of which these are the four children (arrays, or None where there is none), averaged 2 by 2.

    A pixel is the mean of those of the four that are there (not NaN).
    """
    half, whole = WIDTH // 2, np.full((WIDTH, WIDTH), np.nan, dtype=np.float32)
    for number, child in enumerate(children):
        if child is not None:
            east, north = number & 1, number >> 1
            whole[(1 - east) * half:(2 - east) * half, north * half:(north + 1) * half] = halved(child)
    return whole


def halved(image):
    """Means of 2 by 2 pixels without those that are NaN; NaN where all four are."""
    seen = np.isfinite(image)
    blocks = [np.where(seen, image, 0)[a::2, b::2] for a in (0, 1) for b in (0, 1)]
    number = sum(seen[a::2, b::2].astype(np.float32) for a in (0, 1) for b in (0, 1))
    return np.where(number > 0, sum(blocks) / np.maximum(number, 1), np.nan).astype(np.float32)


def write_tile(folder, order, tile, image):
    """Write brightness (MJy/sr; NaN where nothing was seen) as a FITS tile."""
    header = fits.Header({"ORDER": order, "NPIX": tile, "COORDSYS": "C", "BUNIT": UNIT})
    with whole_file(tile_path(folder, order, tile, "fits")) as partial:
        fits.PrimaryHDU(image.astype(np.float32), header).writeto(partial)


def read_tile(folder, order, tile):
    """The pixels of a FITS tile in native byte order; None when there is none."""
    path = tile_path(folder, order, tile, "fits")
    if not path.is_file():
        return None
    return fits.getdata(path, memmap=False).astype(np.float32)
