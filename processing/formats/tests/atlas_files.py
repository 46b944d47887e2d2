"""Small Atlas Images for tests: the keywords of the real headers, any pixels; and the real images."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

REAL = Path(__file__).parents[4] / "shared" / "data" / "atlas"

W44 = {
    "ORDATE": "990810", "SCANNO": 49, "SCANDIR": "s", "STRIP_ID": 202358, "CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN",
    "CRPIX1": 256.5, "CRPIX2": 512.5, "CRVAL1": 284.0032819, "CRVAL2": 1.428732889, "CROTA2": 0.00078824,
    "CDELT1": -0.0002777777845, "CDELT2": 0.0002777777845, "USXREF": -256.5, "USYREF": -17666.0, "MAGZP": 20.9133,
    "SEESH": 0.99, "DYFS": -82.30149078, "UT_OFF1": 0.7427007299, "NUMFRMS": 274, "TELNAME": "CTIO", "FILTER": "j",
    "UT_DATE": "990810", "UT": "02:35:00.71", "AMASS_FC": 1.17142856, "DATE_SOS": "990810", "UT_SOS": "02:29:51.00",
}
"""Keywords of a real image."""


def write_atlas(path, data, without=(), **changed):
    """Write pixels with the keywords of W44, some changed, some left out; returns ``path``."""
    header = fits.Header({key: value for key, value in (W44 | changed).items() if key not in without})
    fits.PrimaryHDU(np.asarray(data), header).writeto(path)
    return path


def blank(ny=64, nx=64, level=70.0):
    """A sky with a slope, float32, DN."""
    return (level + np.arange(nx) * 0.01 + np.zeros((ny, 1))).astype(np.float32)


def real_image(name):
    """Path of a real Atlas Image; skips where it is absent."""
    path = REAL / name
    if not path.is_file():
        pytest.skip(f"the real images are not beside the checkout: no {name}")
    return path
