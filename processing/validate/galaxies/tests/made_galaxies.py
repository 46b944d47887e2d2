"""Galaxies that a perfect camera would measure, and two lists of them as two scans have them: errors are known."""

from dataclasses import dataclass

import numpy as np

from processing.formats.tables import make_table
from processing.formats.tests.extended_rows import COLOUR, made_up_galaxies
from processing.schema import BANDS, load_table
from processing.validate.apparitions import sources
from processing.validate.galaxies.evidence import CIRCLE, ISOPHOTE, GalaxyEvidence, TrueGalaxies

RA, DEC = (180.0, 181.5), (28.0, 34.0)
"""deg: a field at the north galactic pole."""

LOST = 0.05
"""Share of the galaxies that a scan misses, whatever their brightness."""

FALSE = 0.02
"""Share of rows of the catalog that are no galaxies."""


@dataclass(frozen=True)
class Sky:
    """``k``: Ks of the galaxies within the K20 ellipse; ``sigma``: of a measurement, mag; places, deg."""

    ra: np.ndarray
    dec: np.ndarray
    k: np.ndarray
    sigma: np.ndarray


def noise(k):
    """One sigma: 0.109 at Ks 13.6, growing with the sky's noise, 0.01 at least."""
    return np.hypot(0.01, 0.1085 * 10 ** (0.4 * (k - 13.6)))


def made_sky(count=1500, seed=3):
    """Galaxies to Ks 14.5, their number growing by 10^(0.4 m)."""
    rng = np.random.default_rng(seed)
    k = 14.5 + np.log10(rng.random(count)) / 0.4
    ra, dec = rng.uniform(*RA, count), rng.uniform(*DEC, count)
    return Sky(ra, dec, k, noise(k))


def listing(sky, seed, offset=0.0, scan=10, scale=1.0):
    """Rows of extended sources that one scan lists: a pyarrow Table, and which galaxies they are (bool mask)."""
    rng = np.random.default_rng(seed)
    got = rng.random(len(sky.k)) > LOST
    k, sigma = sky.k[got], sky.sigma[got]
    table = made_up_galaxies(sky.ra[got], sky.dec[got], k=k, ids={"hemis": "n", "date": "1999-05-01", "scan": scan})
    columns = {name: table[name] for name in table.column_names}
    for band in BANDS:
        for name in (CIRCLE, ISOPHOTE):
            error = scale * sigma * rng.standard_normal(got.sum())
            columns[f"{band.letter}_m_{name}"] = k + COLOUR[band.letter] + error + offset
            columns[f"{band.letter}_msig_{name}"] = sigma
    return make_table(columns, load_table("xsc"), "extract"), got


def truth_of(sky):
    """The TrueGalaxies of a Sky, the same light in all apertures."""
    light = np.column_stack([sky.k + COLOUR[band.letter] for band in BANDS])
    return TrueGalaxies(sky.ra, sky.dec, light - 0.1, light, light, np.full(len(sky.k), 10.0))


def scan_rows(count=1):
    """Rows of the table of scans: ``count`` strips side by side that cover the field."""
    edges = np.linspace(RA[0] - 0.1, RA[1] + 0.1, count + 1)
    rows = []
    for n, (west, east) in enumerate(zip(edges, edges[1:])):
        corners = ((east, DEC[0] - 0.1), (west, DEC[0] - 0.1), (west, DEC[1] + 0.1), (east, DEC[1] + 0.1))
        rows.append({"date": "1999-05-01", "hemis": "n", "scan": 10 + n, "extended": 1, "glat": 80.0}
                    | {f"{way}_{k}": corner[m] for k, corner in enumerate(corners, 1)
                       for m, way in enumerate(("ra", "dec"))})  # fmt: skip
    return rows


def catalog_of(sky, seed=5, scale=1.0):
    """The Sources of a catalog of a Sky, FALSE of them no galaxies."""
    table, got = listing(sky, seed, scale=scale)
    rng = np.random.default_rng(seed)
    false = rng.random(len(table)) < FALSE
    dec = table["dec"].to_numpy().copy()
    dec[false] += 60 / 3600
    columns = {name: table[name] for name in table.column_names} | {"dec": dec, "cc_flg": ["0"] * len(table)}
    return sources(make_table(columns, load_table("xsc"), "extract")), false


def apparitions_of(sky, offset=0.0, scale=1.0):
    """The Sources of apparitions of a Sky that two scans see."""
    parts, numbers, scans = [], [], []
    for scan, seed in ((10, 11), (11, 12)):
        table, got = listing(sky, seed, offset if scan == 11 else 0.0, scan, scale)
        parts.append(table)
        numbers.append(np.flatnonzero(got))
        scans.append(np.full(got.sum(), scan))
    number = np.concatenate(numbers)
    seen = np.bincount(number, minlength=len(sky.k))[number]
    description = load_table("extended_apparitions")
    joined = {name: np.concatenate([part[name].to_numpy(zero_copy_only=False) for part in parts])
              for name in description.names if name in parts[0].column_names}  # fmt: skip
    known = {"kind": ["overlap"] * len(number), "source": number + 1, "ext_key": number + 1, "seen": seen,
             "possible": np.full(len(number), 2), "selected": np.ones(len(number), bool),
             "edge": np.full(len(number), 500.0), "neighbour": np.full(len(number), 300.0),
             "cc_flg": ["0"] * len(number)}  # fmt: skip
    table = make_table({name: (joined | known)[name] for name in description.names}, description)
    return sources(table.sort_by([(name, "ascending") for name in ("kind", "source", "scan")]))


def galaxy_evidence(sky, truth=True, scans=1, **how):
    """The GalaxyEvidence of a Sky."""
    catalog, _ = catalog_of(sky)
    return GalaxyEvidence(catalog, apparitions_of(sky, **how), truth_of(sky) if truth else None, scan_rows(scans))
