"""Atlas Images: FITS files of one band of one field, read, checked and refused by name when they are not that.

The facts about the headers are in the All-Sky Explanatory Supplement, sections II.4a and IV.3, and were checked against
real images of both telescopes.
"""

import bz2
import gzip
import io
import warnings
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning
from astropy.wcs.utils import proj_plane_pixel_scales

from processing.errors import SurveyError
from processing.schema import BANDS

LETTERS = tuple(band.letter for band in BANDS)
OPENERS = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress}
"""First bytes of the compressed forms in which Atlas Images are handed out."""


@dataclass(frozen=True, eq=False)
class AtlasImage:
    """One Atlas Image.

    Attributes
    ----------
    path : Path
        Where it was read from.
    band : {"j", "h", "k"}
    data : ndarray, shape (ny, nx), float64, DN
        The coadd: flux in one 1.3 s frame and the sky below it. NaN = not observed. Column index grows to the west,
        row index to the north.
    header : astropy.io.fits.Header
    wcs : astropy.wcs.WCS
        Pixel (0-based) to right ascension and declination. Final 2MASS positions are tied to Tycho-2, which is on the
        ICRS, so the numbers are used as ICRS whatever RADESYS says; FK5 (which the cut-out services write) and ICRS
        differ by less than 0.03 arcsec.
    magzp : float, mag
        Magnitude of 1 DN: ``m = magzp - 2.5 log10(DN)``.
    contents : bytes
        The FITS file itself, uncompressed.
    """

    path: Path
    band: str
    data: np.ndarray
    header: fits.Header
    wcs: WCS
    magzp: float
    contents: bytes = field(repr=False)

    @property
    def mask(self):
        """True where nothing was observed, shape (ny, nx)."""
        return ~np.isfinite(self.data)

    @property
    def pixel_scale(self):
        """Size of a pixel, arcsec (geometric mean of the two axes)."""
        return float(np.sqrt(np.prod(proj_plane_pixel_scales(self.wcs)))) * 3600

    @property
    def date(self):
        """Observation reference date, yyyy-mm-dd."""
        return iso_date(self.header["ORDATE"])

    @property
    def hemis(self):
        """Observatory: "n" Mt Hopkins, "s" CTIO."""
        return "s" if str(self.header["TELNAME"]).strip().upper().startswith("CTIO") else "n"

    @property
    def scan(self):
        """Nightly scan number."""
        return int(self.header["SCANNO"])

    @property
    def direction(self):
        """"n" when declination grows during the scan, "s" when it falls, None when the header does not tell."""
        value = str(self.header.get("SCANDIR", "")).strip().lower()
        return value if value in ("n", "s") else None

    @property
    def tile(self):
        """Number of the survey tile (STRIP_ID), None when the header has none."""
        value = self.header.get("STRIP_ID")
        return value if isinstance(value, int) else None

    @property
    def airmass(self):
        """Airmass at the image centre, None when the header has none."""
        return number_or_none(self.header, "AMASS_FC")

    @property
    def seeing(self):
        """FWHM (arcsec) from the seeing shape SEESH of the header: 3.13 sh - 0.46; None when it has none."""
        shape = number_or_none(self.header, "SEESH")
        return None if shape is None else 3.13 * shape - 0.46

    def sky_position(self, x, y):
        """Right ascension (0 <= ra < 360) and declination, deg, of 0-based pixel positions."""
        ra, dec = self.wcs.wcs_pix2world(np.asarray(x, float), np.asarray(y, float), 0)
        return np.mod(ra, 360.0), dec

    @property
    def centre(self):
        """(ra, dec) of the middle of the image, deg."""
        ny, nx = self.data.shape
        ra, dec = self.sky_position((nx - 1) / 2, (ny - 1) / 2)
        return float(ra), float(dec)

    @property
    def corners(self):
        """Outer corners south-east, south-west, north-west, north-east: array of shape (4, 2), ra and dec in deg."""
        ny, nx = self.data.shape
        x = np.array([0, nx, nx, 0]) - 0.5
        y = np.array([0, 0, ny, ny]) - 0.5
        return np.column_stack(self.sky_position(x, y))


def read_atlas_image(path):
    """The Atlas Image in a FITS file, plain, gzip or bzip2.

    Raises
    ------
    SurveyError
        Not there, not FITS, truncated, not one two-dimensional image of real numbers, no WCS, no MAGZP, another FILTER
        than j, h, k, no observation date, scan or telescope, or nothing but NaN.
    """
    path = Path(path)
    contents = _contents(path)
    header, data = _image(contents, path)
    if not np.isfinite(data).any():
        raise SurveyError(f"{path}: every pixel is NaN, so there is nothing to measure")
    return AtlasImage(path, _band(header, path), data, _identified(header, path), _wcs(header, path),
                      _zero_point(header, path), contents)


def iso_date(yymmdd):
    """"990810" to "1999-08-10", "000127" to "2000-01-27": years from 70 on are of the twentieth century."""
    text = str(yymmdd).strip().zfill(6)
    century = "19" if int(text[:2]) >= 70 else "20"
    return f"{century}{text[:2]}-{text[2:4]}-{text[4:]}"


def number_or_none(header, key):
    """A finite number of the header as float, else None."""
    value = header.get(key)
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and np.isfinite(value)
    return float(value) if good else None


def _contents(path):
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SurveyError(f"{path}: cannot be read: {error.strerror}") from error
    for magic, opener in OPENERS.items():
        if raw.startswith(magic):
            try:
                raw = opener(raw)
            except (OSError, EOFError, ValueError, zlib.error) as error:
                raise SurveyError(f"{path}: the compressed file is truncated or damaged: {error}") from error
    if not raw.startswith(b"SIMPLE  ="):
        raise SurveyError(f"{path}: not a FITS file: expected it to begin with 'SIMPLE  =', found {raw[:9]!r}")
    return raw


def _image(contents, path):
    """Header and pixels of the primary image, pixels in native byte order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            hdu = fits.open(io.BytesIO(contents), memmap=False, lazy_load_hdus=True)[0]
            header, shape, bitpix = hdu.header, hdu.shape, hdu.header["BITPIX"]
            needed = hdu.fileinfo()["datLoc"] + abs(bitpix) // 8 * int(np.prod(shape))
        except (OSError, KeyError, ValueError, TypeError, fits.VerifyError, IndexError) as error:
            raise SurveyError(f"{path}: the FITS header is truncated or damaged: {error}") from error
        if len(shape) != 2 or 0 in shape:
            raise SurveyError(f"{path}: expected one two-dimensional image, found {_dimensions(shape)}")
        if len(contents) < needed:
            raise SurveyError(f"{path}: truncated: the header announces {needed} bytes, the file has {len(contents)}")
        if bitpix > 0:
            raise SurveyError(f"{path}: BITPIX {bitpix}, expected -32: a Quicklook image of whole numbers "
                              "cannot be measured")
        return header, np.array(hdu.data, dtype=np.float64)


def _dimensions(shape):
    return "no image" if not shape else f"{len(shape)} dimensions ({' x '.join(map(str, shape))})"


def _band(header, path):
    value = str(header.get("FILTER", "")).strip().lower()
    letter = "k" if value in ("k", "ks") else value
    if letter not in LETTERS:
        found = f"{header['FILTER']!r}" if "FILTER" in header else "no such keyword"
        raise SurveyError(f"{path}: FILTER: expected j, h or k, found {found}")
    return letter


def _zero_point(header, path):
    value = number_or_none(header, "MAGZP")
    if value is None:
        found = f"{header['MAGZP']!r}" if "MAGZP" in header else "no such keyword"
        raise SurveyError(f"{path}: MAGZP: expected the magnitude of 1 DN, found {found}")
    return value


def _wcs(header, path):
    """The WCS; the real headers give CDELT and CROTA2 and name neither unit nor frame."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        try:
            wcs = WCS(header)
        except Exception as error:  # wcslib raises a dozen kinds, none with a common base
            raise SurveyError(f"{path}: the WCS cannot be used: {' '.join(str(error).split())}") from error
    kinds = [str(kind)[:4] for kind in wcs.wcs.ctype]
    if kinds != ["RA--", "DEC-"] or "CRVAL1" not in header or "CRVAL2" not in header:
        raise SurveyError(f"{path}: no WCS: expected CTYPE1 'RA---SIN' and CTYPE2 'DEC--SIN' with CRVAL1 and CRVAL2, "
                          f"found {header.get('CTYPE1')!r} and {header.get('CTYPE2')!r}")
    return wcs


def _identified(header, path):
    """The header, when it says which night, scan and telescope the image is of."""
    for key in ("ORDATE", "SCANNO", "TELNAME"):
        if key not in header:
            raise SurveyError(f"{path}: no {key}: the header must say which night, scan and telescope the image is of")
    date = str(header["ORDATE"]).strip()
    if not (date.isdigit() and len(date) <= 6):
        raise SurveyError(f"{path}: ORDATE: expected yymmdd, found {header['ORDATE']!r}")
    if number_or_none(header, "SCANNO") is None:
        raise SurveyError(f"{path}: SCANNO: expected a number, found {header['SCANNO']!r}")
    return header
