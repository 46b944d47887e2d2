"""Positions and shapes of an object on the sky."""

import numpy as np

from processing.extended.field import Mask


def position_columns(stamp, model, wcs):
    """ra, dec of the peak, sup_ra, sup_dec of the centroid in the sum of the bands; deg."""
    x = np.array([stamp.x, model.place[0]]) + stamp.x0
    y = np.array([stamp.y, model.place[1]]) + stamp.y0
    ra, dec = wcs.wcs_pix2world(x, y, 0)
    return {"ra": float(ra[0]), "dec": float(dec[0]), "sup_ra": float(ra[1]), "sup_dec": float(dec[1])}


def shape_columns(stamp, model, wcs):
    """Axis ratios and position angles of the 3- and 5-sigma isophotes, their sizes and how well ellipses fit."""
    to_sky = _axes(stamp, model.place, wcs)
    columns = {f"r_3sig": _radius(model.shapes.get("k")), "sup_r_3sig": _radius(model.shapes["sup"])}
    columns |= _ellipse("sup", model.shapes["sup"], to_sky)
    for band in model.views:
        outer, inner = model.shapes[band], model.steep[band]
        columns |= _ellipse(band, outer, to_sky) | _ellipse(f"{band}_5sig", inner, to_sky) | _areas(band, outer, inner)
    for name in ("j", "k", "sup"):
        shape = model.shapes.get(name)
        columns[f"{name}_chif_ellf"] = 100 * shape.scatter if shape and np.isfinite(shape.scatter) else None
    return columns | {"ellfit_flg": _contamination(model), "im_nx": next(iter(model.views.values())).data.shape[1]}


def position_angle(angle, to_sky):
    """Degrees east of north, above -90 to 90, of a direction in the image (rad from +x towards +y)."""
    east, north = to_sky @ (np.cos(angle), np.sin(angle))
    found = np.degrees(np.arctan2(east, north)) % 180
    return float(found - 180 if found > 90 else found)


def _axes(stamp, place, wcs):
    """Matrix from steps in x and y to steps east and north, at the object."""
    x, y = np.array([0.0, 1.0, 0.0]) + stamp.x0 + place[0], np.array([0.0, 0.0, 1.0]) + stamp.y0 + place[1]
    ra, dec = wcs.wcs_pix2world(x, y, 0)
    east = ((ra[1:] - ra[0] + 180) % 360 - 180) * np.cos(np.radians(dec[0]))
    return np.array([east, dec[1:] - dec[0]])


def _ellipse(name, shape, to_sky):
    if shape is None:
        return {f"{name}_ba": None, f"{name}_phi": None}
    return {f"{name}_ba": float(shape.ellipse.ratio), f"{name}_phi": round(position_angle(shape.ellipse.angle, to_sky))}


def _radius(shape):
    return float(shape.radius) if shape else None


def _areas(band, outer, inner):
    """d_area: pixels between the two isophotes, None where the column's 16 bits do not hold them; perc_darea: in per
    cent of the larger one."""
    if outer is None or inner is None:
        return {f"{band}_d_area": None, f"{band}_perc_darea": None}
    more = outer.area - inner.area
    pixels = round(more) if abs(more) < 2**15 else None
    return {f"{band}_d_area": pixels, f"{band}_perc_darea": round(100 * more / outer.area)}


def _contamination(model):
    """Of the ellipse fit: 0 clean, 1 masked pixels within 1.3 of its radius, 2 no ellipse: fiducial apertures are those
    of a band, or round."""
    shape = model.shapes["sup"]
    if shape is None:
        return 2
    mask = np.bitwise_or.reduce([view.mask & Mask.HIDDEN for view in model.views.values()])
    y, x = np.nonzero(mask)
    return int((np.hypot(*shape.ellipse.axes(x, y)) < 1.3 * shape.radius).any())
