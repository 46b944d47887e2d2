"""Simulated images for tests: stars where one wants them, and what was found beside what is there."""

import numpy as np
from scipy.spatial import cKDTree

from processing.config import survey
from processing.photometry.measure import measure
from processing.simulate.atlas import simulate_atlas
from processing.simulate.bound import light_within

CENTRE = (133.0, -6.0)
FWHM = 2.6
"""First guess of the seeing for ``measure``, arcsec: that of ``simulate.seeing``."""


def image_of(x, y, flux, shape=(400, 400), seed=1, band="j", galaxies=None, **more):
    """A simulated Atlas Image of stars near 0-based pixels ``x``, ``y`` with total ``flux`` in DN."""
    flux = np.broadcast_to(np.asarray(flux, float), np.shape(x))
    dec = CENTRE[1] + (np.asarray(y) - (shape[0] - 1) / 2) / 3600
    ra = CENTRE[0] - (np.asarray(x) - (shape[1] - 1) / 2) / 3600 / np.cos(np.radians(dec))
    magzp = survey().simulate.magzp["jhk".index(band)]
    stars = {"ra": ra, "dec": dec, band: magzp - 2.5 * np.log10(flux)}
    more = {"airglow": {band: 0.0}} | more
    return simulate_atlas(stars, galaxies, CENTRE, band, seed, shape, **more)[band]


def empty_image(shape=(400, 400), seed=1, band="j", **more):
    """Sky and noise alone."""
    return image_of(np.zeros(0), np.zeros(0), np.zeros(0), shape, seed, band, **more)


def measured(image, band="j"):
    return measure(image.data, band, 1.0, FWHM)


def grid(step, shape=(400, 400), margin=24, seed=7):
    """Places about ``step`` pixels apart, each at a random phase of its pixel: x, y."""
    y, x = np.mgrid[margin:shape[0] - margin:step, margin:shape[1] - margin:step]
    phase = np.random.default_rng(seed).uniform(-1, 1, (2, x.size))
    return x.ravel() + phase[0], y.ravel() + phase[1]


def truth(image):
    """x, y, flux of the stars in a simulated image."""
    return tuple(image.stars[name].to_numpy() for name in ("x", "y", "dn"))


def nearest(sources, x, y):
    """Index of the nearest source of each place, and its distance in pixels."""
    distance, index = cKDTree(np.column_stack([sources.x, sources.y])).query(np.column_stack([x, y]))
    return index, distance


def half_width(values):
    """Half the 15.87-84.13 % range: one sigma of a Gaussian."""
    low, high = np.percentile(values, [15.87, 84.13])
    return (high - low) / 2


TOTAL = light_within(survey().extraction.growth_radius)
"""Part of a simulated star's light that the survey calls total: what a flux should be over the truth."""
