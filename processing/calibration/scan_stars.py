"""The stars of a calibration scan as the night needs them: places, times and fluxes, without the images."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from processing.atlas.grid import strip_grid
from processing.calibration.standards import Measurements
from processing.errors import SurveyError
from processing.formats.whole import whole_file

PROFILE_FIT = 2
"""Method of a flux that standards may have: see ``BandSources.method``."""

MAGNITUDE = 2.5 / np.log(10)
"""Error of a magnitude over the relative error of the flux."""


@dataclass(frozen=True)
class ScanStars:
    """Stars of one band of a scan, arrays of one length.

    ``ra``, ``dec``: deg ICRS; ``mjd``: d (UTC), ``airmass``: where the middle of the array passed the star; ``flux``,
    ``flux_err``: DN in 1.3 s; ``method``, ``blend``: as in BandSources.
    """

    ra: np.ndarray
    dec: np.ndarray
    mjd: np.ndarray
    airmass: np.ndarray
    flux: np.ndarray
    flux_err: np.ndarray
    method: np.ndarray
    blend: np.ndarray

    def __len__(self):
        return len(self.ra)

    def __getitem__(self, rows):
        """The stars ``rows`` (indices or mask)."""
        return ScanStars(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @property
    def measured(self):
        """Mask: profile fits with a positive flux and an error."""
        return (self.method == PROFILE_FIT) & (self.flux > 0) & (self.flux_err > 0) & np.isfinite(self.flux_err)

    @property
    def instrumental(self):
        """-2.5 log10(DN) and its error, mag; NaN where not measured."""
        flux = np.where(self.measured, self.flux, np.nan)
        return -2.5 * np.log10(flux), MAGNITUDE * self.flux_err / flux


def scan_stars(scan, solution, sources):
    """The ScanStars of each band.

    ``scan``: processing.night.steps.Scan; ``sources``: band letter -> BandSources on ``strip_grid(solution)``.
    """
    wcs, found = strip_grid(solution).wcs, {}
    for band, listed in sources.items():
        ra, dec = wcs.all_pix2world(listed.x, listed.y, 0) if len(listed) else (np.zeros(0), np.zeros(0))
        when = _passed(solution, dec)
        frames = np.arange(len(scan.mjd))
        mjd, airmass = (np.interp(when, frames, values) for values in (scan.mjd, scan.airmass))
        numbers = (np.asarray(column, float) for column in (listed.flux, listed.flux_err))
        found[band] = ScanStars(ra % 360, dec, mjd, airmass, *numbers, np.asarray(listed.method, np.int16),
                                np.asarray(listed.blend, np.int16))  # fmt: skip
    return found


def _passed(solution, dec):
    """Fractional frame (from 0) whose axis was at each declination."""
    axis = solution.pointing[1]
    order = np.argsort(axis)
    return np.interp(dec, axis[order], order.astype(float))


def write_stars(path, stars):
    """Write the ScanStars of the bands of a scan as one Parquet file."""
    parts = [pa.table({"band": pa.array([band] * len(found), pa.string()),
                       **{name: getattr(found, name) for name in found.__dataclass_fields__}})
             for band, found in stars.items()]  # fmt: skip
    with whole_file(path) as partial:
        pq.write_table(pa.concat_tables(parts), partial)


def read_stars(path):
    """What ``write_stars`` wrote: band letter -> ScanStars; bands without a star are not there."""
    try:
        table = pq.ParquetFile(path).read()
        bands = np.array(table["band"].to_pylist(), str)
        stars = ScanStars(*(table[name].to_numpy() for name in ScanStars.__dataclass_fields__))
    except (OSError, KeyError, pa.ArrowException) as error:
        raise SurveyError(f"{path}: cannot be read as the stars of a scan: {error}") from error
    return {str(band): stars[bands == band] for band in dict.fromkeys(bands)}


def measurements(scans, visits, fields, band):
    """The Measurements of a night in one band.

    ``scans``: scan number -> (band letter -> ScanStars); ``visits``, ``fields``: scan number -> visit, field.
    """
    parts = [(seq, stars[band]) for seq, stars in scans.items() if band in stars]

    def column(values, kind):
        return np.concatenate([np.zeros(0, kind), *(np.broadcast_to(values(seq, one), len(one)) for seq, one in parts)])

    scan = column(lambda seq, one: seq, int)
    return Measurements(
        visit=column(lambda seq, one: visits[seq], int), scan=scan, image=scan,
        field=np.array([fields[seq] for seq in scan], str), mjd=column(lambda seq, one: one.mjd, float),
        airmass=column(lambda seq, one: one.airmass, float), ra=column(lambda seq, one: one.ra, float),
        dec=column(lambda seq, one: one.dec, float), instrumental=column(lambda seq, one: one.instrumental[0], float),
        error=column(lambda seq, one: one.instrumental[1], float),
    )  # fmt: skip
