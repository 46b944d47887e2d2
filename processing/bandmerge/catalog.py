"""From the source lists of a field to its table of point sources, with all columns of the catalog."""

from dataclasses import dataclass

import numpy as np

from processing.bandmerge.align import without_offsets
from processing.bandmerge.band_columns import NUMBERS, Rows, band_columns, confused_sources, no_band
from processing.bandmerge.merge import Merged, mean_places, merge_bands
from processing.bandmerge.names import designations, galactic, nearest_neighbours
from processing.bandmerge.places import image_to_sky, places_of, sky_ellipse
from processing.bandmerge.unresolved import mark_unresolved
from processing.config import survey
from processing.formats.atlas_scan import along_scan, cross_scan, observed_at, scan_ends, side_edges
from processing.schema import BANDS, load_table

STEPS = {
    "ra": 6, "dec": 6, "err_maj": 2, "err_min": 2, "prox": 1, "x_scan": 1, "jdate": 4, "m": 3, "cmsig": 3, "msigcom": 3,
    "snr": 1, "psfchi": 2, "m_stdap": 3, "msig_stdap": 3,
}
"""Decimals to which the catalog lists its columns (bands: the name without the band)."""


@dataclass(frozen=True, eq=False)
class MergedField:
    """``merged``: the rows; ``confused``: band letter -> confused sources of its list; ``offsets``: band letter ->
    (x, y) arcsec that its positions were off."""

    merged: Merged
    confused: dict
    offsets: dict


def merge_field(field, sources):
    """Merge the band lists of a field (``sources``: band letter -> BandSources, in the order of the field's images)."""
    image = field.first
    scale = image.pixel_scale
    ny, nx = image.data.shape
    lists, offsets = without_offsets([places_of(found, scale) for found in sources.values()])
    merged = mark_unresolved(merge_bands(lists, nx * ny * scale**2), lists)
    bands = {band.letter: band for band in BANDS}
    confused = {b: confused_sources(found, field.images[b], bands[b], scale) for b, found in sources.items()}
    avoid = _confused_rows(merged, confused) | merged.ambiguous
    places = mean_places(lists, merged.index, avoid).widened(survey().merge.frame_floor)
    merged = Merged(merged.index, merged.unresolved, merged.ambiguous, places)
    return MergedField(merged, confused, dict(zip(sources, offsets)))


def catalog_columns(field, sources, merged_field):
    """All columns of the point source table as a dict name -> array (NaN or None = null), sorted by declination.

    Null stays what an Atlas Image cannot tell: keys, ndet, galaxies, asteroids, optical counterparts, duplicates.
    """
    merged, image = merged_field.merged, field.first
    x, y = (merged.places.xy / image.pixel_scale).T
    columns = dict.fromkeys(load_table("psc").names)
    columns |= _positions(image, merged, x, y)
    columns |= _from_bands(field, sources, merged_field, x, y)
    columns |= _observation(field, x, y, columns["dec"])
    columns |= _neighbours(columns["ra"], columns["dec"])
    order = np.lexsort([columns["ra"], columns["dec"]])
    columns = {name: _ordered(values, order) for name, values in columns.items()}
    columns["designation"] = designations(columns["ra"], columns["dec"])
    return columns


def _confused_rows(merged, confused):
    """bool (n, bands): the row's measurement in the band has a confusing neighbour."""
    columns = [np.append(flags, False)[index] for flags, index in zip(confused.values(), merged.index.T)]
    return np.column_stack(columns) & (merged.index >= 0)


def _positions(image, merged, x, y):
    ra, dec = image.sky_position(x, y)
    ra, dec = np.mod(np.round(ra, STEPS["ra"]), 360.0), np.round(dec, STEPS["dec"])
    major, minor, angle = sky_ellipse(merged.places.cov, image_to_sky(image.wcs, image.pixel_scale))
    glon, glat = galactic(ra, dec)
    return {
        "ra": ra, "dec": dec, "glon": glon, "glat": glat,
        "err_maj": np.round(major, STEPS["err_maj"]), "err_min": np.round(minor, STEPS["err_min"]),
        "err_ang": np.mod(np.rint(angle), 180).astype(int),
    }


def _from_bands(field, sources, merged_field, x, y):
    """Magnitudes and flags of the three bands; a band without an image is null."""
    merged, parts = merged_field.merged, []
    for band in BANDS:
        if band.letter not in sources:
            parts.append(no_band(len(merged)))
            continue
        k = list(sources).index(band.letter)
        rows = Rows(merged.index[:, k], merged.unresolved[:, k], merged.ambiguous[:, k],
                    merged_field.confused[band.letter])
        dx, dy = merged_field.offsets[band.letter] / field.first.pixel_scale
        parts.append(band_columns(sources[band.letter], field.images[band.letter], band, rows, x + dx, y + dy))
    numbers = {f"{band.letter}_{name}": np.round(part.numbers[name], STEPS[name])
               for band, part in zip(BANDS, parts) for name in NUMBERS}
    flags = ("ph_qual", "rd_flg", "bl_flg", "cc_flg")
    return numbers | {flag: np.array(["".join(c) for c in zip(*(getattr(p, flag) for p in parts))], "U3")
                      for flag in flags}


def _observation(field, x, y, dec):
    """Night, scan, coadd, time and the distances to the scan's edges."""
    image, n = field.first, len(x)
    jdate = observed_at(image, field.place, y)
    return {
        "hemis": np.full(n, image.hemis), "date": np.full(n, image.date), "scan": np.full(n, image.scan),
        "coadd": None if field.place.coadd is None else np.full(n, field.place.coadd),
        "x_scan": np.round(cross_scan(image, x), STEPS["x_scan"]),
        "jdate": None if jdate is None else np.round(jdate, STEPS["jdate"]),
    } | _edges(field, x, y)


def _edges(field, x, y):
    """Distance to the nearer edge along and across the scan and their letters, None where the edges are not known."""
    image, nothing = field.first, [None] * len(x)
    along, ends = along_scan(image, field.place, y), scan_ends(field.place)
    ns, ns_side = (nothing, nothing) if ends is None else _nearer(along, ends, "sn", ends)
    borders = cross_scan(image, [-0.5, image.data.shape[1] - 0.5])
    ew, ew_side = _nearer(cross_scan(image, x), side_edges(list(field.images.values())), "ew", borders)
    both = [a + b if a and b else None for a, b in zip(ns_side, ew_side)]
    return {"dist_edge_ns": ns, "dist_edge_ew": ew, "dist_edge_flg": both}


def _nearer(place, edges, letters, borders):
    """Whole arcsec to the nearer of two edges, and its letter: two lists, with None where it cannot be said.

    ``place`` (n,) and ``edges`` (two, None = cut off) are coordinates in arcsec. Where an edge is cut off, the distance
    to the other is certain to be the smaller one only for sources that are nearer to it than to the image's border
    there.
    """
    reach = np.array([np.abs(place - (border if edge is None else edge)) for edge, border in zip(edges, borders)])
    nearer = np.argmin(reach, axis=0)
    known = np.array([edge is not None for edge in edges])[nearer]
    distance = np.rint(reach.min(axis=0)).astype(int)
    return ([int(d) if ok else None for d, ok in zip(distance, known)],
            [letters[k] if ok else None for k, ok in zip(nearer, known)])


def _neighbours(ra, dec):
    distance, angle, _ = nearest_neighbours(ra, dec)
    alone = ~np.isfinite(distance)
    whole = np.mod(np.rint(np.where(alone, 0, angle)), 360).astype(int)
    return {"prox": np.round(distance, STEPS["prox"]),
            "pxpa": np.ma.masked_array(whole, alone | (distance == 0))}


def _ordered(values, order):
    if values is None:
        return [None] * len(order)
    return [values[i] for i in order] if isinstance(values, list) else values[order]
