"""Everything that the catalog says of an extended source and its pixels tell: the columns of one stamp."""

import numpy as np
from scipy import ndimage

from processing.extended.apertures import correlation, ellipse_sums, flux_errors, sum_variances
from processing.extended.brightness import annulus, brightness_columns, circle_radius
from processing.extended.field import Mask
from processing.extended.model import modelled
from processing.extended.photometry import MAGNITUDE, apertures
from processing.extended.radii import aperture_radii
from processing.extended.shape_columns import position_columns, shape_columns
from processing.extended.total import extent, total
from processing.schema.extended_flags import CIRCLES, FIDUCIAL, OWN

STARS = Mask.STAR | Mask.BRIGHT_STAR | Mask.SUBTRACTED


def measure(stamp, wcs):
    """Columns of the catalog (processing/schema/xsc.yaml) that the pixels of a Stamp tell.

    ``wcs``: pixels of the field (0-based) to ICRS. A dict: name -> value, None where it could not be measured: no
    isophote so bright, an aperture beyond the stamp, light below the sky. Without a band its columns are missing.
    Angles in degrees east of north, radii in arcsec (pixels of 1 arcsec), magnitudes with the zero points of the stamp.
    """
    model = modelled(stamp)
    if model is None:
        return {}
    radii = aperture_radii(model)
    light = apertures(model, radii)
    totals = _totals(model, radii, light)
    columns = position_columns(stamp, model, wcs) | shape_columns(stamp, model, wcs) | _radius_columns(model, radii)
    for band in model.views:
        columns |= _magnitudes(model, band, light) | _total_columns(model, band, totals.get(band))
        columns |= brightness_columns(model, band, totals.get(band), light.get((band, circle_radius())))
        left = annulus(model, band, _size(model, radii))
        columns[f"{band}_resid_ann"] = left if np.isfinite(left) else None
    return columns | _neighbours(model, radii) | _system(model, radii) | _extrapolated(model, totals)


def _size(model, radii):
    """Semi-major axis of the aperture that total magnitudes start from, pixel: the K20 ellipse, or J21, or 3 sigma."""
    shape = model.shapes["sup"]
    found = radii["k20fe"] or radii["j21fe"] or shape
    return found.radius if found else 10.0


def _totals(model, radii, light):
    found = {}
    name = next((name for name in ("k20fe", "j21fe") if radii[name]), None)
    for band in model.views:
        if name and np.isfinite(light[band, name].flux):
            found[band] = total(model, band, radii[name].radius, light[band, name])
        elif (band, "i20e") in light and np.isfinite(light[band, "i20e"].flux):
            found[band] = total(model, band, radii[band, "i20e"].radius, light[band, "i20e"])
    return {band: value for band, value in found.items() if value}


def _radius_columns(model, radii):
    columns = {f"r_{name}": radii[name] for name in FIDUCIAL}
    columns |= {f"{band}_r_{name}": radii[band, name] for band in model.views for name in OWN}
    return {name: found.radius if found else None for name, found in columns.items()}


def _magnitudes(model, band, light):
    columns, view = {}, model.views[band]
    for name in (*FIDUCIAL, *OWN, *map(str, CIRCLES)):
        found = light.get((band, name))
        missing = {f"{band}_{what}_{name}": None for what in ("m", "msig", "flg")}
        columns |= found.columns(view, name) if found else missing
    return columns


def _total_columns(model, band, found):
    view, profile = model.views[band], model.profiles.get(band)
    return {
        f"{band}_m_ext": float(view.magnitude(found.flux)) if found else None,
        f"{band}_msig_ext": MAGNITUDE * found.error / found.flux if found else None,
        f"{band}_pchi": profile.chi2 if profile else None,
    }


def _extrapolated(model, totals):
    """r_ext, of Ks or the band next to it; fg_flg: for each band whether its profile was fitted (0 or 1) and the tenths
    of the total that are extrapolated, 9 without a total."""
    band = next((band for band in "khj" if band in totals), None)
    marks = [f"{int(b not in model.profiles)}{min(int(10 * totals[b].beyond), 9) if b in totals else 9}" for b in "jhk"]
    return {"r_ext": extent(model.profiles[band]) if band else None, "fg_flg": "".join(marks)}


def _neighbours(model, radii):
    """n_blank, n_sub and bl_sub_flg: masked and subtracted neighbours within twice the aperture."""
    masks = np.bitwise_or.reduce([view.mask for view in model.views.values()])
    y, x = np.ogrid[:masks.shape[0], :masks.shape[1]]
    near = np.hypot(x - model.place[0], y - model.place[1]) < 2 * _size(model, radii)
    blank, off = (_pieces((masks & bits != 0) & near) for bits in (
        Mask.STAR | Mask.BRIGHT_STAR | Mask.NEIGHBOUR, Mask.SUBTRACTED))  # fmt: skip
    return {"n_blank": blank, "n_sub": off, "bl_sub_flg": (blank > 0) + 2 * (off > 0)}


def _pieces(where):
    return int(ndimage.label(where)[1]) if where.any() else 0


def _system(model, radii):
    """Magnitudes with all neighbours in the K20 ellipse, and whether there are galaxies and stars among them."""
    radius, ellipse = radii["k20fe"] and radii["k20fe"].radius, model.ellipse
    columns, seen = {}, 0
    for band, view in model.views.items():
        columns |= {f"{band}_m_sys": None, f"{band}_msig_sys": None}
        if not radius or view.whole is None:
            continue
        image = np.where(np.isfinite(view.whole), view.whole, view.filled)
        shape = np.array([radius]), ellipse.ratios([radius]), ellipse.angle
        found = ellipse_sums(image[None], view.mask[None], ellipse.x, ellipse.y, *shape)
        flux, area = float(found[0][0, 0]), float(found[2][0])
        seen |= int(found[3][0, 0])
        if flux > 0:
            error = _error(view, flux, area, *shape)
            columns |= {f"{band}_m_sys": float(view.magnitude(flux)), f"{band}_msig_sys": MAGNITUDE * error / flux}
    known = any(value is not None for value in columns.values())
    return columns | {"sys_flg": int(seen & Mask.NEIGHBOUR > 0) if known else None,
                      "contam_flg": int(seen & STARS > 0) if known else None}  # fmt: skip


def _error(view, flux, area, radii, ratios, angle):
    """One sigma, DN, of the light in one aperture with nothing masked."""
    spread = sum_variances(radii, ratios, angle, correlation())
    return float(flux_errors(flux, area, 0.0, spread[0], view.sigma, view.background_error))
