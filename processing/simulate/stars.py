"""The stars of one cell of the sky: drawn from the Galaxy model, the bright ones replaced by real ones, some double."""

import numpy as np

from processing.simulate import tycho
from processing.simulate.galaxy_model import DISTANCES, EXTINCTION, SEQUENCES
from processing.simulate.galaxy_model import along_sequence, expected, extinction, kinds

SCATTER = np.array([0.15, 0.10, 0.03, 0.02])
"""Scatter about the sequences: M_VT, VT-J, J-H, H-Ks, mag."""

DOUBLE_SHARE = 0.35
"""Share of the systems with a companion (Raghavan et al. 2010, ApJS 190, 1: 0.44 of the Sun-like; M dwarfs fewer)."""

SEPARATION_AU, SEPARATION_DEX = 45.0, 1.5
"""Separations are log-normal about 45 AU with 1.5 dex (Raghavan et al. 2010: periods of 293 years, 2.28 dex)."""

RESOLVED = 0.3, 30.0
"""Companions are stars of their own between these separations, arcsec; closer ones shine with their star."""


def cell_stars(cell, rng, deepest, density, real):
    """Stars of a cell: dict of ra, dec (deg), j, h, k, vt (mag), real (bool), primary (row of its primary or -1).

    ``cell`` is a Cell of sky.py, ``deepest`` a Ks limit, ``density`` a factor on the model's counts, ``real`` whether
    Tycho-2 stars take the place of the model's bright ones.
    """
    drawn = _draw(cell, rng, deepest, density)
    ra, dec = cell.random_positions(rng, len(drawn["place"]))
    mags = _magnitudes(drawn, rng)
    if real:
        faint = mags[:, 0] > tycho.complete_to(ra, dec)
        drawn = {name: values[faint] for name, values in drawn.items()}
        ra, dec, mags = ra[faint], dec[faint], mags[faint]
    model = _with_companions(ra, dec, mags, drawn, rng)
    parts = [model, _real_stars(cell, rng)] if real else [model]
    return {name: np.concatenate([p[name] for p in parts]) for name in model}


def _draw(cell, rng, deepest, density):
    """Kind and distance of each star that may be brighter than ``deepest`` at Ks."""
    counts = density * expected(cell.longitude, cell.latitude, cell.area)
    place, properties = kinds()
    dust = extinction(cell.longitude, cell.latitude)
    ks = properties[:, 0] - properties[:, 1:4].sum(axis=1)
    nearest = ks[:, None] + 5 * np.log10(DISTANCES[:-1]) - 5 + dust[:-1] * EXTINCTION[3]
    counts[nearest > deepest + 1.0] = 0
    number = rng.poisson(counts)
    kind, step = (np.repeat(i, number.ravel()) for i in (a.ravel() for a in np.indices(number.shape)))
    low, high = DISTANCES[step] ** 3, DISTANCES[step + 1] ** 3
    distance = np.cbrt(low + (high - low) * rng.uniform(size=len(step)))
    sequence = place[kind, 0]
    where = np.clip(place[kind, 1] + rng.uniform(-0.5, 0.5, len(kind)), 0, _last(sequence))
    return {"sequence": sequence, "place": where, "distance": distance, "dust": np.interp(distance, DISTANCES, dust)}


def _last(sequence):
    return np.array([len(table) - 1.0 for table in SEQUENCES])[sequence]


def _magnitudes(drawn, rng):
    """Apparent VT, J, H, Ks (n, 4)."""
    intrinsic = along_sequence(drawn["sequence"], drawn["place"])
    intrinsic += SCATTER * rng.standard_normal(intrinsic.shape)
    absolute = intrinsic[:, :1] - np.cumsum(np.c_[np.zeros(len(intrinsic)), intrinsic[:, 1:]], axis=1)
    modulus = 5 * np.log10(drawn["distance"]) - 5
    return absolute + modulus[:, None] + drawn["dust"][:, None] * EXTINCTION


def _with_companions(ra, dec, mags, drawn, rng):
    """The stars and their resolved companions, which are dwarfs no more luminous than a dwarf star is itself."""
    n = len(ra)
    separation = SEPARATION_AU * 10 ** (SEPARATION_DEX * rng.standard_normal(n)) / drawn["distance"]
    angle = rng.uniform(0, 2 * np.pi, n)
    first = np.where(drawn["sequence"] == 0, drawn["place"], 3.0)
    place = rng.uniform(first, len(SEQUENCES[0]) - 1)
    double = (rng.uniform(size=n) < DOUBLE_SHARE) & (separation > RESOLVED[0]) & (separation < RESOLVED[1])
    second = {"sequence": np.zeros(n, int), "place": place, "distance": drawn["distance"], "dust": drawn["dust"]}
    second = _magnitudes(second, rng)[double]
    east = separation * np.sin(angle) / 3600 / np.cos(np.radians(dec))
    north = separation * np.cos(angle) / 3600
    return _columns(
        np.r_[ra, (ra + east)[double]] % 360,
        np.r_[dec, (dec + north)[double]],
        np.r_[mags, second],
        np.r_[np.full(n, -1), np.flatnonzero(double)],
        False,
    )


def _columns(ra, dec, mags, primary, real):
    vt, j, h, k = mags.T
    return {"ra": ra, "dec": dec, "j": j, "h": h, "k": k, "vt": vt, "real": np.full(len(ra), real), "primary": primary}


def _real_stars(cell, rng):
    """Tycho-2 stars of the cell, with the near-infrared colours of a star that the model would put there at that VT."""
    ra, dec, vt = cell.tycho()
    counts = expected(cell.longitude, cell.latitude, cell.area)
    place, properties = kinds()
    dust = extinction(cell.longitude, cell.latitude)[1:]
    model_vt = properties[:, :1] + 5 * np.log10(DISTANCES[1:]) - 5 + dust
    kind, step = np.zeros(len(vt), int), np.zeros(len(vt), int)
    for i, magnitude in enumerate(vt):
        weight = (counts * np.exp(-(((model_vt - magnitude) / 0.5) ** 2) / 2)).ravel()
        chosen = rng.choice(weight.size, p=weight / weight.sum())
        kind[i], step[i] = np.unravel_index(chosen, counts.shape)
    twin = {"sequence": place[kind, 0], "place": place[kind, 1].astype(float), "distance": np.full(len(vt), 10.0)}
    mags = _magnitudes({**twin, "dust": dust[step]}, rng) if len(vt) else np.empty((0, 4))
    return _columns(ra, dec, mags + (vt - mags[:, 0])[:, None], np.full(len(vt), -1), True)
