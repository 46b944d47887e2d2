"""The galaxies of one cell of the sky: counts, colours and sizes of what the survey sees beyond our own.

Counts: 23 a square degree to Ks 13.5, growing as 10^(0.6 m), so that the 40 a square degree of the Extended Source
Catalog (1,647,599 rows) are reached at Ks 13.9; flatter, 10^(0.5 m), beyond Ks 15.5, as deep K counts are (Gardner et
al. 1993). J - Ks reddens from 1.0 to 1.6 with the redshift. Sizes scatter log-normally about 4" at Ks 13.5 and fall
slower than the flux does. Positions are random: no clusters of galaxies. Colours and sizes are plausible round numbers.
"""

import numpy as np

from processing.simulate.galaxy_model import EXTINCTION, extinction

BRIGHTEST, BREAK = 8.0, 15.5
"""Ks of the brightest galaxy drawn and of the bend of the counts."""

AT_BREAK = 23 * 10 ** (0.6 * (BREAK - 13.5))
"""Galaxies a square degree brighter than BREAK."""

INDICES = {1.0: 0.45, 1.5: 0.15, 2.0: 0.1, 3.0: 0.1, 4.0: 0.2}
"""Sersic index and share of the galaxies."""


def counts(magnitude):
    """Galaxies a square degree brighter than a Ks magnitude, without our dust."""
    bright = AT_BREAK * 10 ** (0.6 * (np.minimum(magnitude, BREAK) - BREAK))
    faint = AT_BREAK * 0.6 / 0.5 * (10 ** (0.5 * (np.maximum(magnitude, BREAK) - BREAK)) - 1)
    return bright + faint


def cell_galaxies(cell, rng, deepest):
    """Galaxies of a cell to Ks ``deepest`` before extinction: dict of columns.

    ra, dec (deg), j, h, k (total mag), reff (arcsec, along the major axis), sersic, axis_ratio, angle (deg, north
    through east).
    """
    steps = np.arange(BRIGHTEST, deepest + 0.005, 0.01)
    cumulative = counts(steps)
    n = rng.poisson(cell.area * (cumulative[-1] - cumulative[0]))
    ra, dec = cell.random_positions(rng, n)
    k = np.interp(rng.uniform(cumulative[0], cumulative[-1], n), cumulative, steps)
    sersic = rng.choice(list(INDICES), n, p=list(INDICES.values()))
    mags = _colours(k, rng) + extinction(cell.longitude, cell.latitude)[-1] * EXTINCTION[1:]
    shape = np.where(sersic > 2.5, rng.uniform(0.5, 1, n), rng.uniform(0.2, 1, n))
    return {
        "ra": ra, "dec": dec, "j": mags[:, 0], "h": mags[:, 1], "k": mags[:, 2], "reff": _sizes(k, rng),
        "sersic": sersic, "axis_ratio": shape, "angle": rng.uniform(0, 180, n),
    }  # fmt: skip


def _colours(k, rng):
    jk = np.clip(1.0 + 0.09 * (k - 11), 0.9, 1.6) + 0.07 * rng.standard_normal(len(k))
    hk = 0.32 * jk - 0.02 + 0.04 * rng.standard_normal(len(k))
    return np.column_stack([k + jk, k + hk, k])


def _sizes(k, rng):
    return 4.0 * 10 ** (-0.16 * (k - 13.5) + 0.2 * rng.standard_normal(len(k)))
