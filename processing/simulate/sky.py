"""The sky that every simulation draws from: stars and galaxies of a patch, the same for the same seed.

    patch = around(266.0, 28.0, 0.2, 0.3)
    sky = sky_patch(patch, limit=16.5, seed=7)
    sky.stars, sky.galaxies                      pyarrow tables

The sky is cut into HEALPix cells (nside 256, 13.7') and each is drawn by itself with a seed of its own, always to the
same depth: two patches that overlap share their stars, whatever they ask for.
"""

from dataclasses import dataclass

import astropy.units as u
import numpy as np
import pyarrow as pa
from astropy.coordinates import ICRS, Galactic, Latitude, Longitude, SkyCoord
from cdshealpix import nested

from processing.errors import SurveyError
from processing.simulate import tycho
from processing.simulate.galaxies import cell_galaxies
from processing.simulate.galaxy_parts import bulges
from processing.simulate.stars import cell_stars

DEPTH = 8
"""HEALPix order of the cells (nside 256)."""

DEEPEST = 17.5
"""Ks to which every cell is drawn."""


CELL_MARGIN = 0.03
"""Corners are moved outwards by this many deg when cells are looked up."""


@dataclass(frozen=True)
class Patch:
    """A convex polygon on the sky with great-circle sides: corners in deg, ICRS, either way round."""

    ra: tuple
    dec: tuple

    def contains(self, ra, dec):
        """Whether points lie inside, bool array."""
        corners, points = _vectors(self.ra, self.dec), _vectors(ra, dec)
        sides = np.cross(corners, np.roll(corners, -1, axis=0))
        inward = np.sign(sides @ corners.mean(axis=0))
        return np.all(points @ (sides * inward[:, None]).T >= 0, axis=1)

    def cells(self):
        """Numbers of the cells whose sources may lie in it, sorted: a companion may lie just outside its cell."""
        corners = _vectors(self.ra, self.dec)
        outward = corners - corners.mean(axis=0)
        corners = corners + np.radians(CELL_MARGIN) * outward / np.linalg.norm(outward, axis=1)[:, None]
        lon, lat = np.arctan2(corners[:, 1], corners[:, 0]), np.arctan2(corners[:, 2], np.hypot(*corners[:, :2].T))
        found = nested.polygon_search(Longitude(lon % (2 * np.pi), u.rad), Latitude(lat, u.rad), DEPTH, flat=True)[0]
        return np.sort(found.astype(np.int64))


def around(ra, dec, width, height):
    """The Patch of ``width`` (east-west) by ``height`` deg centred on ra, dec; sizes well under 90 deg."""
    centre = SkyCoord(ra * u.deg, dec * u.deg)
    east, north = np.array([1, -1, -1, 1]) * width / 2, np.array([-1, -1, 1, 1]) * height / 2
    corners = SkyCoord(east * u.deg, north * u.deg, frame=centre.skyoffset_frame()).transform_to(ICRS())
    return Patch(tuple(corners.ra.deg), tuple(corners.dec.deg))


@dataclass(frozen=True)
class Sky:
    """What is in a patch.

    ``stars``: id, ra, dec (deg ICRS), j, h, k, vt (mag), real (a Tycho-2 star), primary (id of the star whose
    companion it is, null for none). ``galaxies``: id, ra, dec, j, h, k (total mag), reff (arcsec), sersic, axis_ratio,
    angle (deg), and what parts them into bulge and disc (galaxy_parts.bulges).
    ``real``: whether Tycho-2 was there to draw from.
    """

    stars: pa.Table
    galaxies: pa.Table
    real: bool


@dataclass(frozen=True)
class Cell:
    """One HEALPix cell; galactic coordinates of its centre in deg, area in deg2."""

    number: int
    longitude: float
    latitude: float
    area: float

    def random_positions(self, rng, n):
        """``n`` positions spread evenly over the cell: ra, dec in deg (HEALPix's plane keeps areas)."""
        x, y = nested.healpix_to_xy(np.array([self.number], np.uint64), DEPTH)
        up, across = rng.uniform(-0.5, 0.5, (2, n)) / 2**DEPTH
        lon, lat = nested.xy_to_lonlat((x + up - across) % 8, y + up + across)
        return lon.deg, lat.deg

    def tycho(self):
        """The Tycho-2 stars in the cell that are brighter than where the index is complete: ra, dec, vt."""
        ra, dec, vt = tycho.tycho_stars()
        lon, lat = nested.healpix_to_lonlat(np.array([self.number], np.uint64), DEPTH)
        near = slice(*np.searchsorted(dec, lat.deg[0] + np.array([-0.5, 0.5])))
        ra, dec, vt = ra[near], dec[near], vt[near]
        inside = nested.lonlat_to_healpix(Longitude(ra, u.deg), Latitude(dec, u.deg), DEPTH) == self.number
        ra, dec, vt = ra[inside], dec[inside], vt[inside]
        bright = vt <= tycho.complete_to(ra, dec)
        return ra[bright], dec[bright], vt[bright]


def sky_patch(patch, limit=16.5, seed=0, density=1.0, real=None):
    """Stars and galaxies brighter than ``limit`` at Ks, or by the colour of a dwarf at J or H, inside ``patch``.

    Parameters
    ----------
    limit : float, mag
        Kept is what is brighter than ``limit`` at Ks, ``limit`` + 0.2 at H or ``limit`` + 0.8 at J; at most DEEPEST.
    seed : int
    density : float
        Factor on the number of the model's stars.
    real : bool or None
        Whether the bright stars are Tycho-2's; SurveyError when it is not installed. None: if it is installed.
    """
    if limit > DEEPEST:
        raise SurveyError(f"limit: expected a Ks magnitude of at most {DEEPEST}, found {limit}")
    if real and not tycho.available():
        raise SurveyError(f"the real stars need the Debian package {tycho.PACKAGE}, which is not installed")
    real = tycho.available() if real is None else real
    parts = []
    for number in patch.cells():
        parts.append([_kept(table, patch, limit) for table in _cell_sky(_cell(number), seed, density, real)])
    stars, galaxies = ({name: np.concatenate([p[i][name] for p in parts]) for name in parts[0][i]} for i in (0, 1))
    return Sky(_star_table(stars), pa.table(galaxies), real)


def _cell(number):
    lon, lat = nested.healpix_to_lonlat(np.array([number], np.uint64), DEPTH)
    centre = SkyCoord(lon, lat).transform_to(Galactic())
    area = 4 * np.pi * np.degrees(1) ** 2 / (12 * 4**DEPTH)
    return Cell(int(number), float(centre.l.deg[0]), float(centre.b.deg[0]), area)


def _cell_sky(cell, seed, density, real):
    rngs = [np.random.default_rng([seed, kind, cell.number]) for kind in (11, 12, 13)]
    stars = cell_stars(cell, rngs[0], DEEPEST, density, real)
    galaxies = cell_galaxies(cell, rngs[1], DEEPEST)
    galaxies |= bulges(galaxies, rngs[2])
    first = cell.number << 24
    stars["primary"] = np.where(stars["primary"] < 0, -1, first + stars["primary"])
    return tuple({"id": first + np.arange(len(t["ra"])), **t} for t in (stars, galaxies))


def _kept(table, patch, limit):
    bright = (table["k"] < limit) | (table["h"] < limit + 0.2) | (table["j"] < limit + 0.8)
    kept = bright & patch.contains(table["ra"], table["dec"])
    return {name: values[kept] for name, values in table.items()}


def _star_table(stars):
    primary = stars.pop("primary")
    return pa.table({**stars, "primary": pa.array(primary, mask=primary < 0)})


def _vectors(ra, dec):
    ra, dec = np.radians(ra), np.radians(dec)
    return np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
