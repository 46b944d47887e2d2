"""The real bright stars: Tycho-2 as it lies in the star kd-tree of an astrometry.net index file.

The Debian package ``astrometry-data-tycho2-07-littleendian`` carries 1,871,011 stars (Høg et al. 2000, A&A 355, L27):
unit vectors in units of 2^-31 and VT. The index keeps at most ten stars, the brightest, in each HEALPix cell of nside
156: where a cell is full, the list is complete only to its faintest star.
"""

from functools import cache
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.coordinates import Latitude, Longitude
from astropy.io import fits
from cdshealpix import ring

INDEX = Path("/usr/share/astrometry/index-tycho2-07.littleendian.fits")
PACKAGE = "astrometry-data-tycho2-07-littleendian"
NSIDE, SWEEPS = 156, 10
COMPLETE_VT = 11.0
"""Tycho-2 is 99% complete to V of about 11.0 (Høg et al. 2000)."""


def available(path=INDEX):
    """Whether the real stars are installed."""
    return Path(path).exists()


@cache
def tycho_stars(path=INDEX):
    """All stars of the index: ra, dec (deg ICRS, epoch 2000) and vt (mag), arrays of one length, sorted by dec.

    1.9 million stars, about a second the first time.
    """
    with fits.open(path) as hdus:
        tables = {h.columns.names[0]: h.data for h in hdus[1:] if len(h.data)}
        bounds = np.frombuffer(tables["kdtree_range_stars"].tobytes(), "<f8")
        points = np.frombuffer(tables["kdtree_data_stars"].tobytes(), "<u4").reshape(-1, 3)
        vt = np.array(tables["MAG_VT"].field(0), float)
    vectors = bounds[:3] + points / bounds[6]
    ra = np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])) % 360
    dec = np.degrees(np.arctan2(vectors[:, 2], np.hypot(vectors[:, 0], vectors[:, 1])))
    order = np.argsort(dec, kind="stable")
    return ra[order], dec[order], vt[order]


def complete_to(ra, dec, path=INDEX):
    """VT (mag) down to which the index has every star at ra, dec (arrays, deg)."""
    return _limits(path)[_cell(ra, dec)]


@cache
def _limits(path):
    ra, dec, vt = tycho_stars(path)
    cell = _cell(ra, dec)
    count = np.bincount(cell, minlength=12 * NSIDE**2)
    faintest = np.zeros(len(count))
    np.maximum.at(faintest, cell, vt)
    return np.where(count >= SWEEPS, np.minimum(faintest, COMPLETE_VT), COMPLETE_VT)


def _cell(ra, dec):
    return ring.lonlat_to_healpix(Longitude(ra * u.deg), Latitude(dec * u.deg), NSIDE).astype(np.int64)
