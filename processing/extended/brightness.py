"""Half-light radius, concentration and surface brightness of an object in a band."""

import numpy as np

from processing.config import survey
from processing.extended.apertures import ellipse_sums
from processing.extended.field import Mask
from processing.extended.rings import stacked

PARTS = (0.25, 0.5, 0.75)
"""Parts of the total light whose radii are looked for: those of the concentration and the half-light radius."""

SPAN = np.array([0.6, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5])
"""Radii about a first guess at which light is summed, in its units."""


def light_radii(model, band, flux):
    """Semi-major axes, pixel, of the fiducial ellipses that hold PARTS of ``flux`` (DN): NaN beyond the stamp.

    Of the image as it is, PSF and all; the axis ratio follows the smallest semi-minor axis (Section IV.5a.ii).
    """
    images, rings = stacked([model.views[band]]), model.profiles[band].rings
    grown = np.cumsum(rings.mean * rings.area)
    guess = np.interp(np.array(PARTS) * flux, np.maximum.accumulate(grown), rings.edges[1:])
    found = [_radius_of(images, model.ellipse, part * flux, first, model.reach) for part, first in zip(PARTS, guess)]
    return np.array(found)


def _radius_of(images, ellipse, light, guess, reach):
    """Semi-major axis of the ellipse that holds ``light`` DN."""
    for _ in range(4):
        radii = np.minimum(guess * SPAN, reach)
        sums = ellipse_sums(*images, ellipse.x, ellipse.y, radii, ellipse.ratios(radii), ellipse.angle)[0][0]
        if sums[0] > light:
            guess = radii[0]
        elif sums[-1] < light:
            if radii[-1] == reach:
                return np.nan
            guess = radii[-1]
        else:
            return float(np.exp(np.interp(light, np.maximum.accumulate(sums), np.log(radii))))
    return np.nan


def brightness_columns(model, band, total, central):
    """Columns r_eff, mnsurfb_eff, con_indx, peak and 5surf of a band.

    ``total``: its Total or None; ``central``: Light of the circle of 5 arcsec, or None.
    """
    view = model.views[band]
    quarter, half, three = light_radii(model, band, total.flux) if total else (np.nan,) * 3
    area = np.pi * float(model.ellipse.ratios(half)) * half**2 if np.isfinite(half) else np.nan
    return {
        f"{band}_r_eff": _known(half),
        f"{band}_mnsurfb_eff": _magnitude(view, 0.5 * total.flux / area) if np.isfinite(half) else None,
        f"{band}_con_indx": _known(three / quarter),
        f"{band}_peak": _magnitude(view, peak(view, model.place)),
        f"{band}_5surf": _magnitude(view, central.flux / central.area) if central else None,
    }


def peak(view, place, reach=2):
    """Brightest pixel within ``reach`` pixels of the place, DN."""
    x, y = (int(round(c)) for c in place)
    return float(view.filled[max(0, y - reach):y + reach + 1, max(0, x - reach):x + reach + 1].max())


def annulus(model, band, radius):
    """Median of what is left of the background between 2 and 2.4 times ``radius`` (pixel, at least 12), where a galaxy
    of that isophote has no light left, DN a pixel; NaN when too few clean pixels are in it."""
    view, ellipse = model.views[band], model.ellipse
    y, x = np.ogrid[:view.data.shape[0], :view.data.shape[1]]
    u, v = ellipse.axes(x, y)
    square = (u**2 + v**2) / max(radius, 12.0) ** 2
    found = view.data[(square > 4) & (square < 5.76) & (view.mask & Mask.HIDDEN == 0) & np.isfinite(view.data)]
    return float(np.median(found)) if found.size > 50 else np.nan


def circle_radius():
    """Name of the fixed circle of the central surface brightness."""
    return f"{survey().extended_measures.central_radius:.0f}"


def _magnitude(view, flux):
    return float(view.magnitude(flux)) if flux > 0 else None


def _known(value):
    return float(value) if np.isfinite(value) else None
