"""What lies within a large galaxy: pieces of it, and companions.

A galaxy that a scan cuts, or whose arms are apart, may be detected in pieces that are not where its middle is, so that
no search for duplicates finds them. What is much fainter than a galaxy, inside its K20 ellipse, is taken for a piece.
"""

import numpy as np

from processing.config import survey
from processing.release.sky.near import candidates
from processing.sphere import ARCSEC, unit_vectors


def ellipse_columns(numbers):
    """Semi-major axis (arcsec, 0 where not known), axis ratio and position angle (deg) of the K20 ellipses.

    ``numbers``: function of a column's name to floats. The shape is that of the sum of the bands, else that of Ks, else
    a circle: as the fiducial apertures have it.
    """
    ratio, angle = numbers("sup_ba"), numbers("sup_phi")
    ratio, angle = (np.where(np.isfinite(ratio), found, other)
                    for found, other in ((ratio, numbers("k_ba")), (angle, numbers("k_phi"))))
    return np.maximum(np.nan_to_num(numbers("r_k20fe")), 0.0), np.nan_to_num(ratio, nan=1.0), np.nan_to_num(angle)


def inside_ellipses(ra, dec, galaxies, enlarged=1.0):
    """Places (deg, shape (n,)) and the galaxies in whose ellipse they lie: pairs of rows, and the place in units of the
    ellipse (1 on its rim), each shape (m,).

    ``galaxies``: dict of arrays ``ra``, ``dec`` (deg), ``axis`` (arcsec), ``ratio``, ``angle`` (deg, E of N).
    """
    place, galaxy = candidates(unit_vectors(ra, dec), unit_vectors(galaxies["ra"], galaxies["dec"]),
                               galaxies["axis"] * enlarged)  # fmt: skip
    east, north = offsets(galaxies["ra"][galaxy], galaxies["dec"][galaxy], ra[place], dec[place])
    sin, cos = (f(np.radians(galaxies["angle"][galaxy])) for f in (np.sin, np.cos))
    major, minor = east * sin + north * cos, east * cos - north * sin
    axis = np.maximum(galaxies["axis"][galaxy] * enlarged, 1e-9)
    radius = np.hypot(major, minor / np.maximum(galaxies["ratio"][galaxy], 1e-3)) / axis
    inside = radius <= 1.0
    return place[inside], galaxy[inside], radius[inside]


def offsets(ra, dec, other_ra, other_dec):
    """East and north (arcsec) of other places, less than some degrees off, from places (deg), also at the poles."""
    other, ra, dec = unit_vectors(other_ra, other_dec), np.radians(ra), np.radians(dec)
    east = np.stack([-np.sin(ra), np.cos(ra), np.zeros(len(ra))], axis=-1)
    north = np.stack([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=-1)
    return ((other * axis).sum(axis=-1) * ARCSEC for axis in (east, north))


def judge_pieces(galaxies, magnitude):
    """Which of all ``galaxies`` (see ``inside_ellipses``) are pieces of another, and which are companions: bool, (n,).

    ``magnitude``: Ks within the K20 ellipse, or the best there is, shape (n,). The brightest is judged first; a piece
    is nobody's parent.
    """
    rules = survey().extended_release
    large = np.flatnonzero(galaxies["axis"] > rules.fragment_radius)
    row, parent, _ = inside_ellipses(galaxies["ra"], galaxies["dec"], {k: v[large] for k, v in galaxies.items()})
    parent = large[parent]
    light = np.where(np.isfinite(magnitude), magnitude, np.inf)
    smaller = (row != parent) & ((light[row] > light[parent]) | ((light[row] == light[parent]) & (row > parent)))
    piece, companion = np.zeros((2, len(magnitude)), bool)
    for k in np.flatnonzero(smaller)[np.argsort(light[parent[smaller]], kind="stable")].tolist():
        if not piece[parent[k]]:
            fainter = light[row[k]] - light[parent[k]] > rules.fragment_contrast
            (piece if fainter else companion)[row[k]] = True
    return piece, companion & ~piece
