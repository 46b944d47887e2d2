"""Source lists for tests: a sky of known stars as one or more bands would list it."""

import numpy as np

from processing.bandmerge.places import Places
from processing.photometry.sources import BandSources


def band_sources(band, x, y, flux=1000.0, x_var=1e-4, residual=None, **changed):
    """BandSources of perfect profile fits at the given pixel positions; any attribute can be changed."""
    n = len(x)

    def full(value, kind=float):
        return np.broadcast_to(np.asarray(value, kind), n).copy()

    values = {
        "x": full(x), "y": full(y), "x_var": full(x_var), "y_var": full(x_var), "xy_cov": full(0), "flux": full(flux),
        "flux_err": full(10.0), "chi2": full(1.0), "blend": full(1, int), "method": full(2, int),
        "aperture_flux": full(flux), "aperture_flux_err": full(15.0), "saturated": full(False, bool),
        "fwhm": 2.6, "sky": 70.0, "noise": 0.5, "flux_noise": 8.0, "aperture_correction": 1.05,
        "residual": np.zeros((64, 64)) if residual is None else residual,
    }
    return BandSources(band, **(values | {key: full(v, values[key].dtype) if isinstance(values.get(key), np.ndarray)
                                          and key not in ("residual", "ndet") else v
                                          for key, v in changed.items()}))


def circles(xy, sigma):
    """Places with circular errors: ``sigma`` a number or one for each."""
    xy = np.asarray(xy, float).reshape(-1, 2)
    return Places(xy, np.broadcast_to(np.asarray(sigma, float), len(xy))[:, None, None] ** 2 * np.eye(2))


def observed(rng, xy, sigma):
    """Places scattered by their own errors."""
    sigma = np.broadcast_to(np.asarray(sigma, float), len(xy))
    return circles(xy + rng.normal(size=(len(xy), 2)) * sigma[:, None], sigma)


def random_sky(rng, n, size):
    """``n`` unclustered positions in a square of ``size`` arcsec."""
    return rng.uniform(0, size, (n, 2))
