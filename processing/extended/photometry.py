"""Magnitudes in all apertures of an object, with errors and flags."""

from dataclasses import dataclass

import numpy as np

from processing.extended.apertures import OFF, correlation, ellipse_sums, flux_errors, sum_variances
from processing.extended.field import Mask
from processing.extended.isophotes import Radius, rim_error
from processing.extended.rings import stacked
from processing.schema.extended_flags import CIRCLES, FIDUCIAL, OWN

FLAGS = ((Mask.BRIGHT_STAR, 4), (Mask.ARTIFACT, 5), (OFF, 6), (Mask.NEIGHBOUR, 7), (Mask.STAR, 2),
         (Mask.SUBTRACTED, 3), (Mask.UNSEEN, 1))  # fmt: skip
"""Bits of masked pixels and the flag of an aperture with them, the first that holds (schema.extended_flags)."""

SETS = {"k20fe": "k", "k20fc": "k", "fe": "k", "fc": "k", "j21fe": "j", "j21fc": "j"}
"""The band that sets the radius of a fiducial aperture."""

MAGNITUDE = 2.5 / np.log(10)


@dataclass(frozen=True)
class Light:
    """Within an aperture of one band: ``flux`` and ``error``, DN; ``still``: error if the aperture had none itself;
    ``area``, pixel; ``flag`` as of the catalog. The flux is NaN where the aperture leaves the stamp."""

    flux: float
    error: float
    still: float
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
    every, circle = list(model.views.values()), model.ellipse.circle()
    fiducial, circles = _shared(radii)
    found = _measured(model, every, model.ellipse, "fiducial", fiducial)
    found |= _measured(model, every, circle, "circle", circles)
    for band, view in model.views.items():
        for ellipse, kind, last in ((model.own[band], "own", "e"), (circle, "circle", "c")):
            own = [(name, radii[band, name]) for name in OWN if name.endswith(last)]
            found |= _measured(model, [view], ellipse, kind, own)
    return found


def _shared(radii):
    """Names and radii of the apertures that all bands have: ellipses, circles."""
    ellipses = [(name, radii[name]) for name in FIDUCIAL if name.endswith("e")]
    circles = [(name, radii[name]) for name in FIDUCIAL if name.endswith("c")]
    return ellipses, circles + [(str(radius), Radius(float(radius))) for radius in CIRCLES]


def _measured(model, views, ellipse, kind, wanted):
    """(band, name) -> Light of apertures of one shape; ``wanted``: their names and Radius or None."""
    wanted = [(name, size) for name, size in wanted if size]
    if not wanted:
        return {}
    sizes = np.array([size.radius for _, size in wanted])
    ratios = ellipse.ratios(sizes) if kind != "circle" else np.ones(sizes.size)
    place = ellipse.x, ellipse.y, sizes, ratios, ellipse.angle
    sums, masked, areas, bits = ellipse_sums(*stacked(views), *place)
    spread, found = sum_variances(sizes, ratios, ellipse.angle, correlation()), {}
    for b, view in enumerate(views):
        errors = flux_errors(sums[b], areas, masked[b], spread, view.sigma, view.background_error)
        for k, (name, size) in enumerate(wanted):
            still = float(errors[k])
            error = _with_rim(model, view, kind, name, size, still)
            flux = float(sums[b, k]) if not bits[b, k] & OFF else np.nan
            found[view.band, name] = Light(flux, error, still, float(areas[k]), flag(int(bits[b, k])))
    return found


def _with_rim(model, view, kind, name, size, error):
    """Error of the light within a Radius that has an error as well.

    The radius of another band moves the rim on its own account; one of the band itself moves it with the light.
    """
    shown = model.shown.get((view.band, kind))
    if not shown or size.rings is None:
        return error
    level = max(float(np.interp(size.radius, shown.rings.middle, shown.rings.mean, right=0.0)), 0.0)
    rim = 2 * np.pi * shown.rings.ratio * size.radius * level
    if SETS.get(name, view.band) == view.band:
        return rim_error(size, error, rim)
    return float(np.hypot(error, rim * size.error))


def flag(bits):
    """The flag of an aperture whose masked pixels have these bits."""
    return next((value for bit, value in FLAGS if bits & bit), 0)
