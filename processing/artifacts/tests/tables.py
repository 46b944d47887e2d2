"""Tables of points that a test chooses, and the pixels on which a simulated camera puts them."""

import numpy as np
import pyarrow as pa

from processing.simulate.optics import Optics

MERIDIAN, MIDDLE = 150.0, 30.0
"""Of the scan, deg."""

LIMITS = (16.3, 15.5, 14.7)
"""10-sigma limits of the scan."""

TURN = {"j": 0.42, "h": 0.30, "k": 0.36}
"""deg, of the arrays' y axes from north through east."""


def points(ra, dec, magnitude, rd_flg=None, cc_flg="000", psfchi=1.0):
    """The columns that matter of n sources; ``magnitude`` (n, 3), NaN where not detected."""
    ra, magnitude = np.atleast_1d(np.asarray(ra, float)), np.atleast_2d(np.asarray(magnitude, float))
    seen = np.isfinite(magnitude)
    flags = ["".join("2" if band else "0" for band in row) for row in seen] if rd_flg is None else rd_flg
    flags, before = (values if isinstance(values, list) else [values] * len(ra) for values in (flags, cc_flg))
    columns = {"ra": ra, "dec": np.atleast_1d(np.asarray(dec, float)), 
               "rd_flg": pa.array(flags, pa.string()), "cc_flg": pa.array(before, pa.string())}
    for k, band in enumerate("jhk"):
        columns[f"{band}_m"] = pa.array(np.where(seen[:, k], magnitude[:, k], LIMITS[k] + 1.0))
        columns[f"{band}_psfchi"] = pa.array(np.where(seen[:, k], psfchi, np.nan))
    return pa.table(columns)


def record(direction="n", turn=TURN, step=82.4):
    """What scan.json tells; ``turn`` None: an older one, without the axes of the arrays."""
    half = 256 / 3600 / np.cos(np.radians(MIDDLE))
    scan = {"ra": MERIDIAN, "dec": MIDDLE, "direction": direction}
    places = ((half, -1.0), (-half, -1.0), (-half, 1.0), (half, 1.0))
    for n, (east, north) in enumerate(places, 1):
        scan |= {f"ra_{n}": MERIDIAN + east, f"dec_{n}": MIDDLE + north}
    scan |= {f"{band}_limit": limit for band, limit in zip("jhk", LIMITS)}
    known = {"rotation": turn, "frame_step": step if direction == "n" else -step}
    return {"scan": scan, "quality": {"astrometry": known if turn else {}}}


def camera(band="j"):
    """Optics of the simulated camera, turned as TURN says, without distortion."""
    return Optics(0.0, 0.0, np.radians(TURN[band]), 2.0, *[0.0] * 8)


def sky_of(x, y, north=0.0, band="j"):
    """ra, dec (deg) of pixels of a frame whose axis is on the meridian, ``north`` arcsec from MIDDLE."""
    a = camera(band).affine()
    x, y = np.asarray(x, float), np.asarray(y, float)
    xi, eta = np.radians(a[0] + a[1] * x + a[2] * y) / 3600, np.radians(a[3] + a[4] * x + a[5] * y) / 3600
    dec0 = np.radians(MIDDLE + north / 3600)
    down = np.cos(dec0) - eta * np.sin(dec0)
    dec = np.arctan2(np.sin(dec0) + eta * np.cos(dec0), np.hypot(xi, down))
    return MERIDIAN + np.degrees(np.arctan2(xi, down)), np.degrees(dec)
