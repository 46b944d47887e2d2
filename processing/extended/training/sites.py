"""Where the training scenes lie: from the plane of the Galaxy to its poles."""

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord

from processing.extended.training.sky import Site

LATITUDES = (7.0, 11.0, 15.0, 19.0, 23.0, 30.0, 42.0, 65.0)
"""Galactic latitudes of the scenes, deg, again and again; north and south, all longitudes but those of the bulge."""

SHAPE = (512, 512)

GALAXIES = 16, 30
"""Other skies whose galaxies are put in, and more whose bright ones are."""


def sites(count, seed):
    """``count`` Sites, the same for the same ``seed``."""
    rng = np.random.default_rng([seed, 20])
    return [_site(number, seed, rng) for number in range(count)]


def _site(number, seed, rng):
    latitude = LATITUDES[number % len(LATITUDES)] + rng.uniform(-1.5, 1.5)
    place = SkyCoord(rng.uniform(30, 330) * u.deg, rng.choice([-1, 1]) * latitude * u.deg, frame="galactic").icrs
    return Site(float(place.ra.deg), float(place.dec.deg), latitude, SHAPE, seed * 100_000 + number, *GALAXIES,
                _groups(latitude), float(rng.uniform(2.4, 3.1)), float(np.exp(rng.uniform(-0.7, 1.4))))  # fmt: skip


def _groups(latitude):
    """Other skies whose groups of stars are put in: more where there are few."""
    return int(np.clip(6 * (latitude / 12) ** 1.5, 3, 60))
