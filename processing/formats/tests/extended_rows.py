"""Made-up rows of the Extended Source Catalog, as the measurement of a scan leaves them: no real ones are at hand.

A galaxy has its Ks magnitude within the K20 ellipse and a size; all other apertures follow from them by simple laws, so
that rows hang together: larger apertures hold more light, errors grow with magnitude.
"""

import numpy as np
import pyarrow as pa

from processing.bandmerge.names import designation, galactic
from processing.formats.tables import make_table
from processing.schema import BANDS, load_table
from processing.schema.extended_flags import CIRCLES, FIDUCIAL, OWN

XSC = load_table("xsc")
COLOUR = {"j": 1.0, "h": 0.3, "k": 0.0}
"""mag, of a band minus Ks."""

LARGER = {"k20fe": 1.0, "fe": 1.1, "k20fc": 1.0, "fc": 1.1, "j21fe": 1.3, "j21fc": 1.3, "e": 1.1, "c": 1.1,
          "i20e": 1.0, "i20c": 1.0, "i21e": 1.4, "i21c": 1.4}  # fmt: skip
"""Radius of an aperture over that of the K20 ellipse."""


def made_up_galaxies(ra, dec, k=13.0, size=12.0, seed=0, stage="extract", ids=None, **columns):
    """A pyarrow Table of xsc.yaml of galaxies at ``ra``, ``dec`` (deg, shape (n,)).

    ``k``: Ks within the K20 ellipse, mag; ``size``: semi-major axis of that ellipse, arcsec; ``ids``: hemis, date,
    scan; ``columns``: values of some columns instead of the made-up ones.
    """
    ra, dec = np.atleast_1d(np.asarray(ra, float)), np.atleast_1d(np.asarray(dec, float))
    rng, n = np.random.default_rng(seed), len(ra)
    k, size = np.broadcast_to(np.asarray(k, float), n), np.broadcast_to(np.asarray(size, float), n)
    ids = ids or {"hemis": "s", "date": "1999-01-01", "scan": 10}
    found = {column.name: _anything(column, n, rng, stage) for column in XSC.columns}
    glon, glat = galactic(ra, dec) if n else (ra, dec)
    found |= {"ra": ra, "dec": dec, "sup_ra": ra, "sup_dec": dec, "glon": glon, "glat": glat,
              "designation": [designation(*place) for place in zip(ra, dec)], "id": np.arange(n) + 1,
              "coadd": np.full(n, 1), "e_score": np.full(n, 1.0), "g_score": np.full(n, 1.0), "id_flg": pa.nulls(n),
              "vc": pa.nulls(n), "blk_fac": pa.nulls(n), "id_cat": pa.nulls(n), "mp_key": pa.nulls(n), "dist_edge_ns": np.full(n, 9000),
              "dist_edge_ew": np.full(n, 200), "dist_edge_flg": ["se"] * n, "density": np.full(n, 3.0),
              "jdate": np.full(n, 2451180.75), "k_ba": np.full(n, 0.6), "k_phi": np.full(n, 30),
              "sup_ba": np.full(n, 0.6), "sup_phi": np.full(n, 30)}  # fmt: skip
    found |= {name: [value] * n for name, value in ids.items()}
    found |= _photometry(k, size) | columns
    return make_table(found, XSC, stage)


def _photometry(k, size):
    """Magnitudes and radii of all apertures; the light grows with the radius as 1 - exp(-r / scale)."""
    found = {"r_3sig": size, "sup_r_3sig": size * 1.1, "r_ext": size * 3}
    for band in BANDS:
        letter, total = band.letter, k + COLOUR[band.letter] - 0.1
        radii = {name: size * LARGER[name] for name in (*FIDUCIAL, *OWN)}
        radii |= {str(radius): np.full(len(size), float(radius)) for radius in CIRCLES}
        for name, radius in radii.items():
            share = (1 - np.exp(-radius / size * 2)) / (1 - np.exp(-2))
            magnitude = total + 0.1 - 2.5 * np.log10(share)
            found |= {f"{letter}_m_{name}": magnitude, f"{letter}_flg_{name}": np.zeros(len(k), int),
                      f"{letter}_msig_{name}": 0.01 + 0.1 * 10 ** (0.4 * (magnitude - 14.0 - COLOUR[letter]))}
        found |= {f"r_{name}": radii[name] for name in FIDUCIAL} | {f"{letter}_r_{name}": radii[name] for name in OWN}
        found |= {f"{letter}_m_{name}": total for name in ("ext", "sys")}
        found |= {f"{letter}_msig_{name}": np.full(len(k), 0.05) for name in ("ext", "sys")}
    return found


def _anything(column, n, rng, stage):
    """Values of the right type; null where only a release knows."""
    if stage != "release" and (column.extra.get("known_from") == "release" or column.name == "pts_key"):
        return pa.nulls(n)
    if column.datatype in ("char", "string"):
        return ["0" * (column.length or 1)] * n
    if column.datatype in ("float", "double"):
        return np.round(rng.random(n), int(column.extra["ascii"][1:-1]))
    return rng.integers(0, 9, n)
