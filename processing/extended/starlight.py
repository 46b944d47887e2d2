"""The light of the stars of a field: their images out to the PSF's radius, beyond it the survey's usual wings."""

from functools import cache

import numpy as np

from processing.config import survey
from processing.extended.pixels import add_wings
from processing.extended.psf import RADIUS
from processing.schema import BANDS

FAINTEST = 0.05
"""Of the noise of a pixel: what is less is not drawn."""

TABLE = 0.25
"""Arcsec between the radii at which the wings are tabulated."""

SATURATED = (1, 3)
"""Methods of ``PointSources`` whose stars are saturated."""


def saturated(stars):
    """True for the PointSources that are."""
    return np.isin(stars.method, SATURATED)


def drawable(band):
    """True for the sources of a BandField whose light can be drawn: bool (n,)."""
    stars = band.stars
    known = np.isfinite(stars.flux) & (stars.flux > 0)
    return known & ~saturated(stars) if band.without_saturated else known


def draw(image, stars, rows, psf, noise, corner=(0, 0), sign=1):
    """Add the PointSources ``rows`` (indices) to ``image``, whose pixel (0, 0) is the field's ``corner``.

    ``psf``: the field's CellPSF; ``noise``: of a pixel, DN; ``sign``: -1 to take them off.
    """
    (x0, y0), faintest = corner, FAINTEST * noise
    x, y, flux = stars.x[rows], stars.y[rows], sign * stars.flux[rows]
    psf.paint(image, x, y, flux, faintest, corner)
    reach = wings_reach(np.abs(flux), faintest)
    far = reach > RADIUS
    add_wings(image, x[far] - x0, y[far] - y0, flux[far], reach[far], RADIUS + 0.5, wings_table(), TABLE)


@cache
def wings_table():
    """Share of a star's light in an arcsec2 at distances 0, TABLE, 2 TABLE, ... arcsec: (n,)."""
    rules = survey().wings
    radius = np.arange(0.0, rules.radius[-1] + TABLE, TABLE)
    return 10 ** np.interp(radius, rules.radius, rules.light)


def wings_reach(flux, light):
    """Distances at which the wings of stars fall to so many DN a pixel, arcsec: (n,)."""
    table = wings_table()
    return TABLE * (len(table) - np.searchsorted(table[::-1], light / np.maximum(flux, 1e-6)))


def spike_reach(flux, light, band, peak):
    """The same for the arms of the spikes (see ``glare``), 0 for stars without; ``peak``: of the PSF, in a pixel."""
    rules = survey().glare
    spike = rules.spike[[one.letter for one in BANDS].index(band)]
    return np.where(flux > rules.parent, 10.0 * np.sqrt(np.maximum(flux, 0.0) * spike * peak / light), 0.0)
