"""What the room works on: a field in up to three bands on one grid, and the cut-outs of its objects."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class BandField:
    """One band of a field: an image of 1 arcsec pixels, as every band of the field has it.

    Attributes
    ----------
    band : {"j", "h", "k"}
    data : ndarray, shape (ny, nx), float32, DN
        Light of 1.3 s with the sky in it or a constant off it; nothing else subtracted. NaN where not observed.
    noise : ndarray, same shape, DN
        One sigma of each pixel from sky and reads; correlated between neighbours (see ``processing.detect.noise``).
    psf : object
        ``psf.at(x, y, half)``: the image of a star of unit flux at pixel (x, y) of the field, light in each of the
        (2 half + 1)**2 pixels about (round(x), round(y)); ``psf.fwhm(x, y)``: arcsec.
    zero_point, zero_point_error : float, mag
        Magnitude of 1 DN at the place and time of the field's middle, extinction in it (MAGZP), and its error.
    stars : PointSources
    without_saturated : bool
        Whether the light of saturated stars (method 1 and 3) has been taken off ``data`` as far as it is known.
    """

    band: str
    data: np.ndarray
    noise: np.ndarray
    psf: object
    zero_point: float
    zero_point_error: float
    stars: "PointSources"
    without_saturated: bool = False

    def magnitude(self, flux):
        """Magnitude of DN; NaN for none."""
        flux = np.asarray(flux, float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(flux > 0, self.zero_point - 2.5 * np.log10(flux), np.nan)


@dataclass(frozen=True, eq=False)
class PointSources:
    """The point sources of a band, galaxies among them (as points): arrays with one element a source.

    ``x``, ``y``: pixel, 0-based; ``flux``, ``flux_err``: DN; ``chi2``: of the profile fit, NaN for other fluxes;
    ``method``: 1, 2, 3, 4 as in ``rd_flg`` (1 and 3: saturated); ``row``: of the merged source in ``points.parquet``,
    -1 for none.
    """

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    flux_err: np.ndarray
    chi2: np.ndarray
    method: np.ndarray
    row: np.ndarray

    def __len__(self):
        return len(self.x)


@dataclass(frozen=True, eq=False)
class Field:
    """``bands``: letter -> BandField, one to three; ``wcs``: pixels (0-based) to ICRS; ``name``: for what is told."""

    bands: dict
    wcs: object
    name: str

    @property
    def shape(self):
        return next(iter(self.bands.values())).data.shape


@dataclass(frozen=True, eq=False)
class BandStamp:
    """One band of an object's cut-out.

    ``data``: (n, n), DN, background and neighbouring stars off, NaN where nothing is known; ``noise``: the same, DN;
    ``mask``: uint8, the Mask of each pixel, 0 where its light is the object's and the sky's alone; ``filled``: ``data``
    with masked pixels given the light of their mirror image through the object's centre, or that of its ellipse (no
    NaN); ``psf``: (m, m), star of unit flux in the middle; ``background_error``: DN a pixel, of the level itself;
    ``whole``: (n, n), DN, ``data`` with the stars in it (for the system's magnitude), None where that is not kept.

    A stamp reaches at least 72 pixels to all sides of the peak, for the largest circle, and twice the isophotal radius.
    """

    data: np.ndarray
    noise: np.ndarray
    mask: np.ndarray
    filled: np.ndarray
    psf: np.ndarray
    background_error: float
    zero_point: float
    whole: np.ndarray | None = None


class Mask:
    """Why the light of a pixel is not simply the object's; bits."""

    UNSEEN, STAR, BRIGHT_STAR, NEIGHBOUR, SUBTRACTED, ARTIFACT = 1, 2, 4, 8, 16, 32
    HIDDEN = UNSEEN | STAR | BRIGHT_STAR | NEIGHBOUR | ARTIFACT
    """Bits with which a pixel does not count: all but those where a star has been taken off well enough."""


@dataclass(frozen=True, eq=False)
class Stamp:
    """An object in all its bands. ``x0``, ``y0``: pixel of the field at (0, 0) of the stamp; ``x``, ``y``: the object's
    peak in the stamp; ``bands``: letter -> BandStamp; ``density``: log10 of stars of Ks < 14 a square degree."""

    x0: int
    y0: int
    x: float
    y: float
    bands: dict
    density: float
