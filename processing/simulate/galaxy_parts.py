"""What galaxies are made of: a bulge and a disc with their own Sersic profiles, or one profile alone.

    columns |= bulges(columns, rng)              bulge, bulge_reff, bulge_sersic, bulge_ratio; disc_reff, disc_sersic
    gaussians, begins = as_gaussians(columns)    the light of each as elliptical Gaussians

``reff``, ``sersic`` and ``axis_ratio`` of a galaxy are those of the whole for who wants one profile. Galaxies too faint
to be told from stars of any shape (``RESOLVED``) keep that one.

Shares of the bulge by type, and sizes and indices in it, as near-infrared decompositions have them (Moellenhoff & Heidt
2001, A&A 368, 16; Graham & Worley 2008, MNRAS 388, 1708), rounded: late types have a twentieth of the light in a bulge
of index 1 to 2, lenticulars near half in one of index 2 to 4, its half-light radius a fifth of the disc's; what counts
as elliptical is one profile of index 2 to 6.
"""

import numpy as np
from scipy.optimize import brentq

from processing.simulate.psf import sersic_gaussians

RESOLVED = 15.0
"""Ks beyond which a galaxy is one Sersic profile."""

SHARES = {1.0: (0.05, 0.5), 1.5: (0.12, 0.4), 2.0: (0.25, 0.3), 3.0: (0.45, 0.2)}
"""Bulge share of the light by index of the whole, and its scatter (natural logarithm)."""

ELLIPTICAL = 3.5
"""Index of the whole from which a galaxy has no disc."""

SIZE, SIZE_SCATTER = 0.2, 0.3
"""Half-light radius of a bulge over that of its disc, and its scatter (natural logarithm)."""

DECIMALS, LEAST, MOST = 1, 0.5, 6.0
"""Indices are drawn to so many decimals, and lie between these."""

PARTS = ("bulge", "bulge_reff", "bulge_sersic", "bulge_ratio", "disc_reff", "disc_sersic")


def bulges(galaxies, rng):
    """Columns that part each galaxy; ``galaxies``: columns k, reff, sersic, axis_ratio. NaN: one profile.

    bulge: share of the light, in all bands; bulge_reff, disc_reff: arcsec, along the major axis, which they share; a
    bulge is half as flat as its disc. Together they have the half-light radius ``reff``.
    """
    n, whole = len(galaxies["k"]), galaxies["sersic"]
    draws = rng.standard_normal((5, n))
    share = np.full(n, np.nan)
    for index, (middle, scatter) in SHARES.items():
        share = np.where(whole == index, np.clip(middle * np.exp(scatter * draws[0]), 0.005, 0.8), share)
    share[whole > ELLIPTICAL] = 0.0
    share[galaxies["k"] > RESOLVED] = np.nan
    disc = np.where(whole > ELLIPTICAL, whole + draws[1], 1.0 + 0.2 * draws[1])
    ratio = SIZE * np.exp(SIZE_SCATTER * draws[2])
    bulge = 1.2 + 3 * np.nan_to_num(share) + 0.5 * draws[3]
    disc, bulge = (np.round(np.clip(one, LEAST, MOST), DECIMALS) for one in (disc, bulge))
    parted = np.isfinite(share)
    disc_reff = np.full(n, np.nan)
    for k in np.flatnonzero(parted):
        disc_reff[k] = galaxies["reff"][k] * _disc_size(share[k], ratio[k], bulge[k], disc[k])
    found = {"bulge": share, "bulge_reff": ratio * disc_reff, "bulge_sersic": bulge,
             "bulge_ratio": 0.5 * (1 + galaxies["axis_ratio"]), "disc_reff": disc_reff,
             "disc_sersic": disc}  # fmt: skip
    return {name: np.where(parted, found[name], np.nan) for name in PARTS}


def _disc_size(share, ratio, bulge, disc):
    """Half-light radius of the disc over that of disc and bulge."""

    def within(radius):
        """Light within so many half-light radii of the disc, less half of all."""
        return share * _enclosed(radius / ratio, bulge) + (1 - share) * _enclosed(radius, disc) - 0.5

    return 1 / brentq(within, 0.01, 3.0)


def _enclosed(radius, index):
    """Share of the light of a profile within so many half-light radii, as it is drawn."""
    sigmas, shares = sersic_gaussians(round(float(index), DECIMALS))
    return float((shares * (1 - np.exp(-((radius / sigmas) ** 2) / 2))).sum())


def as_gaussians(galaxies, narrowest=0.0):
    """Elliptical Gaussians of galaxies, (n, 4): share of the light and covariances cxx, cxy, cyy (arcsec2; x west, y
    north); and where those of each begin, (galaxies + 1,).

    ``galaxies``: columns reff, sersic, axis_ratio, angle, and those of ``PARTS`` where there are any; ``narrowest``:
    the parts of a profile that are narrower (sigma, arcsec) are drawn as one.
    """
    parts, begins = [np.zeros((0, 4))], [0]
    for profiles, angle in zip(profiles_of(galaxies), np.radians(np.asarray(galaxies.get("angle", ()), float))):
        here = [rotated(widths(*profile, narrowest), angle) for profile in profiles]
        parts += here
        begins.append(begins[-1] + sum(map(len, here)))
    return np.concatenate(parts), np.array(begins)


def widths(share, reff, index, ratio, narrowest=0.0):
    """A profile as Gaussians: share of the galaxy's light, and variances along the major and the minor axis, arcsec2,
    (n, 3)."""
    sigmas, shares = sersic_gaussians(round(float(index), DECIMALS))
    variances, narrow = (sigmas * reff) ** 2, sigmas * reff < narrowest
    if narrow.sum() > 1:
        one = np.average(variances[narrow], weights=shares[narrow])
        variances, shares = np.r_[one, variances[~narrow]], np.r_[shares[narrow].sum(), shares[~narrow]]
    return np.column_stack([share * shares, variances, ratio**2 * variances])


def rotated(gaussians, angle):
    """Gaussians (n, 3) of ``widths`` at a position angle (rad, north through east): share, cxx, cxy, cyy."""
    (share, major, minor), sin, cos = gaussians.T, -np.sin(angle), np.cos(angle)
    return np.column_stack([share, major * sin**2 + minor * cos**2, (major - minor) * sin * cos,
                            major * cos**2 + minor * sin**2])  # fmt: skip


def profiles_of(galaxies):
    """The profiles of each galaxy: lists of (share, reff, index, axis ratio)."""
    whole = zip(*(np.asarray(galaxies.get(name, ()), float) for name in ("reff", "sersic", "axis_ratio")))
    if "bulge" not in galaxies:
        return [[(1.0, *one)] for one in whole]
    parts = zip(*(np.asarray(galaxies[name], float) for name in PARTS))
    return [_profiles(one, *part) for one, part in zip(whole, parts)]


def _profiles(whole, share, bulge_reff, bulge, bulge_ratio, disc_reff, disc):
    if not np.isfinite(share):
        return [(1.0, *whole)]
    outer = (1 - share, disc_reff, disc, whole[2])
    return [outer, (share, bulge_reff, bulge, bulge_ratio)] if share > 0 else [outer]

