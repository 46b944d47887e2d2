"""The sky of a training scene: a patch of the simulated sky with more galaxies and close groups of stars than it has.

Galaxies, and doubles and triples of stars, of other skies of the same place are put at random places of the scene. Each
object counts with the weight that makes their number natural again.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from processing.simulate.sky import around, sky_patch

MARGIN = 60.0
"""Sources are drawn to this many arcsec outside the image."""

LINK = 6.0
"""Stars closer than this many arcsec are a group."""

FAINTEST, GALAXY, BRIGHT = 17.0, 15.0, 13.8
"""Ks of the faintest sources of the patch, of the faintest galaxies that are put in beside, and of the bright ones."""

GROUP = 10.0, 15.0
"""Ks of the brightest star of the groups that are put in: brighter ones would fill the scene with their halos."""

APART = 18.0
"""Arcsec between what is put in: more often than in the sky they would cover each other."""


IDENTITY = ("id", "primary", "real", "vt")
"""Columns of the sky that an object put elsewhere has not."""


@dataclass(frozen=True)
class Site:
    """A scene to make. ``ra``, ``dec``, galactic ``latitude``: deg; ``shape``: rows and columns, pixels of 1 arcsec;
    ``seed``; ``galaxies``, ``bright``, ``groups``: how many other skies give their galaxies, how many more their bright
    ones, and how many their groups of stars; ``seeing``: arcsec; ``airglow``: factor on the usual one."""

    ra: float
    dec: float
    latitude: float
    shape: tuple
    seed: int
    galaxies: int
    bright: int
    groups: int
    seeing: float
    airglow: float


def scene_sky(site):
    """Stars and galaxies of a Site: two dicts of columns, as simulate_atlas takes them."""
    patch = around(site.ra, site.dec, *((n + 2 * MARGIN) / 3600 for n in reversed(site.shape)))
    sky = sky_patch(patch, FAINTEST, site.seed, real=False)
    stars, galaxies = [_columns(sky.stars)], [_columns(sky.galaxies)]
    places = Places(site, galaxies[0])
    for k in range(1, site.galaxies + site.bright + 1):
        other = _columns(sky_patch(patch, GALAXY, site.seed + 1000 * k, density=0.0, real=False).galaxies)
        other = _rows(other, other["k"] < (GALAXY if k <= site.galaxies else BRIGHT))
        galaxies.append(places.given(other, np.arange(len(other["ra"]))))
    for k in range(1, site.groups + 1):
        other = _columns(sky_patch(patch, FAINTEST, site.seed + 1000 * k, real=False).stars)
        label = group_of(other, site)
        stars.append(places.given(_rows(other, label >= 0), label[label >= 0]))
    return _joined(stars), _joined(galaxies)


def group_of(stars, site):
    """Number of the close group of each star, -1 for lone stars and faint groups."""
    x, y = _plane(stars, site)
    pairs = cKDTree(np.column_stack([x, y])).query_pairs(LINK, output_type="ndarray")
    n = len(x)
    links = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, label = connected_components(links, directed=False)
    brightest = np.full(label.max(initial=-1) + 1, np.inf)
    np.minimum.at(brightest, label, stars["k"])
    wanted = (np.bincount(label) > 1) & (brightest > GROUP[0]) & (brightest < GROUP[1])
    return np.where(wanted[label], label, -1)


def _plane(stars, site):
    """East and north of the middle of the scene, arcsec."""
    east = (stars["ra"] - site.ra + 180) % 360 - 180
    return east * np.cos(np.radians(site.dec)) * 3600, (stars["dec"] - site.dec) * 3600


class Places:
    """Random places of a scene, ``APART`` from its galaxies and from each other if there is room."""

    def __init__(self, site, galaxies):
        self.site, self.rng = site, np.random.default_rng([site.seed, 21])
        self.taken = np.column_stack(_plane(galaxies, site))

    def given(self, table, label):
        """Objects of one label moved together to a new place."""
        _, first, member = np.unique(label, return_index=True, return_inverse=True)
        x, y = _plane(table, self.site)
        aim = np.array([self._next() for _ in first]).reshape(-1, 2)
        x, y = x - x[first][member] + aim[member, 0], y - y[first][member] + aim[member, 1]
        ra = self.site.ra + x / 3600 / np.cos(np.radians(self.site.dec))
        return table | {"ra": ra % 360, "dec": self.site.dec + y / 3600}

    def _next(self):
        half = (np.array(self.site.shape[::-1]) + MARGIN) / 2
        tries = self.rng.uniform(-half, half, (20, 2))
        free = np.hypot(*(tries[:, None] - self.taken).transpose(2, 0, 1)).min(axis=1, initial=np.inf) > APART
        place = tries[np.argmax(free)]
        self.taken = np.concatenate([self.taken, [place]])
        return place


def _columns(table):
    return {name: table[name].to_numpy() for name in table.column_names if name not in IDENTITY}


def _rows(table, keep):
    return {name: values[keep] for name, values in table.items()}


def _joined(tables):
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
