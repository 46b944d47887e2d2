"""What one band of one field yields: the sources, and the numbers of the image they were measured in."""

from dataclasses import dataclass, fields

import numpy as np


@dataclass
class BandSources:
    """Point sources of one band. Arrays have one element a source; pixel coordinates are 0-based.

    Attributes
    ----------
    band : {"j", "h", "k"}
    x, y : ndarray, pixel
    x_var, y_var, xy_cov : ndarray, pixel**2
        Covariance of the position from noise alone; band merging adds what noise does not explain.
    flux, flux_err : ndarray, DN
        Total flux in one frame (PSF fit, normalised to the curve of growth) and its one-sigma error: of the noise, the
        neighbours fitted as well, and ``extraction.flux_floor``.
    chi2 : ndarray
        Reduced chi-square of the profile fit; NaN when ``method`` is not 2.
    blend : ndarray of int
        Number of components fitted together.
    method : ndarray of int
        Origin of the flux as in ``rd_flg``: 2 profile fit, 4 aperture, 9 detected without a usable flux.
    aperture_flux, aperture_flux_err : ndarray, DN
        4 arcsec aperture with neighbours subtracted, corrected to total; NaN when not measurable.
    saturated : ndarray of bool
    fwhm : float, arcsec
    sky, noise : float, DN
        Median sky and noise of one pixel.
    flux_noise : float, DN
        Mode of the distribution of ``flux_err``: the noise of a faint source, for the scan signal-to-noise ratio.
    aperture_correction : float
        Total flux over the flux in 4 arcsec.
    residual : ndarray, shape (ny, nx), DN
        Image minus background minus all stars of this list (NaN where masked).
    ndet : ndarray of int, shape (n, 2), or None
        Frames with a detection in the standard aperture, and frames with a whole one; None where there are no frames.
    psf : SplinePSF or None
        That of a star of unit ``flux`` in the image; None where the fit was to frames (see scan.strip_psf).
    """

    band: str
    x: np.ndarray
    y: np.ndarray
    x_var: np.ndarray
    y_var: np.ndarray
    xy_cov: np.ndarray
    flux: np.ndarray
    flux_err: np.ndarray
    chi2: np.ndarray
    blend: np.ndarray
    method: np.ndarray
    aperture_flux: np.ndarray
    aperture_flux_err: np.ndarray
    saturated: np.ndarray
    fwhm: float
    sky: float
    noise: float
    flux_noise: float
    aperture_correction: float
    residual: np.ndarray
    ndet: np.ndarray | None = None
    psf: object = None

    @property
    def snr(self):
        """Scan signal-to-noise ratio: flux over the noise of a faint source of this image."""
        return self.flux / self.flux_noise

    def __len__(self):
        return len(self.x)

    def select(self, keep):
        """The same with the sources at ``keep`` (mask or indices) only."""
        n = len(self)
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        picked = {k: v[keep] if isinstance(v, np.ndarray) and v.shape[:1] == (n,) and k != "residual" else v
                  for k, v in values.items()}  # fmt: skip
        return BandSources(**picked)
