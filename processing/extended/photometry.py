"""Magnitudes in all apertures of an object, with errors and flags."""

from dataclasses import dataclass

import numpy as np

from processing.extended.apertures import OFF, correlation, ellipse_sums, flux_errors, sum_variances
from processing.extended.field import Mask
from processing.extended.isophotes import Isophotal, isophotal_error
from processing.extended.radii import KronRadius
from processing.schema.extended_flags import CIRCLES, FIDUCIAL, OWN

FLAGS = ((Mask.BRIGHT_STAR, 4), (Mask.ARTIFACT, 5), (OFF, 6), (Mask.NEIGHBOUR, 7), (Mask.STAR, 2),
         (Mask.SUBTRACTED, 3), (Mask.UNSEEN, 1))  # fmt: skip
"""Bits of masked pixels and the flag of an aperture with them, the first that holds (schema.extended_flags)."""

MAGNITUDE = 2.5 / np.log(10)


@dataclass(frozen=True)
class Light:
    """Within an aperture of one band: ``flux`` and ``error``, DN; ``area``, pixel; ``flag`` as of the catalog. The flux
    is NaN where the aperture leaves the stamp."""

    flux: float
    error: float
    area: float
    flag: int

    def columns(self, view, name):
        """Columns {band}_m_, _msig_ and _flg_ of aperture ``name``; no magnitude for negative light (flag 9)."""
        band, seen = view.band, self.flux > 0
        return {
            f"{band}_m_{name}": float(view.magnitude(self.flux)) if seen else None,
            f"{band}_msig_{name}": float(MAGNITUDE * self.error / self.flux) if seen else None,
            f"{band}_flg_{name}": 9 if self.flux <= 0 else self.flag,
        }


def apertures(model, radii):
    """(band, name) -> Light of all apertures that have a radius. ``radii``: of ``aperture_radii``."""
    found = {}
    for band, view in model.views.items():
        fiducial, own, circles = _requests(band, radii)
        found |= _measured(model, view, model.ellipse, "fiducial", fiducial)
        found |= _measured(model, view, model.own[band], "own", own)
        found |= _measured(model, view, model.ellipse.circle(), "circle", circles)
    return found


def _requests(band, radii):
    """Names and radii of a band's apertures by the shape that they have: fiducial, own, circles."""
    fiducial, own = [], []
    circles = [(str(radius), KronRadius(float(radius), 0.0)) for radius in CIRCLES]
    for name in FIDUCIAL:
        (circles if name.endswith("c") else fiducial).append((name, radii[name]))
    for name in OWN:
        (circles if name.endswith("c") else own).append((name, radii[band, name]))
    return ([row for row in rows if row[1]] for rows in (fiducial, own, circles))


def _measured(model, view, ellipse, kind, requests):
    if not requests:
        return {}
    sizes = np.array([found.radius for _, found in requests])
    ratios = ellipse.ratios(sizes) if kind != "circle" else np.ones(sizes.size)
    sums, areas, masked, bits = ellipse_sums(view.filled, view.mask, ellipse.x, ellipse.y, sizes, ratios, ellipse.angle)
    spread = sum_variances(sizes, ratios, ellipse.angle, correlation())
    errors = flux_errors(sums, areas, masked, spread, view.sigma, view.background_error)
    found = {}
    for k, (name, size) in enumerate(requests):
        error = _with_rim(model, view, kind, name, size, errors[k])
        flux = sums[k] if not bits[k] & OFF else np.nan
        found[view.band, name] = Light(float(flux), float(error), float(areas[k]), flag(int(bits[k])))
    return found


def _with_rim(model, view, kind, name, size, error):
    """Error of the light within a radius that has an error as well.

    The isophote of another band moves the rim on its own account; one of the band itself moves it with the light.
    """
    shown = model.shown.get((view.band, kind))
    if not shown or not size.error:
        return error
    level = max(float(np.interp(size.radius, shown.rings.middle, shown.rings.mean, right=0.0)), 0.0)
    if isinstance(size, Isophotal) and {"k20": "k", "j21": "j"}.get(name[:3], view.band) == view.band:
        return isophotal_error(size, shown.rings, error, level)
    rim = 2 * np.pi * shown.rings.ratio * size.radius * level
    return float(np.hypot(error, rim * size.error))


def flag(bits):
    """The flag of an aperture whose masked pixels have these bits."""
    return next((value for bit, value in FLAGS if bits & bit), 0)
